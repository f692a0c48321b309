import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import request from 'supertest';
import {
  autoRefresh,
  type OAuthSessionOptions,
  oauthRouter,
  oauthSession,
  requireLogin,
} from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import { providerOf, SECRET, startApp, type TestApp, waitFor } from '../support/app.js';
import { type Answer, readAnswer } from '../support/read-answer.js';

let lab: Lab;
let app: TestApp;

beforeAll(async () => {
  lab = await startLab();
  app = await startApp({
    lab,
    providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc', { title: 'Tom & "Co"' })],
    routes: guarded,
    router: {
      onLogin: (login) => {
        if (login.user.name === 'Mallory <b>Example</b>') throw new Error('not you');
        login.user.claims.role = login.provider === 'aliyun' ? ['admin', 'staff'] : 'guest';
      },
    },
  });
});
afterAll(async () => {
  await app.close();
  await lab.close();
});

function guarded(app: Express): void {
  const ok = (_req: unknown, res: { send(body: string): void }) => res.send('in');
  app.get('/scope', requireLogin({ scope: '/acs/ccc' }), ok);
  app.get('/scopes', requireLogin({ scope: ['/acs/ccc', '/acs/alidns'] }), ok);
  app.get('/admin', requireLogin({ claims: { role: 'admin' } }), ok);
  app.get('/any-role', requireLogin({ claims: { role: ['admin', 'guest'] } }), ok);
  app.get('/checked', requireLogin({ check: (login) => login.sub === 'nobody' }), ok);
  app.get('/truthy', requireLogin({ check: () => 'yes' as unknown as boolean }), ok);
  app.get('/fresh', requireLogin({ maxAge: 1 }), ok);
  app.get('/oidc-only', requireLogin({ provider: 'oidc' }), ok);
  app.get('/typo', requireLogin({ provider: 'odic' }), ok);
  app.get('/any-login', async (req, _res, next) => {
    await req.oauth.redirectToLogin({ returnTo: '/here', params: undefined }).catch(next);
  });
  app.get('/login-hint', async (req, _res, next) => {
    await req.oauth
      .redirectToLogin({ provider: 'oidc', params: { login_hint: 'a@b', ...queryOf(req) } })
      .catch(next);
  });
}

function queryOf(req: express.Request): Record<string, string> {
  return Object.fromEntries(new URL(req.originalUrl, 'http://localhost').searchParams);
}

describe('GET /auth/login', () => {
  it('lets the user choose among several providers, escaped and without a script', async () => {
    const page = await app.visitor().get('/auth/login?returnTo=/me').expect(200);
    expect(page.text).toContain('href="/auth/login/aliyun?returnTo=%2Fme"');
    expect(page.text).toContain('Tom &amp; &quot;Co&quot;');
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(page.text).not.toContain('<script');
  });

  it('of a provider that is not there is a 404', async () => {
    for (const path of [
      '/auth/login/nobody',
      '/auth/callback/nobody',
      '/auth/login/constructor',
      '/auth/login/__proto__',
    ]) {
      await app.visitor().get(path).expect(404);
    }
  });

  it.each([
    ['HEAD', (v: string) => request(app.url).head(v), 204],
    ['OPTIONS', (v: string) => request(app.url).options(v), 204],
    ['a prefetch', (v: string) => request(app.url).get(v).set('Sec-Purpose', 'prefetch;prerender'), 403],
    ['an older prefetch', (v: string) => request(app.url).get(v).set('Purpose', 'prefetch'), 403],
    ['an image', (v: string) => request(app.url).get(v).set('Sec-Fetch-Dest', 'image'), 403],
    ['a frame', (v: string) => request(app.url).get(v).set('Sec-Fetch-Dest', 'iframe'), 403],
    ['POST', (v: string) => request(app.url).post(v), 405],
  ])('opens no transaction for %s', async (_what, send, status) => {
    const answer = await send('/auth/login/aliyun').expect(status);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers.location).toBeUndefined();
  });

  it('takes nothing but returnTo from the query', async () => {
    const answer = await app
      .visitor()
      .get('/auth/login/aliyun?returnTo=/&scope=evil&prompt=evil&client_id=evil')
      .expect(302);
    expect(answer.headers.location).not.toContain('evil');
  });

  it('sends no two logins away with the same state, nonce or challenge', async () => {
    const visitor = app.visitor();
    const sent = await Promise.all([1, 2, 3].map(() => visitor.get('/auth/login/oidc').expect(302)));
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const values = sent.map((answer) => new URL(answer.headers.location as string).searchParams.get(name));
      expect(new Set(values).size).toBe(3);
      for (const value of values) expect(value).toMatch(/^[\w-]{43}$/);
    }
  });

  it.each([
    '//evil.example.com',
    '/\\evil.example.com',
    'https://evil.example.com',
    '/.//evil.example.com',
    'javascript:1',
  ])('comes back to the app, and not to %s', async (returnTo) => {
    const callback = await app.visitor().logIn('aliyun', { returnTo });
    expect(callback.headers.location).toBe('/');
  });
});

