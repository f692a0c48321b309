import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import {
  type OAuthRouterOptions,
  oauth2,
  oauthRouter,
  type Provider,
  requireLogin,
  StoreUnavailableError,
} from '../../../src/index.js';
import { type ServedApp, serveApp } from '../../support/app.js';
import { Browser, type Page } from './browser.js';
import { dialects } from './dialects.js';
import { type Given, landing, linksOf } from './landing.js';
import { naive } from './naive.js';
import { ScriptedProvider } from './provider.js';

/** Where the user of the apps is sent to log in. Nobody is there. */
const AUTHORIZATION = 'https://op.example/authorize';

/** Never asks its user anything: a refusal leads where the login would have led, and costs no call. */
function silent(name: string): Provider {
  const endpoints = {
    authorization: AUTHORIZATION,
    token: 'https://op.example/t',
    userinfo: 'https://op.example/u',
  };
  return oauth2({ name, clientId: 'redirects', endpoints, authorizationParams: { prompt: 'none' } });
}

/** The apps that URLs come into. */
export type Apps = Awaited<ReturnType<typeof startApps>>;

export async function startApps() {
  const start = (names: string[], router: OAuthRouterOptions = {}, routes?: (app: Express) => void) =>
    serveApp({ providers: names.map(silent), router, ...(routes && { routes }) });
  const dialect = dialects.find(({ name }) => name === 'oauth2') as (typeof dialects)[number];
  const provider = await ScriptedProvider.start(dialect);
  const apps = {
    /** With a provider that answers. */
    whole: await serveApp({ providers: [dialect.factory(provider)] }),
    one: await start(['p'], {}, ownRoutes),
    several: await start(['p', 'other']),
    own: await start(['p', 'other'], { loginPage: '/choose' }),
    failing: await start(['p'], {}, outage),
  };
  const close = async () => {
    await Promise.all([provider, ...Object.values(apps)].map((each) => each.close()));
  };
  return { ...apps, provider, close };
}

/** Lets a URL in, and follows it to the end. Returns all that the browser was told to go to, in that order. */
export type Entrance = (apps: Apps, payload: string) => Promise<Given[]>;

const query = (payload: string) => new URLSearchParams({ returnTo: payload }).toString();
const visit = (app: ServedApp, path: string, headers?: Record<string, string>) =>
  new Walk(app).visit(path, headers);
const postJson = (app: ServedApp, path: string, body: unknown) =>
  new Walk(app).send(path, JSON.stringify(body), { 'content-type': 'application/json' });

/** The places where a URL comes in and says where to go on. */
export const carrying: Readonly<Record<string, Entrance>> = {
  'the login': ({ one }, payload) => visit(one, `/auth/login/p?${query(payload)}`),
  'the login, hardly encoded': ({ one }, payload) =>
    visit(one, `/auth/login?returnTo=${asTarget(payload).replace(/[&#+]/g, encodeURIComponent)}`),
  'a login that is completed': async ({ whole, provider }, payload) => {
    const walk = new Walk(whole);
    const sent = await walk.browser.get(`/auth/login?${query(payload)}`);
    const answer = provider.authorize(new URL(String(sent.headers.location)).searchParams);
    const callback = `/auth/callback/oauth2?${answer}`;
    // Once, and once more: a repeated callback leads where the login led.
    return [...(await walk.visit(callback)), ...(await walk.visit(callback))];
  },
  'the page on which users choose': async ({ several }, payload) => {
    const given = await visit(several, `/auth/login?${query(payload)}`);
    return [...given, ...(await visit(several, pathOf(given[0] as Given)))];
  },
  "the app's own login page": ({ own }, payload) => visit(own, `/auth/login?${query(payload)}`),
  loginUrl: ({ one }, payload) => postJson(one, '/login-url', { returnTo: payload }),
  redirectToLogin: ({ one }, payload) => postJson(one, '/redirect-to-login', { returnTo: payload }),
  'a posted callback': async ({ one }, payload) => {
    const walk = new Walk(one);
    const state = await walk.begin(`/auth/login/p?${query(payload)}`);
    const form = new URLSearchParams({
      state,
      error: 'login_required',
      redirect_uri: payload,
      next: payload,
    });
    return walk.send(`/auth/callback/p?${query(payload)}`, String(form));
  },
  'the request target at a guard': ({ one }, payload) => visit(one, asTarget(payload)),
  'the request target at a guard of a mounted app': ({ one }, payload) =>
    visit(one, `/part${asTarget(payload)}`),
  'the request target in an outage': ({ failing }, payload) => visit(failing, asTarget(payload)),
};

