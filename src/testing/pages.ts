import { createHash } from 'node:crypto';
import escapeHtml from 'escape-html';

import type { Answer } from './http.js';
import type { LabUser } from './types.js';

const css = `
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6478; --paper: #fff; --ground: #eef1f6; --line: #ccd3e0;
  --edge: #7f8aa0; --accent: #1f5fd1; --on-accent: #fff; --note: #fff4d6; --on-note: #5c4400; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9edf5; --soft: #a5afc3; --paper: #1b2130; --ground: #10141d; --line: #3a4459;
    --edge: #75819c; --accent: #8ab4ff; --on-accent: #0c1a33; --note: #3d3312; --on-note: #ffe7a3; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: .75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.25; }
p { margin: 0 0 1rem; color: var(--soft); }
.lab { padding: .5rem .75rem; background: var(--note); color: var(--on-note); border-radius: .5rem; font-size: .875rem; }
ul { margin: 0 0 1.5rem; padding: 0 0 0 1.25rem; }
form { display: grid; gap: .75rem; margin: 0; }
button { width: 100%; min-height: 2.75rem; padding: .625rem 1rem; text-align: start; font: inherit; color: inherit;
  background: none; border: 1px solid var(--edge); border-radius: .5rem; cursor: pointer; }
button:hover { border-color: var(--accent); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
button.plain { text-align: center; }
small { display: block; color: var(--soft); }
`;

// No form-action: a browser would hold the redirect to the client, which follows a form, against it.
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(css).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What every page of a provider tells: whose it is, and that it is not the real one. */
export interface Page {
  /** The name of the provider. */
  readonly title: string;
  readonly status?: number;
}

/** Where a form goes, and what it carries along. */
export interface PageForm {
  readonly action: string;
  readonly hidden?: Readonly<Record<string, string>>;
}

/** The headers that go with every page. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Asks who is there: one button for each user of the lab. */
export function loginPage(page: Page & PageForm & { users: readonly LabUser[] }): Answer {
  const buttons = page.users.map(
    (user) => `<button name="user" value="${escapeHtml(user.id)}">
<strong>${escapeHtml(user.name)}</strong> <small>${escapeHtml(user.note)}</small></button>`,
  );
  return render(
    page,
    'Sign in',
    `<p>Choose who you are. There are no passwords here.</p>${form(page, buttons)}`,
  );
}

/** Asks a user whether a client may have what it asks for. */
export function consentPage(
  page: Page & PageForm & { client: string; user: LabUser; scopes: readonly string[] },
): Answer {
  const scopes = page.scopes.map((scope) => `<li>${escapeHtml(scope)}</li>`).join('');
  return render(
    page,
    'Allow access?',
    `<p>The app <strong>${escapeHtml(page.client)}</strong> asks you, ${escapeHtml(page.user.name)}, for:</p>
<ul>${scopes}</ul>
${form(page, [
  '<button class="main plain" name="decision" value="approve">Allow</button>',
  '<button class="plain" name="decision" value="deny">Deny</button>',
])}`,
  );
}

/** Asks a user whether to sign out here too. */
export function signOutPage(page: Page & PageForm): Answer {
  const buttons = [
    '<button class="main plain" name="logout" value="yes">Sign out</button>',
    '<button class="plain">Stay signed in</button>',
  ];
  return render(page, 'Sign out?', `<p>You are signed in here too.</p>${form(page, buttons)}`);
}

/** Tells something, such as what was wrong with a request. */
export function messagePage(page: Page & { heading: string; message: string }): Answer {
  return render(page, page.heading, `<p>${escapeHtml(page.message)}</p>`);
}

function form({ action, hidden = {} }: PageForm, buttons: readonly string[]): string {
  const fields = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  return `<form method="post" action="${escapeHtml(action)}">${[...fields, ...buttons].join('\n')}</form>`;
}

function render({ title, status = 200 }: Page, heading: string, content: string): Answer {
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(heading)} · ${escapeHtml(title)}</title>
<style>${css}</style>
</head>
<body>
<main>
<p class="lab">${escapeHtml(title)}: a local stand-in for tests, not the real provider.</p>
<h1>${escapeHtml(heading)}</h1>
${content}
</main>
</body>
</html>
`;
  return { status, headers: pageHeaders, body };
}
