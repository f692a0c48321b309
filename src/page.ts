import { createHash } from 'node:crypto';
import escapeHtml from 'escape-html';

const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#57606a;--line:#818b98;--accent:#0b57d0;--on-accent:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#9198a1;--line:#656c76;--accent:#a8c7fa;--on-accent:#062e6f}}
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

/** What every answer about a login has: it is for no cache, tells nobody where it was, and is what it says it is. */
export const answerHeaders = Object.freeze({
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
});

/**
 * One of our own pages, and the headers that belong to it: no script, no frame, no cache, no referrer, and nothing
 * loaded from anywhere. No form-action: browsers hold the redirect that follows a form against it, and a logout may end
 * at the provider.
 *
 * @param body HTML; whatever is dynamic in it is escaped already.
 */
export function renderPage(title: string, body: string): { html: string; headers: Record<string, string> } {
  return {
    headers: {
      ...answerHeaders,
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; frame-ancestors 'none'`,
      'X-Frame-Options': 'DENY',
    },
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`,
  };
}
