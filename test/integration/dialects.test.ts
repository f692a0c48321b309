import type { Express } from 'express';
import { aliyunPdsJwt, type ConfigurationError } from '../../src/index.js';
import { type Lab, type LabProvider, startLab } from '../../src/testing/index.js';
import { issueExpired, providerOf, startApp, type TestApp, waitFor } from '../support/app.js';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});
beforeEach(() => {
  for (const provider of Object.values(lab.providers)) provider.clearFaults();
});
afterAll(() => lab.close());

const subjects: Record<string, string> = {
  pds: 'labhz001:c9b7a5aa04d14ae3867fdc86fa01cda4',
  welink: 'zhangsan@welink',
  'open-platform': 'ou_7a1c9e0f4b2d46c8',
  feishu: 'on_lab0001',
};

/** The names of the parameters that each provider documents. Nothing else may be sent. */
const documented: Record<string, { authorize: string[]; code: string[]; refresh?: string[] }> = {
  pds: {
    authorize: ['client_id', 'login_type', 'redirect_uri', 'response_type', 'scope', 'state'],
    code: ['client_id', 'client_secret', 'code', 'grant_type', 'redirect_uri'],
    refresh: ['client_id', 'client_secret', 'grant_type', 'refresh_token'],
  },
  welink: {
    authorize: ['client_id', 'redirect_uri', 'response_type', 'scope', 'state'],
    code: ['client_id', 'client_secret', 'code', 'grant_type', 'redirect_uri'],
  },
  'open-platform': {
    authorize: ['client_id', 'redirect_url', 'response_type', 'scope', 'state'],
    code: ['client_id', 'client_secret', 'code', 'grant_type'],
    refresh: ['client_id', 'client_secret', 'grant_type', 'refresh_token'],
  },
};

describe.each(['pds', 'welink', 'open-platform', 'dingtalk', 'feishu', 'douyin'])('a user of %s', (name) => {
  let app: TestApp;
  let provider: LabProvider;

  beforeAll(async () => {
    provider = lab.provider(name);
    app = await startApp({ lab, providers: [providerOf(lab, name)] });
  });
  beforeEach(() => provider.clearRequests());
  afterAll(() => app.close());

  it('logs in by documented requests, is known, calls the API, and logs out', async () => {
    const visitor = app.visitor();
    await visitor.logIn(name);
    const { body } = await visitor.get('/me').expect(200);
    expect(body.user.sub).toBe(subjects[name] ?? provider.users[0]?.sub);
    expect(JSON.stringify(body)).not.toMatch(/access_?token|refresh_?token/i);
    await visitor.get(`/call/${name}`).expect(200);
    const names = documented[name];
    if (names) {
      const authorize = provider.requests.find((request) => request.endpoint === 'authorization');
      expect(Object.keys(authorize?.query ?? {}).sort()).toEqual(names.authorize);
      const [exchange] = provider.tokenRequests();
      expect(exchange).toMatchObject({ method: 'POST', query: {} });
      expect(Object.keys(exchange?.form ?? {}).sort()).toEqual(names.code);
    }
    await visitor.post('/auth/logout').expect(303);
    await visitor.get('/me').expect(401);
    const { clientSecret } = provider.clients.web;
    for (const { path, query } of provider.requests)
      expect(path + JSON.stringify(query)).not.toContain(clientSecret);
  });

  it('is renewed, or logs in again by itself, when the token has expired', async () => {
    const visitor = app.visitor();
    expireNext(provider);
    await visitor.logIn(name);
    provider.clearRequests();
    if (name === 'welink') {
      const page = await visitor.get('/me', { Accept: 'text/html' }).expect(302);
      expect(page.headers.location).toBe('/auth/login/welink?returnTo=%2Fme');
      await visitor.get('/me').expect(401);
      expect(provider.tokenRequests()).toEqual([]);
      return;
    }
    await visitor.get('/me').expect(200);
    const refreshes = provider.tokenRequests('refresh_token');
    expect(refreshes).toHaveLength(1);
    const names = documented[name]?.refresh;
    if (names) expect(Object.keys(refreshes[0]?.form ?? {}).sort()).toEqual(names);
    await visitor.get(`/call/${name}`).expect(200);
  });
});

/** The next token answer says that the token has expired already, however this provider says so. */
function expireNext(provider: LabProvider): void {
  if (provider.name !== 'pds' && provider.name !== 'douyin' && provider.name !== 'dingtalk') {
    issueExpired(provider);
    return;
  }
  provider.alter('token', (answer) => {
    const inner = (answer.data ?? answer) as Record<string, unknown>;
    for (const name of ['expires_in', 'expire_in', 'expireIn']) if (name in inner) inner[name] = 0;
    return answer;
  });
}

