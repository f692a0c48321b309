import type { NextFunction, Request, Response } from 'express';
import { OptionReader } from '../config.js';
import { AuthorizationDeniedError, LoginRequiredError } from '../errors.js';
import { timeLeft } from '../tokens/token-set.js';
import {
  authorize,
  check,
  isRecent,
  isStrong,
  parseRules,
  type RequireLoginOptions,
  type Rules,
} from './login-rules.js';
import { isNavigation, isVisit, redirect, requestedPath, setAnswerHeaders } from './request-facts.js';
import { type RequestLogins, toLogin } from './request-logins.js';
import { loginsOf } from './request-oauth.js';
import type { SessionLogin } from './session-data.js';

/** Options of {@link autoRefresh}. */
export interface AutoRefreshOptions {
  /** The name of the provider. Default: all logins of the session. */
  provider?: string | undefined;
  /** From how many seconds before its expiry a token is refreshed in the background. Default: the router's `leeway`. */
  leeway?: number | undefined;
}

/** A guard, to be used bare or with options. */
export type Guard<Options> = GuardHandler & {
  (): GuardHandler;
  (options: Options): GuardHandler;
};

/** A request handler that leaves the types of the route's own parameters to the route. */
export type GuardHandler = (
  // biome-ignore lint/suspicious/noExplicitAny: whatever the route's parameters, query and body are
  req: Request<any, any, any, any, any>,
  // biome-ignore lint/suspicious/noExplicitAny: see above
  res: Response<any, any>,
  next: NextFunction,
) => void;

/** Whether a request passes. A request that need not wait goes on at once. */
type Verdict = true | Promise<boolean>;

/**
 * Lets only logged-in users with a good token pass. Works bare and configured.
 *
 * Without a login, a browser's navigation gets a 302 to the login, and anything else a 401 with the JSON
 * `{ error: "login_required", login_url }`. A login that lacks the scope, claim or check: `AuthorizationDeniedError`
 * (403). A token that has expired and cannot be renewed now: 502 or 503, and the login stays.
 *
 * @throws ConfigurationError at construction for wrong options.
 *
 * @example
 * app.get('/me', requireLogin, (req, res) => res.json(req.oauth.user));
 * app.get('/calls', requireLogin({ scope: 'calendar' }), handler);
 */
export const requireLogin: Guard<RequireLoginOptions> = guard(parseRules, protect);

/**
 * The refresh part of {@link requireLogin} alone, for routes where a login is optional. A login that has ended is no
 * longer there afterwards; a token that cannot be renewed now is an error, and the login stays.
 *
 * @example
 * app.get('/', autoRefresh, (req, res) => res.send(`Hello, ${req.oauth.user?.name ?? 'stranger'}`));
 * app.get('/drive', autoRefresh({ provider: 'pds', leeway: 300 }), handler);
 */
export const autoRefresh: Guard<AutoRefreshOptions> = guard(parseRefreshRules, refreshAll);

function guard<Options, Rules>(
  parse: (options: unknown) => Rules,
  handle: (rules: Rules, req: Request, res: Response) => Verdict,
): Guard<Options> {
  const create = (rules: Rules): GuardHandler => {
    return (req, res, next) => {
      let verdict: Verdict;
      try {
        verdict = handle(rules, req, res);
      } catch (error) {
        next(error);
        return;
      }
      if (verdict === true) {
        next();
        return;
      }
      verdict.then((passes) => {
        if (passes) next();
      }, next);
    };
  };
  const bare = create(parse({}));
  return ((...args: unknown[]) => {
    if (args.length === 3 && typeof args[2] === 'function') {
      return bare(args[0] as Request, args[1] as Response, args[2] as NextFunction);
    }
    // An `undefined` in the place of options is a guard that somebody forgot to configure.
    return args.length === 0 ? bare : create(parse(args[0]));
  }) as Guard<Options>;
}

function parseRefreshRules(options: unknown): AutoRefreshOptions {
  const read = new OptionReader('autoRefresh', options);
  const provider = read.optionalString('provider', 'give the name of a provider');
  const leeway = read.any('leeway') === undefined ? undefined : read.seconds('leeway', 0, 0);
  read.end();
  return { ...(provider !== undefined && { provider }), ...(leeway !== undefined && { leeway }) };
}

