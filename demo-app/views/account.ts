import type { Request } from 'express';
import type { DemoParts } from '../app.js';
import { type Html, html } from '../html.js';
import { layout } from './layout.js';

/** A page that only logged-in users get to see: what the providers say about the user. */
export function accountPage(req: Request, parts: DemoParts): Html {
  const titleOf = (name: string) => parts.providers.find((choice) => choice.name === name)?.title ?? name;
  const sections = req.oauth.logins.map(({ provider, user, loggedInAt }) => {
    const rows = Object.entries(user.claims).map(
      ([name, value]) =>
        html`<div><dt>${name}</dt><dd>${typeof value === 'string' ? value : JSON.stringify(value)}</dd></div>`,
    );
    return html`<section class="card" aria-labelledby="account-${provider}">
<header>
<h2 id="account-${provider}">${titleOf(provider)}</h2>
<p class="subtitle">since <time datetime="${new Date(loggedInAt).toISOString()}">${new Date(loggedInAt).toISOString().slice(11, 19)}</time></p>
</header>
<dl class="facts">${rows}</dl>
</section>`;
  });
  const content = html`<h1>Your account</h1>
<p class="lead">This page is guarded by <code>requireLogin</code>: whoever is not logged in is sent to the login, and
comes back here. It shows what the providers say about you.</p>
${sections}
<form class="logout" method="post" action="/auth/logout"><button>Log out</button></form>`;
  return layout({ title: 'Your account', content, at: '/account' }, parts);
}
