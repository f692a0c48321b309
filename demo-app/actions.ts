import express, { type Express, type Request, type Response } from 'express';
import { autoRefresh, requireLogin } from 'express-oauth-login';
import type { DemoParts } from './app.js';
import type { Choice } from './providers.js';
import { noteRenewals, renewalsOf } from './renewals.js';
import { apiAnswerPage } from './views/api-answer.js';

/** What the buttons do. Each works as a plain form too; the browser script asks for JSON instead. */
export function addActions(app: Express, parts: DemoParts): void {
  for (const choice of parts.providers) {
    const { name, at, users } = choice;
    const guard = requireLogin({ provider: name });

    app.get(`/call/${name}`, guard, async (req, res) => {
      noteRenewals(req);
      const result = await callApi(req, choice);
      noteRenewals(req);
      if (wantsJson(req)) res.json({ ...result, login: status(req, name) });
      else res.type('html').send(String(apiAnswerPage({ ...choice, ...result }, parts)));
    });

    // Nobody can turn a provider's clock; but it can refuse what it has issued, as one does that revokes early.
    app.post(`/expire/${name}`, guard, (req, res) => {
      at.expireAccessTokens();
      done(req, res, { provider: name, message: afterExpiry(choice) });
    });

    app.post(`/logout/${name}`, async (req, res) => {
      const { redirectTo } = await req.oauth.logout({ provider: name });
      res.redirect(303, redirectTo);
    });

    if (users === undefined) continue;
    // A real app has asked its user for a password, or for whatever it takes, before it vouches for them.
    app.post(`/vouch/${name}`, express.urlencoded({ limit: '1kb' }), async (req, res, next) => {
      const { user: wanted } = (req.body ?? {}) as { user?: unknown };
      const user = users.find(({ id }) => id === wanted);
      if (user === undefined) return next();
      await req.oauth.loginWithAssertion(name, { sub: String(user.claims.user_id) });
      res.redirect(303, '/');
    });
  }

  /** How long the tokens live. Asking is using: a token that is about to expire is renewed. */
  app.get('/status', autoRefresh, async (req, res) => {
    noteRenewals(req);
    await Promise.all(req.oauth.logins.map(({ provider }) => req.oauth.getTokens({ provider })));
    noteRenewals(req);
    res.json({ logins: req.oauth.logins.map(({ provider }) => status(req, provider)) });
  });
}

/** Calls the provider's API. The middleware attaches the token where this provider wants it, and renews it after a 401. */
async function callApi(req: Request, { name, at, call, refuses }: Choice) {
  const which = { provider: name };
  const ask = async () => {
    const answer = await req.oauth.fetch(at.api, call, which);
    return { status: answer.status, body: (await answer.json()) as unknown };
  };
  const result = await ask();
  if (!refuses?.(result.body)) return result;
  // Where a refusal looks like success, the app alone can tell.
  await req.oauth.getAccessToken({ ...which, forceRefresh: true });
  return ask();
}

function afterExpiry({ endsWithToken, refuses }: Choice): string {
  if (endsWithToken) return 'Call the API: 401, and nothing to renew the token with.';
  if (refuses)
    return 'Call the API: 200, but an error in it. So the app has the token renewed, and calls again.';
  return 'Call the API: 401, renewed, called again.';
}

function status(req: Request, provider: string) {
  return {
    provider,
    expiresAt: req.oauth.login(provider)?.expiresAt ?? null,
    renewals: renewalsOf(req, provider),
  };
}

function done(req: Request, res: Response, answer: object): void {
  if (wantsJson(req)) res.json(answer);
  else res.redirect(303, '/');
}

function wantsJson(req: Request): boolean {
  return req.accepts(['html', 'json']) === 'json';
}