describe('PDS', () => {
  it.each(['expires_in', 'expire_in', 'expire_time', 'expires_time', 'all'] as const)(
    'says when a token expires by %s',
    async (expirySpelling) => {
      const pds = lab.provider('pds');
      const app = await startApp({ lab, providers: [providerOf(lab, 'pds')] });
      pds.settings.expirySpelling = expirySpelling;
      const visitor = app.visitor();
      await visitor.logIn('pds');
      const { expiresAt } = (await visitor.get('/token').expect(200)).body;
      expect(Math.abs(expiresAt - Date.now() - 7_200_000)).toBeLessThan(60_000);
      pds.settings.expirySpelling = 'all';
      await app.close();
    },
  );

  it('refuses a user who is not enabled, and tells errors with their own code and request id', async () => {
    const failures: unknown[] = [];
    const app = await startApp({
      lab,
      providers: [providerOf(lab, 'pds')],
      router: { onEvent: (event) => failures.push(event) },
    });
    const visitor = app.visitor();
    const answer = await visitor.get(await visitor.authorize('pds', { user: 'disabled' })).expect(403);
    expect(answer.text).toContain('user_not_allowed');
    await visitor.get('/me').expect(401);
    const callback = await visitor.authorize('pds');
    lab
      .provider('pds')
      .fail('token', { status: 400, body: { code: 'InvalidParameter.code', message: '<b>no</b>' } });
    const refused = await visitor.get(callback).expect(502);
    expect(refused.text).not.toContain('<b>no</b>');
    expect(failures).toContainEqual(expect.objectContaining({ providerError: 'InvalidParameter.code' }));
    await app.close();
  });

  it('revokes by the account API where that is configured', async () => {
    const pds = lab.provider('pds');
    const app = await startApp({ lab, providers: [providerOf(lab, 'pds')] });
    const visitor = app.visitor();
    await visitor.logIn('pds');
    pds.clearRequests();
    await visitor.post('/auth/logout').expect(303);
    const revocation = pds.requests.find((request) => request.endpoint === 'revocation');
    expect(revocation).toMatchObject({
      status: 204,
      json: { app_id: expect.any(String), refresh_token: expect.any(String) },
    });
    expect(Object.keys(revocation?.json as object).sort()).toEqual(['app_id', 'refresh_token']);
    await app.close();
  });
});