function protect(rules: Rules, req: Request, res: Response): Verdict {
  const logins = loginsOf(req);
  const found = logins.find(rules.provider);
  if (!found) return askToLogIn(req, res, rules.provider);
  const [provider, login] = found;
  if (isFresh(logins, provider, login)) return judge(rules, req, res, provider, login);
  return keepFresh(logins, provider, login).then((fresh) =>
    fresh ? judge(rules, req, res, provider, fresh) : askToLogIn(req, res, provider),
  );
}

/** Whether a login with a good token may pass. */
function judge(rules: Rules, req: Request, res: Response, provider: string, login: SessionLogin): Verdict {
  if (!isRecent(rules, login) || !isStrong(rules, login)) {
    return askForMore(rules, req, res, provider, login);
  }
  authorize(rules, login);
  return rules.check ? check(rules.check, toLogin(provider, login), req) : true;
}

async function refreshAll({ provider, leeway }: AutoRefreshOptions, req: Request): Promise<boolean> {
  const logins = loginsOf(req);
  const wanted = provider === undefined ? logins.entries() : [logins.find(provider)];
  await Promise.all(wanted.map((found) => found && keepFresh(logins, ...found, leeway)));
  return true;
}

/** Whether the session alone says that the login exists and that its token is good. */
function isFresh(
  logins: RequestLogins,
  provider: string,
  login: SessionLogin,
  leeway = logins.leeway(provider),
): boolean {
  return logins.trustsSession(provider) && timeLeft(login, Date.now()) > leeway * 1000;
}

/**
 * Makes sure that the login still exists and that its token is good. Nothing is read while the session says enough;
 * within the leeway the record tells whether the login has ended, the token still serves, and nobody waits for the refresh.
 *
 * @returns `undefined` when the login has ended.
 */
async function keepFresh(
  logins: RequestLogins,
  provider: string,
  inSession: SessionLogin,
  leeway = logins.leeway(provider),
): Promise<SessionLogin | undefined> {
  const login = logins.trustsSession(provider) ? inSession : await logins.verify(provider, inSession);
  if (!login) {
    await logins.forget(provider, inSession);
    return undefined;
  }
  const left = timeLeft(login, Date.now());
  if (left > leeway * 1000) return login;
  try {
    const { tokens } = await logins.obtain(provider, login, { leeway });
    return { ...login, scope: tokens.scope };
  } catch (error) {
    if (error instanceof LoginRequiredError) return undefined;
    if (left <= 0) throw error;
    // The token still serves. Events report a failure.
    return login;
  }
}

/** Has the user prove again who they are, as the rules demand. */
function askForMore(
  rules: Rules,
  req: Request,
  res: Response,
  provider: string,
  login: SessionLogin,
): Promise<false> {
  // A provider that promises nonces is a full OpenID Provider, and knows these parameters.
  const knows = loginsOf(req).client(provider).provider.idToken?.nonce === 'required';
  if (knows) {
    return askToLogIn(req, res, provider, {
      ...(rules.maxAge !== undefined && { max_age: String(rules.maxAge) }),
      ...(rules.acr.length > 0 && { acr_values: rules.acr.join(' ') }),
    });
  }
  if (isStrong(rules, login)) return askToLogIn(req, res, provider);
  throw new AuthorizationDeniedError(
    'insufficient_user_authentication',
    'This needs a stronger login than this provider offers.',
  );
}

/** Sends a person to the login, and tells a program where it is. */
async function askToLogIn(
  req: Request,
  res: Response,
  provider: string | undefined,
  params?: Record<string, string>,
): Promise<false> {
  const { oauth } = req;
  const which = provider === undefined ? {} : { provider };
  setAnswerHeaders(res);
  // A login that goes straight to the provider begins only with a person's visit, as on the login route itself.
  if (isNavigation(req) && (!params || isVisit(req))) {
    const returnTo = requestedPath(req);
    const login = { ...which, ...(returnTo !== undefined && { returnTo }) };
    if (params) await oauth.redirectToLogin({ ...login, params });
    else redirect(res, 302, oauth.loginUrl(login));
    return false;
  }
  const login_url = oauth.loginUrl(which);
  res.status(401).set('WWW-Authenticate', `Session realm="login", login_url="${login_url}"`);
  res.json({ error: 'login_required', login_url, ...params });
  return false;
}
