import { createHash } from 'node:crypto';
import escapeHtml from 'escape-html';
import type { Response } from 'express';

const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#57606a;--line:#d0d7de;--accent:#0b57d0;--on-accent:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#9198a1;--line:#3d444d;--accent:#a8c7fa;--on-accent:#062e6f}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{width:100%;max-width:26rem}
h1{font-size:1.375rem;line-height:1.3;margin:0 0 .5rem}
p{margin:0 0 1.25rem;color:var(--soft)}
ul{list-style:none;margin:0;padding:0;display:grid;gap:.625rem}
a.button,button{display:block;width:100%;padding:.75rem 1rem;border:1px solid var(--line);border-radius:.5rem;font:inherit;text-align:center;text-decoration:none;color:inherit;background:transparent;cursor:pointer}
.primary{border-color:var(--accent)!important;background:var(--accent)!important;color:var(--on-accent)!important}
a.button:hover,button:hover{border-color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
code{font-size:.875rem}
`;

const styleHash = createHash('sha256').update(style).digest('base64');

/**
 * Sends one of our own pages: no script, no frame, no cache, no referrer, and nothing loaded from anywhere. No
 * form-action: browsers hold the redirect that follows a form against it, and a logout may end at the provider.
 */
export function sendPage(res: Response, status: number, title: string, body: string): void {
  res
    .status(status)
    .set({
      'Cache-Control': 'no-store',
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; frame-ancestors 'none'`,
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
    })
    .type('html')
    .send(
      `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>${escapeHtml(title)}</title>\n<style>${style}</style>\n</head>\n<body>\n<main>\n<h1>${escapeHtml(title)}</h1>\n${body}\n</main>\n</body>\n</html>\n`,
    );
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
