import escapeHtml from 'escape-html';
import type { Response } from 'express';
import { renderPage } from '../page.js';

/** Sends one of our own pages. */
export function sendPage(
  res: Response,
  status: number,
  title: string,
  body: string,
  more: Record<string, string> = {},
): void {
  const { html, headers } = renderPage(title, body);
  res.status(status).set(headers).set(more).type('html').send(html);
}

/** The page on which a user chooses one of several providers. */
export function chooserPage(res: Response, choices: readonly { title: string; url: string }[]): void {
  const items = choices.map(
    ({ title, url }) => `<li><a class="button" href="${escapeHtml(url)}">${escapeHtml(title)}</a></li>`,
  );
  sendPage(res, 200, 'Log in', `<p>Choose how to log in.</p>\n<ul>\n${items.join('\n')}\n</ul>`);
}

/** The page that asks whether a logout is meant, when the request for it may come from another site. */
export function confirmLogoutPage(res: Response, action: string, stay: string): void {
  sendPage(
    res,
    200,
    'Log out?',
    `<p>You are about to log out of this app.</p>\n<form method="post" action="${escapeHtml(action)}">\n<ul>\n<li><button class="primary" type="submit">Log out</button></li>\n<li><a class="button" href="${escapeHtml(stay)}">Stay logged in</a></li>\n</ul>\n</form>`,
    // Under `no-referrer` browsers send `Origin: null`, and those without Fetch Metadata could not show that they come
    // from here.
    { 'Referrer-Policy': 'same-origin' },
  );
}

/** The page for an error; `message` is ours, never what a browser or a provider sent. */
export function errorPage(
  res: Response,
  status: number,
  {
    title,
    message,
    code,
    retryUrl,
  }: { title: string; message: string; code: string; retryUrl: string | undefined },
): void {
  const retry =
    retryUrl === undefined
      ? ''
      : `\n<ul>\n<li><a class="button primary" href="${escapeHtml(retryUrl)}">Try again</a></li>\n</ul>`;
  sendPage(
    res,
    status,
    title,
    `<p>${escapeHtml(message)}</p>\n<p><code>${escapeHtml(code)}</code></p>${retry}`,
  );
}