it('a login with more than one `returnTo` comes back to the app', async () => {
  const visitor = app.visitor();
  const started = await visitor.get('/auth/login/aliyun?returnTo=/a&returnTo=/b').expect(302);
  const callback = await lab.provider('aliyun').signIn(started.headers.location as string);
  const answer = await visitor.get(callback.pathname + callback.search).expect(303);
  expect(answer.headers.location).toBe('/');
});

describe('with `afterLogin` and `afterLogout`', () => {
  let own: TestApp;
  beforeAll(async () => {
    own = await startApp({
      lab,
      providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')],
      router: { afterLogin: '/home?tab=1', afterLogout: '/bye?from=app' },
    });
  });
  afterAll(() => own.close());

  it.each([
    ['', '/home?tab=1'],
    ['?returnTo=https://evil.example/', '/home?tab=1'],
    ['?returnTo=/page', '/page'],
  ])('a login with %j leads to %s', async (query, to) => {
    const visitor = own.visitor();
    const started = await visitor.get(`/auth/login/aliyun${query}`).expect(302);
    const callback = await lab.provider('aliyun').signIn(started.headers.location as string);
    expect((await visitor.get(callback.pathname + callback.search).expect(303)).headers.location).toBe(to);
  });

  it('a logout leads there, in any form, and the page that asks first leads back in', async () => {
    const visitor = own.visitor();
    await visitor.logIn('aliyun');
    const page = await visitor.get('/auth/logout').expect(200);
    expect(page.text).toContain('href="/home?tab=1"');
    const answer = await visitor.post('/auth/logout').expect(303);
    expect(answer.headers.location).toBe('/bye?from=app');
    await visitor.logIn('aliyun');
    await visitor
      .post('/auth/logout', { Accept: 'application/json' })
      .expect(200, { redirectTo: '/bye?from=app' });
  });

  it('a logout at a provider with an end-session page comes back there', async () => {
    const visitor = own.visitor();
    await visitor.logIn('oidc');
    const { location } = (await visitor.post('/auth/logout').expect(303)).headers;
    const back = new URL(location as string).searchParams.get('post_logout_redirect_uri');
    expect(back).toBe(`${own.url}/bye?from=app`);
  });
});

describe('with `loginPage`', () => {
  it.each(['', '/app'])('that page is where a login begins, under %j', async (mountPath) => {
    const root = express();
    const sub = mountPath === '' ? root : express();
    if (mountPath !== '') root.use(mountPath, sub);
    sub.use(oauthSession({ secret: SECRET }));
    sub.use(
      oauthRouter([providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')], {
        loginPage: '/choose',
        basePath: '/auth',
      }),
    );
    const at = async (path: string) =>
      (
        await request(root)
          .get(mountPath + path)
          .expect(302)
      ).headers.location;
    expect(await at('/auth/login')).toBe(`${mountPath}/choose`);
    expect(await at('/auth/login?returnTo=/a')).toBe(`${mountPath}/choose?returnTo=%2Fa`);
  });
});

describe('other methods on our routes', () => {
  it.each([
    ['/auth/login', 'GET, HEAD'],
    ['/auth/login/aliyun', 'GET, HEAD'],
    ['/auth/callback/aliyun', 'GET, HEAD, POST'],
    ['/auth/logout', 'GET, HEAD, POST'],
    ['/auth/session', 'GET, HEAD'],
  ])('are refused on %s', async (path, allow) => {
    const answer = await request(app.url).delete(path).expect(405);
    expect(answer.headers.allow).toBe(allow);
  });
});

describe('GET /auth/session', () => {
  it('tells a single-page app who is logged in, without a token', async () => {
    const visitor = app.visitor();
    const before = await visitor.get('/auth/session').expect(200);
    expect(before.body).toEqual({ loggedIn: false, user: null, logins: [] });
    await visitor.logIn('aliyun', { user: 'alice' });
    const answer = await visitor.get('/auth/session').expect(200);
    expect(answer.body).toMatchObject({
      loggedIn: true,
      user: { provider: 'aliyun' },
      logins: [{ scope: expect.any(Array) }],
    });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.text).not.toMatch(/token/i);
  });
});

