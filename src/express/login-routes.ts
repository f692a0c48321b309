import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import {
  AuthorizationDeniedError,
  ConfigurationError,
  isOAuthLoginError,
  OAuthLoginError,
  TransactionError,
} from '../errors.js';
import { hashLoginId } from '../events.js';
import { parseCallback } from '../login/callback.js';
import { finishLogin } from '../login/login.js';
import { parseReturnTo } from '../login/return-to.js';
import type { ProviderClient } from '../wire/client.js';
import { acceptLogin } from './accept-login.js';
import { readBrowser } from './browser-cookie.js';
import { chooserPage } from './pages.js';
import { isForPage, isPrefetch, noStore, publicOrigin } from './request-facts.js';
import type { Runtime } from './runtime.js';

/** More than any provider posts. */
const POST_LIMIT = '32kb';

/** `GET /login`, `GET /login/:provider` and the callback. */
export function addLoginRoutes(router: Router, runtime: Runtime): void {
  const { config } = runtime;

  /** Only a person's own navigation may begin a login. */
  const navigationOnly = (req: Request, res: Response, next: NextFunction) => {
    noStore(res);
    if (req.method === 'HEAD') {
      res.status(204).end();
    } else if (isPrefetch(req) || !isForPage(req)) {
      next(new AuthorizationDeniedError('navigation_required', 'A login begins with a visit of this page.'));
    } else {
      next();
    }
  };

  const begin = async (req: Request, provider: string) => {
    const returnTo = oneOf(req.query.returnTo);
    await req.oauth.redirectToLogin({ provider, ...(returnTo !== undefined && { returnTo }) });
  };

  router.get(`${config.basePath}/login`, navigationOnly, async (req, res, next) => {
    try {
      const [only, ...more] = config.providers;
      if (only && more.length === 0) return await begin(req, only.name);
      const returnTo = parseReturnTo(oneOf(req.query.returnTo), publicOrigin(req, config.origin));
      const query = returnTo === undefined ? {} : { returnTo };
      if (config.loginPage !== undefined) {
        const page = new URL(config.loginPage, 'http://localhost');
        if (returnTo !== undefined) page.searchParams.set('returnTo', returnTo);
        return res.redirect(302, req.baseUrl + page.pathname + page.search);
      }
      const oauth = req.oauth;
      chooserPage(
        res,
        config.providers.map(({ name, title }) => ({
          title,
          url: oauth.loginUrl({ provider: name, ...query }),
        })),
      );
    } catch (error) {
      next(error);
    }
  });

  router.get(
    `${config.basePath}/login/:provider`,
    knownProvider(runtime),
    navigationOnly,
    (req, _res, next) => {
      begin(req, req.params.provider as string).catch(next);
    },
  );

  const callback = `${config.basePath}/callback/:provider`;

  router.get(callback, knownProvider(runtime), (req, res, next) => {
    noStore(res);
    takeCallback(runtime, req, res).catch(next);
  });

  // The form comes from another site, so our cookies are not with it: it is kept for the GET that follows.
  const form = express.text({ type: 'application/x-www-form-urlencoded', limit: POST_LIMIT });
  router.post(callback, knownProvider(runtime), form, (req, res, next) => {
    noStore(res);
    keepPostedCallback(runtime, req, res).catch(next);
  });
}

/** Refuses a `:provider` that is none of this router's. */
function knownProvider(runtime: Runtime) {
  return (req: Request, res: Response, next: NextFunction) => {
    if (runtime.client(req.params.provider as string)) next();
    else
      res.status(404).set('Cache-Control', 'no-store').type('text').send('There is no such login provider.');
  };
}

async function keepPostedCallback(runtime: Runtime, req: Request, res: Response): Promise<void> {
  const body: unknown = req.body;
  // An app that parses forms before our route hands us an object; made text again, it is judged like any other.
  const text =
    typeof body === 'string' ? body : new URLSearchParams(body as Record<string, string>).toString();
  const params = parseCallback(text);
  const handle = await runtime.services(req).transactions.keepPosted(params);
  res.redirect(303, `${req.baseUrl}${req.path}?posted=${handle}`);
}

async function takeCallback(runtime: Runtime, req: Request, res: Response): Promise<void> {
  const { config, emit } = runtime;
  const provider = req.params.provider as string;
  const client = runtime.client(provider) as ProviderClient;
  const oauth = req.oauth;
  const startedAt = Date.now();
  try {
    const services = runtime.services(req);
    const origin = publicOrigin(req, config.origin);
    const browser = readBrowser(req, origin.startsWith('https:'));
    const params = await readParams(runtime, req);
    const outcome = await finishLogin(client, services.transactions, browser, params);
    if (outcome.kind === 'not-logged-in') return res.redirect(303, outcome.returnTo);
    if (outcome.kind === 'stale') {
      if (oauth.loggedIn) return res.redirect(303, outcome.returnTo ?? config.afterLogin);
      throw browser === undefined
        ? new TransactionError('transaction_missing', 'This browser began no login, or keeps no cookies.')
        : new TransactionError(
            'transaction_unknown',
            'This login was already used, has expired, or began in another browser.',
          );
    }
    const login = await acceptLogin(runtime, client, req, outcome.login);
    await services.transactions.complete(browser as string, outcome.state, outcome.returnTo);
    emit({
      type: 'login.completed',
      provider,
      login: hashLoginId(login.id),
      duration: Date.now() - startedAt,
    });
    res.redirect(303, outcome.returnTo);
  } catch (error) {
    const codes = isOAuthLoginError(error)
      ? { error: error.code, ...(error.providerCode !== undefined && { providerError: error.providerCode }) }
      : { error: 'unknown' };
    emit({ type: 'login.failed', provider, ...codes, duration: Date.now() - startedAt });
    throw withLoginUrl(error, oauth.loginUrl({ provider }));
  }
}

async function readParams(runtime: Runtime, req: Request): Promise<URLSearchParams> {
  const query = req.originalUrl.indexOf('?');
  const params = parseCallback(query === -1 ? '' : req.originalUrl.slice(query + 1));
  const handle = params.get('posted');
  if (handle === null) return params;
  const posted = await runtime.services(req).transactions.posted(handle);
  if (posted) return posted;
  throw new TransactionError('transaction_unknown', 'This login was already used, or has expired.');
}

/** Every failed login says where to begin anew. */
function withLoginUrl(error: unknown, loginUrl: string): unknown {
  if (!(error instanceof OAuthLoginError) || error instanceof ConfigurationError) return error;
  return Object.assign(error, { loginUrl });
}

function oneOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