/** The places where a URL comes in and says nothing that counts. */
export const ignoring: Readonly<Record<string, Entrance>> = {
  'a callback that fails': ({ one }, payload) =>
    visit(one, `/auth/callback/p?error=x&state=x&${query(payload)}`),
  'a login that others initiate': ({ one }, payload) => {
    const all = { iss: payload, target_link_uri: payload, login_hint: payload, redirect_uri: payload };
    return visit(one, `/auth/login/p?${new URLSearchParams(all)}`);
  },
  'the logout': ({ one }, payload) => {
    const all = new URLSearchParams({ returnTo: payload, post_logout_redirect_uri: payload, next: payload });
    return new Walk(one).send(`/auth/logout?${all}`, String(all));
  },
  'the question whether a logout is meant': ({ one }, payload) =>
    visit(one, `/auth/logout?${query(payload)}`),
  'a mount path that is a pattern': async ({ one }, payload) => {
    const base = asTarget(payload).replace(/[?#].*/, '');
    const paths = ['/in/login/q', '/in/login', '/in/logout', '/in/guarded', '/in/callback/q?error=x&state=x'];
    const given: Given[] = [];
    for (const path of paths) given.push(...(await visit(one, base + path)));
    return given;
  },
  'headers that are for proxies': ({ one }, payload) => {
    const names = [
      'forwarded',
      'x-forwarded-host',
      'x-forwarded-prefix',
      'x-original-url',
      'x-rewrite-url',
      'referer',
    ];
    return visit(one, '/auth/login/p', Object.fromEntries(names.map((name) => [name, asTarget(payload)])));
  },
};

/** How an app would answer that decides in a naive way. */
export const visitNaive = (app: ServedApp, name: string, payload: string) =>
  visit(app, `/naive?${new URLSearchParams({ name })}&${query(payload)}`);

function ownRoutes(app: Express): void {
  app.get('/naive', (req, res) => {
    const { name, returnTo } = req.query as Record<'name' | 'returnTo', string>;
    res.redirect(303, naive[name]?.decide(returnTo, `http://${req.get('host')}`) || '/');
  });
  const mounted = express.Router();
  mounted.use(oauthRouter(silent('q'), { basePath: '/in' }));
  mounted.get('/in/guarded', requireLogin({ provider: 'q' }));
  app.use(/^.*?(?=\/in\/)/, mounted);
  app.post('/login-url', express.json(), (req, res) => {
    res.redirect(303, req.oauth.loginUrl({ returnTo: req.body.returnTo }));
  });
  app.post('/redirect-to-login', express.json(), (req, _res, next) => {
    req.oauth.redirectToLogin({ returnTo: req.body.returnTo }).catch(next);
  });
  app.use('/part', express().use(requireLogin));
  app.use(requireLogin);
}

function outage(app: Express): void {
  app.use((_req: Request, _res: Response, next: NextFunction) => {
    next(new StoreUnavailableError('store_unavailable', 'Redis is gone.'));
  });
}

/** What a request line can hold: what it cannot is encoded, and nothing else. */
function asTarget(payload: string): string {
  return payload.replace(/[^\x21-\x7e\xa1-\xff]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

function pathOf(given: Given): string {
  const { pathname, search } = landing(given);
  return pathname + search;
}

/** One browser on its way through a login at which its user is asked nothing. */
class Walk {
  readonly browser: Browser;
  readonly #origin: string;

  constructor({ url }: ServedApp) {
    this.browser = new Browser(url);
    this.#origin = url;
  }

  async visit(path: string, headers?: Record<string, string>): Promise<Given[]> {
    return this.#follow(path, await this.browser.get(path, headers));
  }

  async send(path: string, body: string, headers: Record<string, string> = {}): Promise<Given[]> {
    return this.#follow(path, await this.browser.ask(path, { method: 'POST', body, headers }));
  }

  /** Goes as far as the provider, and returns the state. */
  async begin(path: string): Promise<string> {
    const { headers } = await this.browser.get(path);
    return stateOf(String(headers.location));
  }

  async #follow(path: string, { status, headers, text }: Page): Promise<Given[]> {
    const page = `${this.#origin}${path.startsWith('/') ? path : '/'}`;
    if (status < 300 || status >= 400) return linksOf(text).map((url) => ({ url, page }));
    const url = String(headers.location);
    if (url.startsWith(`${AUTHORIZATION}?`)) {
      const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? '';
      const callback = new URL(redirectUri);
      const back = `${callback.pathname}?error=login_required&state=${stateOf(url)}`;
      return [{ url: redirectUri, page }, ...(await this.visit(back))];
    }
    const given = { url, page };
    return this.#goesOn(given) ? [given, ...(await this.visit(pathOf(given)))] : [given];
  }

  /** Whether a URL leads to one of the routes of a login. */
  #goesOn(given: Given): boolean {
    if (!URL.canParse(given.url, given.page)) return false;
    const { origin, pathname } = landing(given);
    return origin === this.#origin && /\/(?:auth|in)\/(?:login|callback)\b/.test(pathname);
  }
}

/** The state of a request to the provider that says nothing of what came in. */
function stateOf(url: string): string {
  const { searchParams } = new URL(url);
  const names = [...searchParams.keys()].sort().join(' ');
  const wanted = 'client_id code_challenge code_challenge_method prompt redirect_uri response_type state';
  if (names !== wanted) throw new Error(`the authorization request has other parameters: ${names}`);
  return searchParams.get('state') as string;
}