describe('a PDS JWT app', () => {
  const routes = (app: Express) => {
    app.get('/assert/:sub', async (req, res, next) => {
      const { subType, autoCreate } = req.query as { subType?: 'user'; autoCreate?: string };
      try {
        res.json(
          await req.oauth.loginWithAssertion('pds-jwt', {
            sub: String(req.params.sub),
            ...(subType && { subType }),
            ...(autoCreate !== undefined && { autoCreate: autoCreate === 'true' }),
          }),
        );
      } catch (error) {
        next(error);
      }
    });
  };
  const start = (options: object = {}, more: (app: Express) => void = () => {}) => {
    const { endpoints, details, clients } = lab.provider('pds');
    const provider = aliyunPdsJwt({
      domainId: details.domainId as string,
      clientId: clients.jwt.clientId,
      privateKey: clients.jwt.privateKeyPem,
      endpoints,
      ...options,
    });
    return startApp({
      lab,
      providers: [provider],
      routes: (app) => {
        routes(app);
        more(app);
      },
    });
  };
  const admin = 'c9b7a5aa04d14ae3867fdc86fa01cda4';

  it('logs in a user whom the app has authenticated; session, guard, API call and logout work as for any login', async () => {
    const app = await start();
    const visitor = app.visitor();
    const answer = await visitor.get(`/assert/${admin}`).expect(200);
    expect(answer.body).toMatchObject({ provider: 'pds-jwt', sub: subjects.pds });
    const [completed] = app.events;
    expect(completed).toMatchObject({
      type: 'login.completed',
      provider: 'pds-jwt',
      login: expect.any(String),
    });
    expect(completed?.duration).toBeLessThan(60_000);
    await visitor.get('/me').expect(200);
    await visitor.get('/call/pds-jwt').expect(200);
    await visitor.post('/auth/logout').expect(303);
    await visitor.get('/me').expect(401);
    await app.close();
  });

  it('is renewed by the refresh token where one came, and else by a new assertion', async () => {
    const pds = lab.provider('pds');
    const app = await start();
    for (const withRefreshToken of [true, false]) {
      const visitor = app.visitor();
      pds.alter('token', ({ refresh_token, ...answer }) => ({
        ...answer,
        expires_in: 0,
        expire_in: 0,
        ...(withRefreshToken && { refresh_token }),
      }));
      await visitor.get(`/assert/${admin}`).expect(200);
      pds.clearRequests();
      await visitor.get('/me').expect(200);
      const grants = pds.tokenRequests().map((request) => request.grant);
      expect(grants).toEqual([
        withRefreshToken ? 'refresh_token' : 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      ]);
    }
    await app.close();
  });

  it('tells of a login that failed', async () => {
    const app = await start();
    await app.visitor().get('/assert/nobody').expect(502);
    expect(app.events).toEqual([
      expect.objectContaining({ type: 'login.failed', provider: 'pds-jwt', error: expect.any(String) }),
    ]);
    await app.close();
  });

  it('gives nobody the tokens of another user, at the login or later', async () => {
    const pds = lab.provider('pds');
    const app = await start();
    const visitor = app.visitor();
    pds.alter('token', (answer) => ({ ...answer, user_id: 'mallory' }));
    await visitor.get(`/assert/${admin}`).expect(502);
    expect(app.events).toMatchObject([{ type: 'login.failed', error: 'provider_protocol' }]);
    await visitor.get('/me').expect(401);
    for (const withRefreshToken of [true, false]) {
      pds.alter('token', ({ refresh_token, ...answer }) => ({
        ...answer,
        expires_in: 0,
        expire_in: 0,
        ...(withRefreshToken && { refresh_token }),
      }));
      await visitor.get(`/assert/${admin}`).expect(200);
      pds.alter('token', (answer) => ({ ...answer, user_id: 'mallory' }));
      await visitor.get('/me').expect(401);
    }
    expect(app.events.filter(({ type }) => type === 'alert')).toHaveLength(2);
    await app.close();
  });

  it('logs in, in the same request, who was logged out before', async () => {
    const app = await start({}, (server) => {
      server.get('/switch', async (req, res, next) => {
        try {
          await req.oauth.logout();
          await req.oauth.logout();
          res.json(await req.oauth.loginWithAssertion('pds-jwt', { sub: admin }));
        } catch (error) {
          next(error);
        }
      });
    });
    const visitor = app.visitor();
    await visitor.get(`/assert/${admin}`).expect(200);
    await visitor.get('/switch').expect(200);
    expect((await visitor.get('/me').expect(200)).body.logins).toHaveLength(1);
    await app.close();
  });

  it('is sent to the app’s own page, where there is one', async () => {
    const { endpoints, details, clients } = lab.provider('pds');
    const { clientId, privateKeyPem: privateKey } = clients.jwt;
    const provider = aliyunPdsJwt({ domainId: details.domainId as string, clientId, privateKey, endpoints });
    for (const [loginPage, status] of [
      ['/sign-in', 302],
      [undefined, 500],
    ] as const) {
      const app = await startApp({
        lab,
        providers: [provider],
        router: loginPage === undefined ? {} : { loginPage },
        routes: (server) => {
          server.get('/go', (req, _res, next) => {
            req.oauth.redirectToLogin({ returnTo: '/me' }).catch(next);
          });
        },
      });
      const answer = await app.visitor().get('/go').expect(status);
      expect(answer.headers.location).toBe(loginPage && `${loginPage}?returnTo=%2Fme`);
      expect(answer.headers['set-cookie']).toBeUndefined();
      await app.close();
    }
  });

  it('has no login page: a visit of its login route is a 404', async () => {
    const app = await start();
    await app.visitor().get('/auth/login/pds-jwt').expect(404);
    const chooser = await app.visitor().get('/auth/login').expect(200);
    expect(chooser.text).not.toContain('pds-jwt');
    await app.close();
  });

  it('makes a super-administrator only if that was asked for, and no user who is not there', async () => {
    const app = await start();
    await app.visitor().get('/assert/labhz001?subType=service').expect(500);
    await app.visitor().get('/assert/nobody').expect(502);
    await app.visitor().get('/assert/somebody?autoCreate=true').expect(200);
    const { details, clients } = lab.provider('pds');
    expect(() =>
      aliyunPdsJwt({
        domainId: details.domainId as string,
        clientId: clients.jwt.clientId,
        privateKey: 'no key',
      }),
    ).toThrow(expect.objectContaining({ name: 'ConfigurationError' } satisfies Partial<ConfigurationError>));
    await app.close();
  });
});

