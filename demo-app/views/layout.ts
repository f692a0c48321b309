import type { DemoParts } from '../app.js';
import { type Html, html } from '../html.js';
import { panel } from './panel.js';

export interface Page {
  readonly title: string;
  readonly content: Html;
  /** Which entry of the navigation this page is. */
  readonly at?: '/' | '/account';
}

/** The frame of every page: navigation, the page itself, and beside it the panel that shows what happens. */
export function layout({ title, content, at }: Page, { feed, store }: DemoParts): Html {
  const link = (href: '/' | '/account', text: string) =>
    html`<li><a href="${href}"${at === href && html` aria-current="page"`}>${text}</a></li>`;
  return html`<!doctype html>
<html lang="en" data-now="${Date.now()}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · express-oauth-login</title>
<link rel="stylesheet" href="/assets/base.css">
<link rel="stylesheet" href="/assets/logins.css">
<link rel="stylesheet" href="/assets/panel.css">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<script type="module" src="/assets/demo.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<p class="brand">express-oauth-login <span>demo</span></p>
<nav aria-label="Pages"><ul>
${link('/', 'Start')}
${link('/account', 'Account')}
</ul></nav>
</header>
<div class="columns">
<main id="main" tabindex="-1">
${content}
</main>
${panel(feed, store)}
</div>
<p class="unseen" id="announcements" role="status"></p>
</body>
</html>
`;
}
