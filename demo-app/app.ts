import { fileURLToPath } from 'node:url';
import express, { type Express, type RequestHandler } from 'express';
import {
  autoRefresh,
  type OAuthRouter,
  type OAuthSession,
  oauthErrorPage,
  requireLogin,
} from 'express-oauth-login';
import { addActions } from './actions.js';
import type { Feed } from './feed.js';
import { live } from './live.js';
import type { Choice } from './providers.js';
import { noteRenewals } from './renewals.js';
import { ownFormsOnly, ownHostsOnly, securityHeaders } from './security.js';
import { accountPage } from './views/account.js';
import { notFoundPage } from './views/not-found.js';
import { startPage } from './views/start.js';

/** What the demo is put together from. */
export interface DemoParts {
  readonly session: OAuthSession;
  readonly oauth: OAuthRouter;
  readonly providers: readonly Choice[];
  readonly feed: Feed;
  /** Where it is reached. */
  readonly origins: readonly string[];
  /** Where sessions are, in words. */
  readonly store: string;
  /** Seconds before the expiry from which on tokens are renewed in the background. */
  readonly leeway: number;
}

export function createApp(parts: DemoParts): Express {
  const { session, oauth, providers, feed, origins } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.use(ownHostsOnly(origins));
  app.use(securityHeaders(endSessionOrigins(providers)));
  app.use('/assets', express.static(fileURLToPath(new URL('public', import.meta.url)), { index: false }));
  app.get('/live', live(feed));

  app.use(session);
  app.use(oauth);
  app.use(ownFormsOnly, (_req, res, next) => {
    // What is shown depends on who is logged in, so no page is kept: not even for the back button after a logout.
    res.set('Cache-Control', 'no-store');
    next();
  });

  app.get('/', autoRefresh, (req, res) => {
    noteRenewals(req);
    res.type('html').send(String(startPage(req, parts)));
  });
  const account: RequestHandler = (req, res) => {
    noteRenewals(req);
    res.type('html').send(String(accountPage(req, parts)));
  };
  app.get('/account', requireLogin, account);
  for (const { name } of providers) app.get(`/account/${name}`, requireLogin({ provider: name }), account);
  app.get('/me', requireLogin, (req, res) => {
    res.json(req.oauth.user);
  });
  addActions(app, parts);

  app.use((_req, res) => {
    res
      .status(404)
      .type('html')
      .send(String(notFoundPage(parts)));
  });
  app.use(oauthErrorPage());
  return app;
}

function endSessionOrigins(providers: readonly Choice[]): string[] {
  const pages = providers.map(({ at }) => at.endpoints.endSession).filter((page) => page !== undefined);
  return pages.map((page) => new URL(page).origin);
}
