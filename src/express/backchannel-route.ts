import express, { type Request, type Response, type Router } from 'express';
import { isPlainObject } from '../config.js';
import { ConfigurationError, isOAuthLoginError, retryAfter } from '../errors.js';
import { takeLogoutToken } from '../logout/backchannel.js';
import type { ProviderClient } from '../wire/client.js';
import { LogoutTokenError } from '../wire/logout-token.js';
import { forProvider, notFound } from './login-routes.js';
import { setAnswerHeaders } from './request-facts.js';
import type { Runtime } from './runtime.js';

/** More than any logout token needs. */
const LIMIT = '32kb';

/**
 * `POST /backchannel-logout/:provider` [OpenID Connect Back-Channel Logout 1.0, 2.5 and 2.8]: from the provider's
 * server, so without a cookie or a session. It needs no defence against cross-site requests: the token is signed.
 */
export function addBackchannelRoute(router: Router, runtime: Runtime): void {
  const path = `${runtime.config.basePath}/backchannel-logout/:provider`;
  const form = express.text({ type: 'application/x-www-form-urlencoded', limit: LIMIT });

  const take = forProvider(runtime, (client, req, res, next) => {
    setAnswerHeaders(res);
    if (!client.provider.idToken) {
      notFound(res, 'This provider signs no tokens.');
      return;
    }
    form(req, res, (error?: unknown) => {
      const token = error === undefined ? readToken(req.body) : undefined;
      if (token === undefined) {
        refuse(res, 'The request must be a form with exactly one logout_token.');
        return;
      }
      logOut(runtime, client, req, res, token).catch(next);
    });
  });
  router.post(path, take);
}

async function logOut(runtime: Runtime, client: ProviderClient, req: Request, res: Response, token: string) {
  try {
    await takeLogoutToken(runtime.services(req).logout, client, token);
    res.status(200).end();
  } catch (error) {
    if (error instanceof LogoutTokenError) {
      // What a stranger made up is no news; what the provider signed and we must refuse is.
      if (error.signed && !error.replayed) {
        const provider = client.provider.name;
        runtime.emit({ type: 'alert', provider, outcome: 'backchannel', error: 'logout_token_invalid' });
      }
      refuse(res, error.message);
      return;
    }
    if (!isOAuthLoginError(error) || error instanceof ConfigurationError) throw error;
    // Nothing is known about the token, or not all of its logins were ended: the provider may send it again.
    res.set({ ...retryAfter(1000), ...error.headers });
    res.status(503).json({ error: 'temporarily_unavailable' });
  }
}

/** The one `logout_token` of a form, even where the app has parsed it already. Other parameters are ignored [2.5]. */
function readToken(body: unknown): string | undefined {
  const tokens =
    typeof body === 'string'
      ? new URLSearchParams(body).getAll('logout_token')
      : [isPlainObject(body) ? body.logout_token : undefined];
  const [token, ...others] = tokens;
  return typeof token === 'string' && token !== '' && others.length === 0 ? token : undefined;
}

/** @param description our own words: nothing of the request may be echoed. */
function refuse(res: Response, description: string): void {
  res.status(400).json({ error: 'invalid_request', error_description: description });
}
