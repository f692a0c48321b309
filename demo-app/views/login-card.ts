import type { Request } from 'express';
import type { Login } from 'express-oauth-login';
import { type Html, html } from '../html.js';
import type { Choice } from '../providers.js';
import { renewalsOf } from '../renewals.js';

export interface Card {
  readonly login: Login;
  readonly choice: Choice;
  /** Seconds before the expiry from which on the token is renewed in the background. */
  readonly leeway: number;
  /** Whether it is the only login of the session. */
  readonly single: boolean;
}

/** One login: who it is, how long the token lives, and what can be done with it. */
export function loginCard(req: Request, { login, choice, leeway, single }: Card): Html {
  const { provider, user, scope } = login;
  const { title, at, endsWithToken = false, revokes } = choice;
  const heading = `login-${provider}`;
  const lifetime = at.settings.accessTokenLifetime;
  return html`<section class="card" aria-labelledby="${heading}" data-provider="${provider}" data-leeway="${leeway}" data-lifetime="${lifetime}"${endsWithToken && html` data-ends-with-token`}>
<header>
<h2 id="${heading}">${title}</h2>
<p class="subtitle">${user.name ?? user.sub}</p>
</header>
<dl class="facts">
<div><dt>Subject</dt><dd><code>${user.sub}</code></dd></div>
${user.email !== undefined && html`<div><dt>Email</dt><dd>${user.email}</dd></div>`}
${scope.length > 0 && html`<div><dt>Scope</dt><dd>${scope.join(' ')}</dd></div>`}
${endsWithToken && html`<div><dt>Renewal</dt><dd>None: there is no refresh token, so the login ends with its token. A page that needs it then <a href="/account/${provider}">logs you in again by itself</a>.</dd></div>`}
${!revokes && html`<div><dt>Revocation</dt><dd>None: after a logout the tokens are forgotten here, and die at the provider when they expire.</dd></div>`}
</dl>
${life(login, endsWithToken, renewalsOf(req, provider))}
<div class="actions">
<form action="/call/${provider}" data-action="call"><button class="main">Call the API</button></form>
<form method="post" action="/expire/${provider}" data-action="expire"><button>Expire it at the provider</button></form>
${!single && html`<form method="post" action="/logout/${provider}"><button>End this login</button></form>`}
</div>
<div class="result" hidden><p></p><pre></pre></div>
</section>`;
}

function life({ expiresAt }: Login, endsWithToken: boolean, renewals: number): Html {
  const renewed = html`<span class="renewals" data-renewals="${renewals}">${!endsWithToken && renewedText(renewals)}</span>`;
  if (expiresAt === undefined)
    return html`<p class="life">The provider does not say how long the token lives. ${renewed}</p>`;
  const left = Math.max(0, Math.ceil((expiresAt - Date.now()) / 1000));
  const after = endsWithToken ? 'This login has ended.' : 'The next request renews it first.';
  return html`<div class="life" data-expires-at="${expiresAt}">
<p><span class="countdown">${left > 0 ? `Token good for ${left} s` : 'Token expired'}</span> ${renewed}</p>
<div class="bar" aria-hidden="true"><span></span></div>
<p class="next">${left > 0 ? 'Requests use it as it is.' : after}</p>
</div>`;
}

function renewedText(times: number): string {
  return times === 1 ? 'renewed once' : times === 0 ? 'not renewed yet' : `renewed ${times} times`;
}
