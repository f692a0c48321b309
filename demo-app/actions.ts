import type { Express, Request, Response } from 'express';
import { requireLogin } from 'express-oauth-login';
import type { DemoParts } from './app.js';
import { noteRenewals, renewalsOf } from './renewals.js';
import { apiAnswerPage } from './views/api-answer.js';

/** What the buttons do. Each works as a plain form too; the browser script asks for JSON instead. */
export function addActions(app: Express, parts: DemoParts): void {
  for (const { at, title } of parts.providers) {
    const { name } = at;
    const guard = requireLogin({ provider: name });

    app.get(`/call/${name}`, guard, async (req, res) => {
      noteRenewals(req);
      const answer = await req.oauth.fetch(at.api, undefined, { provider: name });
      noteRenewals(req);
      const result = { status: answer.status, body: (await answer.json()) as unknown };
      if (wantsJson(req)) res.json({ ...result, login: status(req, name) });
      else res.type('html').send(String(apiAnswerPage({ title, api: at.api, ...result }, parts)));
    });

    // Nobody can turn a provider's clock; but it can refuse what it has issued, as one does that revokes early.
    app.post(`/expire/${name}`, guard, (req, res) => {
      at.expireAccessTokens();
      done(req, res, { provider: name });
    });

    app.post(`/logout/${name}`, async (req, res) => {
      const { redirectTo } = await req.oauth.logout({ provider: name });
      res.redirect(303, redirectTo);
    });
  }

  /** How long the tokens live. Asking is using: a token that is about to expire is renewed. */
  app.get('/status', requireLogin, async (req, res) => {
    noteRenewals(req);
    await Promise.all(req.oauth.logins.map(({ provider }) => req.oauth.getTokens({ provider })));
    noteRenewals(req);
    res.json({ logins: req.oauth.logins.map(({ provider }) => status(req, provider)) });
  });
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