describe('WeLink', () => {
  it('lets administrators in alone where that is asked for, however "true" is spelled', async () => {
    const { settings } = lab.provider('welink');
    const app = await startApp({ lab, providers: [providerOf(lab, 'welink', { requireAdmin: true })] });
    for (const adminSpelling of ['isAdmin', 'isadmin'] as const) {
      for (const adminAsString of [true, false]) {
        Object.assign(settings, { adminSpelling, adminAsString });
        const visitor = app.visitor();
        await visitor.logIn('welink', { user: 'zhangsan' });
        await visitor.get('/me').expect(200);
      }
    }
    const other = app.visitor();
    const answer = await other.get(await other.authorize('welink', { user: 'lisi' })).expect(403);
    expect(answer.text).toContain('user_not_allowed');
    Object.assign(settings, { adminSpelling: 'isAdmin', adminAsString: false });
    await app.close();
  });

  it.each<[string, Record<string, unknown>]>([
    ['another code', { code: '60002', message: 'success' }],
    ['the success code of other calls', { code: '0' }],
    ['no code', {}],
  ])('takes no token answer for a success that has %s', async (_what, change) => {
    const app = await startApp({ lab, providers: [providerOf(lab, 'welink')] });
    const visitor = app.visitor();
    lab.provider('welink').alter('token', ({ code: _code, ...answer }) => ({ ...answer, ...change }));
    await visitor.get(await visitor.authorize('welink')).expect(502);
    await visitor.get('/me').expect(401);
    await app.close();
  });

  it.each([
    ['60007', 502],
    ['60010', 502],
    ['60011', 503],
  ])('tells its error %s as a %i, with its own code', async (code, status) => {
    const app = await startApp({ lab, providers: [providerOf(lab, 'welink')] });
    const visitor = app.visitor();
    const callback = await visitor.authorize('welink');
    lab.provider('welink').fail('token', { status: 400, body: { code, message: 'no' } });
    await visitor.get(callback).expect(status);
    expect(app.events.at(-1)).toMatchObject({ type: 'login.failed', providerError: code });
    await app.close();
  });

  it('never redeems an error that comes back under the name of a code', async () => {
    const app = await startApp({ lab, providers: [providerOf(lab, 'welink')] });
    for (const query of ['code=60007', 'code=60012&message=busy', 'code=abc&message=no']) {
      const visitor = app.visitor();
      const state = new URLSearchParams((await visitor.authorize('welink')).split('?')[1]).get('state');
      lab.provider('welink').clearRequests();
      const answer = await visitor.get(`/auth/callback/welink?${query}&state=${state}`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(lab.provider('welink').tokenRequests()).toEqual([]);
    }
    await app.close();
  });
});

describe('the open-platform shape', () => {
  it.each(['same-token', 'new-token', 'new-both'] as const)(
    'stays logged in when a refresh returns %s',
    async (refreshReturns) => {
      const open = lab.provider('open-platform');
      open.settings.refreshReturns = refreshReturns;
      const app = await startApp({ lab, providers: [providerOf(lab, 'open-platform')] });
      const visitor = app.visitor();
      for (let round = 0; round < 3; round += 1) {
        issueExpired(open);
        if (round === 0) await visitor.logIn('open-platform');
        else await visitor.get('/token').expect(200);
      }
      await waitFor(async () => (await visitor.get('/me')).status === 200);
      await visitor.get('/call/open-platform').expect(200);
      await app.close();
    },
  );

  it('takes a refresh token that lasts 0 seconds for one that does not expire', async () => {
    const open = lab.provider('open-platform');
    const app = await startApp({ lab, providers: [providerOf(lab, 'open-platform')] });
    const visitor = app.visitor();
    open.alter('token', (answer) => ({ ...answer, expires_in: 0, refresh_expires_in: 0 }));
    await visitor.logIn('open-platform');
    open.clearFaults();
    open.clearRequests();
    await visitor.get('/me').expect(200);
    expect(open.tokenRequests()).toHaveLength(1);
    await app.close();
  });

  it('ends the login without a call when the refresh token is past its own expiry', async () => {
    const open = lab.provider('open-platform');
    const app = await startApp({ lab, providers: [providerOf(lab, 'open-platform')] });
    const visitor = app.visitor();
    open.alter('token', (answer) => ({ ...answer, expires_in: 0, refresh_expires_in: 0.001 }));
    await visitor.logIn('open-platform');
    open.clearRequests();
    await visitor.get('/me').expect(401);
    expect(open.tokenRequests()).toEqual([]);
    await app.close();
  });
});
