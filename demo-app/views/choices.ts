import type { Request } from 'express';
import { type Html, html } from '../html.js';
import { type Choice, groups } from '../providers.js';

/** All ways to log in, group by group. */
export function choiceList(req: Request, providers: readonly Choice[]): Html {
  const sections = groups.map((group, index) => {
    const items = providers
      .filter((choice) => choice.group === group)
      .map(
        (choice) =>
          html`<li><a href="${loginUrl(req, choice)}"><strong><span class="unseen">Log in with </span>${choice.title}</strong> <span class="note">${choice.note}</span></a></li>`,
      );
    const heading = `group-${index}`;
    return html`<section aria-labelledby="${heading}"><h2 id="${heading}">${group}</h2><ul>${items}</ul></section>`;
  });
  return html`<div class="choices">${sections}</div>`;
}

/** The ways that are left, in brief. */
export function linkList(req: Request, providers: readonly Choice[]): Html {
  const items = providers.map(
    (choice) =>
      html`<li><a href="${loginUrl(req, choice)}"><span class="unseen">Link </span>${choice.title}</a></li>`,
  );
  return html`<ul class="links">${items}</ul>`;
}

/** Where the app itself says who its user is. */
export function vouchCard({ name, note, users = [] }: Choice): Html {
  const options = users.map((user) => html`<option value="${user.id}">${user.name} (${user.note})</option>`);
  return html`<section class="card" aria-labelledby="vouch-${name}">
<header><h2 id="vouch-${name}">Vouch for a user</h2><p class="subtitle">Alibaba PDS, JWT app</p></header>
<p>${note} In code: <code>req.oauth.loginWithAssertion</code>.</p>
<form class="vouch" method="post" action="/vouch/${name}">
<label for="vouch-user-${name}">User of this app</label>
<select id="vouch-user-${name}" name="user">${options}</select>
<button>Vouch and log in</button>
</form>
</section>`;
}

function loginUrl(req: Request, { name }: Choice): string {
  return req.oauth.loginUrl({ provider: name, returnTo: '/' });
}
