import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { Provider } from '../provider.js';
import { addBackchannelRoute } from './backchannel-route.js';
import { addLoginRoutes } from './login-routes.js';
import { addLogoutRoutes } from './logout-routes.js';
import { type OAuthRouterOptions, parseRouterOptions } from './options.js';
import { mountPath, setAnswerHeaders } from './request-facts.js';
import { loginsOf, openLogins } from './request-oauth.js';
import { createRuntime, type Runtime } from './runtime.js';
import { endLoginsWithSession } from './session-logins.js';
import type { LoginSession, UserOfProvider } from './types.js';
import { logoutUser, sessionsOf } from './user-sessions.js';

/** The router, and a way to end what it holds open. */
export interface OAuthRouter extends Router {
  /** Resolves when no refresh is in flight and the Redis connection, if it was made here, is closed. */
  close(): Promise<void>;
  /**
   * The sessions of any user, for administrators: on all devices, the newest first.
   *
   * @throws ConfigurationError for an unknown provider; and before the first request in a process with several session
   *   middlewares, since only a request shows which of them is this router's.
   * @throws StoreUnavailableError
   *
   * @example
   * const sessions = await router.sessionsOf({ provider: 'example', sub: '248289761001' });
   */
  sessionsOf(user: UserOfProvider): Promise<LoginSession[]>;
  /**
   * Ends all sessions of a user, as `req.oauth.logout({ everywhere: true })` does for the user's own: for instance of
   * one whom `onLogin` refuses from now on. Throws as `sessionsOf`; after a failure the same call finishes the rest.
   *
   * @returns how many were ended.
   *
   * @example
   * const count = await router.logoutUser({ provider: 'example', sub: '248289761001' });
   */
  logoutUser(user: UserOfProvider): Promise<number>;
}

/**
 * The router to mount at the app's root, behind the session middleware: it serves login, callback, logout and session
 * under `basePath`, and gives every request `req.oauth`.
 *
 * @param providers one provider, or a list of them.
 * @throws ConfigurationError naming the option and the fix.
 *
 * @example
 * app.use(oauthRouter(oidc({ name: 'example', issuer: 'https://id.example.com', clientId: '…', clientSecret: '…' })));
 */
export function oauthRouter(
  providers: Provider | readonly Provider[],
  options: OAuthRouterOptions = {},
): OAuthRouter {
  const runtime = createRuntime(parseRouterOptions(providers, options));
  const router = express.Router();
  addLoginRoutes(router, runtime);
  addLogoutRoutes(router, runtime);
  addBackchannelRoute(router, runtime);
  addSessionRoute(router, runtime);
  refuseOtherMethods(router, runtime);
  attachFirst(router, runtime);
  return Object.assign(router, {
    close: () => runtime.close(),
    sessionsOf: (user: UserOfProvider) => sessionsOf(runtime, user),
    logoutUser: (user: UserOfProvider) => logoutUser(runtime, user),
  });
}

/**
 * Most requests are not for the router: they get their `req.oauth` and go on, without Express comparing each of our
 * routes with them, and without the turn of the event loop that leaving a router costs.
 */
function attachFirst(router: Router, runtime: Runtime): void {
  const routes = router as unknown as { stack: unknown[]; handle: RequestHandler };
  const handle = routes.handle.bind(router);
  const ours = routes.stack.length;
  // Express, too, ignores case.
  const prefix = runtime.config.basePath.toLowerCase();
  routes.handle = (req, res, next) => {
    try {
      attach(runtime, req, res);
    } catch (error) {
      next(error);
      return;
    }
    // The app may have added routes to our router.
    if (mayBeOurs(req.url, prefix) || routes.stack.length > ours) handle(req, res, next);
    else next();
  };
}

/** Whether a request target may be under the prefix. Those that proxies get are whole URLs [RFC 9112 3.2.2]. */
function mayBeOurs(target: string, prefix: string): boolean {
  return !target.startsWith('/') || target.slice(0, prefix.length).toLowerCase() === prefix;
}

/** Gives the request its `req.oauth`, which does nothing until it is asked. */
function attach(runtime: Runtime, req: Request, res: Response): void {
  const services = runtime.services(req);
  if (!services.trustsSession) endLoginsWithSession(req, services);
  openLogins(req, res).attach({ runtime, services, mountPath: mountPath(req) });
}

/** `GET /session`, for single-page apps. */
function addSessionRoute(router: Router, { config }: Runtime): void {
  router.get(`${config.basePath}/session`, (req, res, next) => {
    setAnswerHeaders(res);
    loginsOf(req)
      .verifiedLogins()
      .then((logins) => {
        res.json({ loggedIn: logins.length > 0, user: logins[0]?.user ?? null, logins });
      })
      .catch(next);
  });
}

/** A method that a route does not know is answered here, and does not fall through to the app. */
function refuseOtherMethods(router: Router, { config }: Runtime): void {
  const allowed = {
    '/login': 'GET, HEAD',
    '/login/:provider': 'GET, HEAD',
    '/callback/:provider': 'GET, HEAD, POST',
    '/logout': 'GET, HEAD, POST',
    '/backchannel-logout/:provider': 'POST',
    '/session': 'GET, HEAD',
  };
  for (const [path, methods] of Object.entries(allowed)) {
    router.all(config.basePath + path, (req, res) => {
      setAnswerHeaders(res);
      res.set('Allow', methods);
      res.status(req.method === 'OPTIONS' ? 204 : 405).end();
    });
  }
}
