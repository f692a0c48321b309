import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import { isPlainObject } from '../config.js';
import {
  AuthorizationDeniedError,
  ConfigurationError,
  errorCodes,
  OAuthLoginError,
  TransactionError,
} from '../errors.js';
import { hashLoginId } from '../events.js';
import { parseCallback, readState } from '../login/callback.js';
import { finishLogin, type LoginOutcome } from '../login/login.js';
import { parseReturnTo, withReturnTo } from '../login/return-to.js';
import { hasLoginPage } from '../provider.js';
import type { ProviderClient } from '../wire/client.js';
import { acceptLogin } from './accept-login.js';
import { readBrowser } from './browser-cookie.js';
import { chooserPage } from './pages.js';
import { isVisit, mountPath, publicOrigin, redirect, setAnswerHeaders } from './request-facts.js';
import { loginsOf } from './request-oauth.js';
import type { Runtime } from './runtime.js';

/** More than any provider posts. */
const POST_LIMIT = '32kb';

/** `GET /login`, `GET /login/:provider` and the callback. */
export function addLoginRoutes(router: Router, runtime: Runtime): void {
  const { config } = runtime;
  const pages = config.providers.filter(hasLoginPage);

  /** Only a person's own navigation may begin a login. */
  const navigationOnly = (req: Request, res: Response, next: NextFunction) => {
    setAnswerHeaders(res);
    if (req.method === 'HEAD') {
      res.status(204).end();
    } else {
      next(isVisit(req) ? undefined : notVisited('A login begins with a visit to this page.'));
    }
  };

  const begin = async (req: Request, provider: string) => {
    const returnTo = oneOf(req.query.returnTo);
    await req.oauth.redirectToLogin({ provider, ...(returnTo !== undefined && { returnTo }) });
  };

  router.get(`${config.basePath}/login`, navigationOnly, async (req, res, next) => {
    try {
      const [only, ...more] = pages;
      if (only && more.length === 0 && pages.length === config.providers.length)
        return await begin(req, only.name);
      const returnTo = parseReturnTo(oneOf(req.query.returnTo), publicOrigin(req, config.origin));
      const query = returnTo === undefined ? {} : { returnTo };
      if (config.loginPage !== undefined) {
        return redirect(res, 302, mountPath(req) + withReturnTo(config.loginPage, returnTo));
      }
      const oauth = req.oauth;
      chooserPage(
        res,
        pages.map(({ name, title }) => ({
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
    forProvider(runtime, ({ provider }, req, res, next) => {
      navigationOnly(req, res, (error) => {
        if (error) next(error);
        else if (hasLoginPage(provider)) begin(req, provider.name).catch(next);
        else notFound(res, 'This provider has no login page.');
      });
    }),
  );

  const callback = `${config.basePath}/callback/:provider`;

  // Express would answer a HEAD as a GET, which would use up the callback.
  const ignore = forProvider(runtime, (_client, _req, res) => {
    setAnswerHeaders(res);
    res.status(204).end();
  });
  router.head(callback, ignore);
  const take = forProvider(runtime, (client, req, res, next) => {
    setAnswerHeaders(res);
    takeCallback(runtime, client, req, res).catch(next);
  });
  router.get(callback, take);

  // The form comes from another site, so without our cookies: it is kept for the GET that follows.
  const form = express.text({ type: 'application/x-www-form-urlencoded', limit: POST_LIMIT });
  const keep = forProvider(runtime, (client, req, res, next) => {
    setAnswerHeaders(res);
    if (!isVisit(req)) {
      next(notVisited('A login ends with a visit to this page.'));
      return;
    }
    form(req, res, (error?: unknown) => {
      if (error === undefined) keepPostedCallback(runtime, client, req, res).catch(next);
      else next(noForm(error));
    });
  });
  router.post(callback, keep);
}

/** A handler for the `:provider` of a path; one that this router does not have is answered with 404. */
export function forProvider(
  runtime: Runtime,
  handle: (client: ProviderClient, req: Request, res: Response, next: NextFunction) => void,
): RequestHandler {
  return (req, res, next) => {
    const client = runtime.client(String(req.params.provider));
    if (client) handle(client, req, res, next);
    else notFound(res, 'There is no such login provider.');
  };
}

export function notFound(res: Response, message: string): void {
  setAnswerHeaders(res);
  res.status(404).type('text').send(message);
}

function notVisited(message: string): AuthorizationDeniedError {
  return new AuthorizationDeniedError('navigation_required', message);
}

async function keepPostedCallback(
  runtime: Runtime,
  client: ProviderClient,
  req: Request,
  res: Response,
): Promise<void> {
  const params = parseCallback(formText(req.body));
  // Anybody can post here: what could not be a callback is not kept.
  readState(client.readCallback(params));
  const handle = await runtime.services(req).transactions.keepPosted(params);
  redirect(res, 303, `${mountPath(req)}${req.path}?posted=${handle}`);
}

/** An app that parses forms before our route hands us an object: turned back into text, it is judged like any other. */
function formText(body: unknown): string {
  if (typeof body === 'string') return body;
  const values = isPlainObject(body) ? Object.values(body) : [undefined];
  if (values.every((value) => typeof value === 'string')) {
    return new URLSearchParams(body as Record<string, string>).toString();
  }
  throw noForm();
}

function noForm(cause?: unknown): TransactionError {
  return new TransactionError(
    'callback_malformed',
    'The callback is malformed: it is not a form, or a parameter came twice.',
    { cause },
  );
}

async function takeCallback(
  runtime: Runtime,
  client: ProviderClient,
  req: Request,
  res: Response,
): Promise<void> {
  const { config, emit } = runtime;
  const provider = client.provider.name;
  const oauth = req.oauth;
  const startedAt = Date.now();
  try {
    const services = runtime.services(req);
    const origin = publicOrigin(req, config.origin);
    const browser = readBrowser(req, origin.startsWith('https:'));
    const params = await readParams(runtime, req);
    const outcome: LoginOutcome = params
      ? await finishLogin(client, services.transactions, browser, params)
      : { kind: 'stale' };
    if (outcome.kind === 'not-logged-in') return redirect(res, 303, outcome.returnTo);
    if (outcome.kind === 'stale') {
      if (oauth.loggedIn) return redirect(res, 303, outcome.returnTo ?? config.afterLogin);
      throw browser === undefined
        ? new TransactionError(
            'transaction_missing',
            'This browser did not begin a login, or does not keep cookies.',
          )
        : new TransactionError(
            'transaction_unknown',
            'This login was already used, has expired, or began in another browser.',
          );
    }
    // Written in parallel with the record and the session. If the login then fails, all that is left behind is a path
    // of this app; if this write fails, a repeated callback goes to `afterLogin`.
    const completed = services.transactions
      .complete(browser as string, outcome.state, outcome.returnTo)
      .catch(() => {});
    const [login] = await Promise.all([
      acceptLogin(loginsOf(req).mountedFor(provider), client, req, outcome.login),
      completed,
    ]);
    emit({
      type: 'login.completed',
      provider,
      login: hashLoginId(login.id),
      duration: Date.now() - startedAt,
    });
    redirect(res, 303, outcome.returnTo);
  } catch (error) {
    emit({ type: 'login.failed', provider, ...errorCodes(error), duration: Date.now() - startedAt });
    throw withLoginUrl(error, oauth.loginUrl({ provider }));
  }
}

/** `undefined` where they were posted and are no longer there. */
async function readParams(runtime: Runtime, req: Request): Promise<URLSearchParams | undefined> {
  const query = req.originalUrl.indexOf('?');
  const params = parseCallback(query === -1 ? '' : req.originalUrl.slice(query + 1));
  const handle = params.get('posted');
  if (handle === null) return params;
  return runtime.services(req).transactions.posted(handle);
}

/** Every failed login says where to start again. */
function withLoginUrl(error: unknown, loginUrl: string): unknown {
  if (!(error instanceof OAuthLoginError) || error instanceof ConfigurationError) return error;
  return Object.assign(error, { loginUrl });
}

function oneOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