describe('requireLogin', () => {
  it('sends a navigation to the login, and tells anything else', async () => {
    const visitor = app.visitor();
    const page = await visitor.get('/me?a=1', { Accept: 'text/html,*/*;q=0.8' }).expect(302);
    expect(page.headers.location).toBe('/auth/login?returnTo=%2Fme%3Fa%3D1');
    for (const headers of [
      {},
      { Accept: '*/*' },
      { Accept: 'text/html', 'Sec-Fetch-Mode': 'cors' },
    ] as Record<string, string>[]) {
      const answer = await visitor.get('/me', headers).expect(401);
      expect(answer.body).toEqual({ error: 'login_required', login_url: '/auth/login' });
      expect(answer.headers['www-authenticate']).toBeDefined();
    }
  });

  it('looks at scopes, claims and checks', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    for (const path of ['/scope', '/admin', '/any-role']) await visitor.get(path).expect(200);
    for (const [path, code] of [
      ['/scopes', 'insufficient_scope'],
      ['/checked', 'check_failed'],
      ['/truthy', 'check_failed'],
    ] as const) {
      const answer = await visitor.get(path, { Accept: 'application/json' }).expect(403);
      expect(answer.body.error).toBe(code);
    }
    await visitor.get('/oidc-only').expect(401);
    await visitor.get('/typo').expect(500);
  });

  it('with maxAge sends the user to prove anew who they are', async () => {
    const visitor = app.visitor();
    await visitor.logIn('oidc');
    await visitor.get('/fresh', { Accept: 'text/html' }).expect(200);
    await waitFor(async () => (await visitor.get('/fresh', { Accept: 'text/html' })).status === 302);
    const answer = await visitor.get('/fresh', { Accept: 'text/html' }).expect(302);
    expect(new URL(answer.headers.location as string).searchParams.get('max_age')).toBe('1');
  });
});

// As proxies send it [RFC 9112 3.2.2].
it.each<[string, Partial<OAuthSessionOptions>]>([
  ['', {}],
  [', with a cookie for the routes alone', { name: 'sid', cookie: { path: '/auth' } }],
])('a request target that is a whole URL is found%s', async (_what, session) => {
  const served = await startApp({ lab, session });
  const { headers } = await served.visitor().logIn('aliyun');
  const [cookie = ''] = (headers['set-cookie'] as unknown as string[]).filter((one) =>
    one.startsWith('sid='),
  );
  const { hostname, port } = new URL(served.url);
  const { status, text } = await new Promise<Answer>((resolve, reject) => {
    const path = `${served.url}/auth/session`;
    get({ hostname, port, path, headers: { cookie: cookie.split(';')[0] } }, (res) =>
      resolve(readAnswer(res)),
    ).on('error', reject);
  });
  expect([status, JSON.parse(text).loggedIn]).toEqual([200, true]);
  await served.close();
});

it('a route that the app adds to the router is found', async () => {
  const served = await startApp({
    lab,
    routes: (it) => {
      const second = oauthRouter(providerOf(lab, 'oidc'), { basePath: '/staff' });
      second.get('/mine', (req, res) => {
        res.json({ logins: req.oauth.logins.map(({ provider }) => provider) });
      });
      it.use(second);
    },
  });
  const visitor = served.visitor();
  await visitor.logIn('aliyun');
  expect((await visitor.get('/mine').expect(200)).body).toEqual({ logins: ['aliyun'] });
  await served.close();
});

describe('onLogin', () => {
  it('can refuse a user, whose tokens are then revoked', async () => {
    const visitor = app.visitor();
    const callback = await visitor.authorize('oidc', { user: 'mallory' });
    lab.provider('oidc').clearRequests();
    const answer = await visitor.get(callback, { Accept: 'application/json' }).expect(403);
    expect(answer.body.error).toBe('login_vetoed');
    const revocations = () => lab.provider('oidc').requests.filter((one) => one.endpoint === 'revocation');
    await waitFor(() => revocations().length === 1);
    await visitor.get('/me').expect(401);
  });
});

it('onLogin gets the request and the tokens; whatever it throws is a veto, and the cause of the error', async () => {
  const seen: unknown[] = [];
  let reason: unknown = null;
  const served = await startApp({
    lab,
    providers: [providerOf(lab, 'oidc')],
    router: {
      onLogin: (_login, { req, tokens }) => {
        seen.push(req.path, typeof tokens.accessToken);
        throw reason;
      },
    },
    routes: (it) =>
      it.use(((error, _req, res, _next) => {
        seen.push(error.cause);
        res.status(error.status).json({ error: error.code, loginUrl: error.loginUrl });
      }) as express.ErrorRequestHandler),
  });
  for (reason of [null, new Error('not you')]) {
    seen.length = 0;
    const visitor = served.visitor();
    const { body } = await visitor.get(await visitor.authorize('oidc')).expect(403);
    expect(body).toEqual({ error: 'login_vetoed', loginUrl: '/auth/login/oidc' });
    expect(seen).toEqual(['/auth/callback/oidc', 'string', reason]);
  }
  await served.close();
});

