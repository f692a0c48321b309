import type { Request } from 'express';
import type { DemoParts } from '../app.js';
import { type Html, html } from '../html.js';
import { choiceList, linkList, vouchCard } from './choices.js';
import { layout } from './layout.js';
import { loginCard } from './login-card.js';

/** The start page: the ways to log in, or the logins that there are. */
export function startPage(req: Request, parts: DemoParts): Html {
  const content = req.oauth.loggedIn ? loggedIn(req, parts) : loggedOut(req, parts);
  return layout({ title: req.oauth.loggedIn ? 'Logged in' : 'Log in', content, at: '/' }, parts);
}

function loggedOut(req: Request, { providers }: DemoParts): Html {
  return html`<h1>Log in</h1>
<p class="lead">Choose a provider. They are stand-ins that run on this machine, so there is no account to make and no
password to type.</p>
${choiceList(
  req,
  providers.filter(({ users }) => users === undefined),
)}
${providers.filter(({ users }) => users !== undefined).map(vouchCard)}
<section aria-labelledby="try-heading">
<h2 id="try-heading">Then try this</h2>
<ol class="steps">
<li>Call the provider’s API. The middleware attaches the token.</li>
<li>Let the token expire, and call again. It is renewed, and you notice nothing.</li>
<li>Expire it at the provider, and call again: a 401, a renewal, and the answer.</li>
<li>Link a second provider to the same session.</li>
<li>Log out, and see the tokens revoked.</li>
</ol>
</section>`;
}

function loggedIn(req: Request, { providers, leeway }: DemoParts): Html {
  const { logins, user } = req.oauth;
  const single = logins.length === 1;
  const cards = providers.flatMap((choice) => {
    const login = req.oauth.login(choice.name);
    return login ? [loginCard(req, { login, choice, leeway, single })] : [];
  });
  const others = providers.filter(({ name }) => req.oauth.login(name) === undefined);
  const linkable = others.filter(({ users }) => users === undefined);
  return html`<h1>Hello, ${user?.name ?? user?.sub}</h1>
<p class="lead">You are logged in${!single && ` at ${logins.length} providers`}. Your tokens stay on the server.</p>
${cards}
${
  linkable.length > 0 &&
  html`<section aria-labelledby="link-heading">
<h2 id="link-heading">Link another login</h2>
${linkList(req, linkable)}
</section>`
}
${others.filter(({ users }) => users !== undefined).map(vouchCard)}
<form class="logout" method="post" action="/auth/logout"><button>Log out</button></form>`;
}
