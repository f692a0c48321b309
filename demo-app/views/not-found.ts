import type { DemoParts } from '../app.js';
import { type Html, html } from '../html.js';
import { layout } from './layout.js';

export function notFoundPage(parts: DemoParts): Html {
  const content = html`<h1>There is no such page</h1>
<p class="lead"><a href="/">Back to the start</a></p>`;
  return layout({ title: 'Not found', content }, parts);
}
