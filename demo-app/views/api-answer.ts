import type { DemoParts } from '../app.js';
import { type Html, html } from '../html.js';
import type { Choice } from '../providers.js';
import { layout } from './layout.js';

export interface ApiAnswer extends Pick<Choice, 'title' | 'at' | 'call'> {
  readonly status: number;
  readonly body: unknown;
}

/** The answer of a provider's API as a page of its own, for browsers without the script. */
export function apiAnswerPage({ title, at, call, status, body }: ApiAnswer, parts: DemoParts): Html {
  const content = html`<h1>${title} answered ${status}</h1>
<p class="lead"><code>${call?.method ?? 'GET'} ${at.api}</code>, with the token attached by <code>req.oauth.fetch</code>.</p>
<pre>${JSON.stringify(body, null, 2)}</pre>
<p><a href="/">Back to the start</a></p>`;
  return layout({ title: 'The API’s answer', content }, parts);
}