it('an error of onLogin that has a status of its own is the answer, and the tokens are revoked', async () => {
  const oidc = lab.provider('oidc');
  const teapot = await startApp({
    lab,
    providers: [providerOf(lab, 'oidc')],
    router: {
      onLogin: () => {
        throw Object.assign(new Error('short and stout'), { status: 418 });
      },
    },
    routes: (it) =>
      it.use(((error, _req, res, _next) => {
        res.status(error.status).send(error.message);
      }) as express.ErrorRequestHandler),
  });
  const visitor = teapot.visitor();
  const callback = await visitor.authorize('oidc');
  oidc.clearRequests();
  await visitor.get(callback).expect(418, 'short and stout');
  await waitFor(() => oidc.requests.some(({ endpoint }) => endpoint === 'revocation'));
  await visitor.get('/me').expect(401);
  await teapot.close();
});

describe('redirectToLogin', () => {
  it('leads to the chooser where there are several providers', async () => {
    const answer = await app.visitor().get('/any-login').expect(302);
    expect(answer.headers.location).toBe('/auth/login?returnTo=%2Fhere');
  });

  it('adds parameters, but none of ours', async () => {
    const visitor = app.visitor();
    const answer = await visitor.get('/login-hint?prompt=login').expect(302);
    const { searchParams } = new URL(answer.headers.location as string);
    expect([searchParams.get('login_hint'), searchParams.get('prompt')]).toEqual(['a@b', 'login']);
    for (const name of ['state', 'redirect_uri', 'client_id', 'code_challenge', 'nonce', 'response_mode']) {
      await visitor.get(`/login-hint?${name}=evil`).expect(500);
    }
  });
});

describe('an app that is put together wrongly', () => {
  async function serve(build: (app: Express) => void) {
    const app = express();
    build(app);
    app.use(((error, _req, res, _next) => {
      res.status(error.status ?? 500).json({ name: error.name, code: error.code, message: error.message });
    }) as express.ErrorRequestHandler);
    const server = createServer(app as never);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
  }
  const router = () => oauthRouter(providerOf(lab, 'aliyun'));
  const session = () => oauthSession({ secret: SECRET });

  it.each<[string, (app: Express) => void, string]>([
    ['without a session', (app) => app.use(router()), 'session_missing'],
    [
      'without a router',
      (app) => app.get('/', requireLogin, (_req, res) => void res.send('open')),
      'session_missing',
    ],
    ['with two routers on one path', (app) => app.use(session(), router(), router()), 'conflicting_options'],
    [
      'with one provider twice',
      (app) => app.use(session(), router(), oauthRouter(providerOf(lab, 'aliyun'), { basePath: '/other' })),
      'conflicting_options',
    ],
  ])('%s says so, and lets nobody in', async (_what, build, code) => {
    const { url, close } = await serve((app) => {
      build(app);
      app.get('/', requireLogin, (_req, res) => void res.send('open'));
    });
    const answer = await request(url).get('/').expect(500);
    expect(answer.body).toMatchObject({ name: 'ConfigurationError', code });
    close();
  });

  it('guards an app of another copy of Express, which is called as a function', async () => {
    const inner: Express = createRequire(import.meta.url)('express4')();
    inner.get('/', requireLogin, (_req, res) => void res.send('in'));
    inner.get('/who', autoRefresh, (req, res) => void res.json({ loggedIn: req.oauth.loggedIn }));
    const { url, close } = await serve((app) => {
      app.use(session(), router());
      app.use((req, res, next) => inner(req, res, next));
    });
    const answer = await request(url).get('/').set('Accept', 'text/html').expect(302);
    expect(answer.headers.location).toBe('/auth/login/aliyun?returnTo=%2F');
    await request(url).get('/who').expect(200, { loggedIn: false });
    close();
  });

  it('is found in upper case, too, as Express finds its own routes', async () => {
    const { url, close } = await serve((app) => app.use(session(), router()));
    await request(url).get('/AUTH/session').expect(200, { loggedIn: false, user: null, logins: [] });
    close();
  });

  it('has its logout page lead to where the app is mounted', async () => {
    const { url, close } = await serve((app) => app.use('/part', express().use(session(), router())));
    const { text } = await request(url).get('/part/auth/logout').expect(200);
    expect(text).toContain('<form method="post" action="/part/auth/logout">');
    close();
  });

  it('serves two routers with different paths and providers side by side', async () => {
    const { url, close } = await serve((app) => {
      app.use(session(), router(), oauthRouter(providerOf(lab, 'oidc'), { basePath: '/staff' }));
      app.get('/', requireLogin({ provider: 'oidc' }), (_req, res) => void res.send('in'));
    });
    const answer = await request(url).get('/').set('Accept', 'text/html').expect(302);
    expect(answer.headers.location).toBe('/staff/login/oidc?returnTo=%2F');
    await request(url).get('/auth/login/aliyun').expect(302);
    close();
  });
});
