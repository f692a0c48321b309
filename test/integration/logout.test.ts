import expressSession from 'express-session';
import { type OAuthEvent, type OAuthRouter, type OAuthRouterOptions, oauthRouter } from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import {
  type AppOptions,
  issueExpired,
  providerOf,
  SECRET,
  startApp,
  type TestApp,
  type Visitor,
} from '../support/app.js';

let lab: Lab;
let app: TestApp;
let visitor: Visitor;

beforeAll(async () => {
  lab = await startLab();
  app = await startApp({
    lab,
    providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')],
    router: { timeouts: { provider: 1 } },
  });
});
beforeEach(async () => {
  visitor = app.visitor();
  await visitor.logIn('aliyun');
  for (const provider of Object.values(lab.providers)) {
    provider.clearFaults();
    provider.clearRequests();
  }
});
afterAll(async () => {
  await app.close();
  await lab.close();
});

const revocations = (name: string) =>
  lab.provider(name).requests.filter((request) => request.endpoint === 'revocation');

describe('a logout', () => {
  it('by POST from our own pages, or from no browser, logs out', async () => {
    for (const headers of [{}, { 'Sec-Fetch-Site': 'same-origin' }, { Origin: app.url }] as Record<
      string,
      string
    >[]) {
      const one = app.visitor();
      await one.logIn('aliyun');
      const answer = await one.post('/auth/logout', headers).expect(303);
      expect(answer.headers.location).toBe('/');
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.headers['set-cookie']?.[0]).toMatch(/^sid=; .*Expires=Thu, 01 Jan 1970/);
      await one.get('/me').expect(401);
    }
  });

  it('from another site is refused', async () => {
    for (const headers of [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { Origin: 'https://evil.example.com' },
      { Origin: 'null' },
    ] as Record<string, string>[]) {
      await visitor.post('/auth/logout', headers).expect(403);
      await visitor.get('/me').expect(200);
    }
  });

  it('by GET asks first, unless it comes from our own pages', async () => {
    const page = await visitor.get('/auth/logout', { 'Sec-Fetch-Site': 'cross-site' }).expect(200);
    expect(page.text).toContain('<form method="post" action="/auth/logout">');
    await visitor.get('/auth/logout').expect(200);
    await visitor
      .get('/auth/logout', { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'image' })
      .expect(200);
    await visitor
      .get('/auth/logout', { 'Sec-Fetch-Site': 'same-origin', 'Sec-Purpose': 'prefetch' })
      .expect(200);
    await visitor.get('/me').expect(200);
    await visitor
      .get('/auth/logout', { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'document' })
      .expect(303);
    await visitor.get('/me').expect(401);
  });

  it('takes the cookie back with the domain and the path for which it was set', async () => {
    const cookie = { domain: 'app.example', path: '/auth' };
    const own = await startApp({ lab, session: { name: 'own', cookie } });
    const setBy = ({ headers }: { headers: Record<string, unknown> }) =>
      (headers['set-cookie'] as string[]).find((one) => one.startsWith('own=')) ?? '';
    // The browser is at another host, and keeps no such cookie.
    const one = own.visitor();
    const given = setBy(await one.logIn('aliyun'));
    expect(given).toMatch(/; Domain=app\.example; Path=\/auth;/);
    const answer = await one.post('/auth/logout', { Cookie: given.split(';')[0] as string }).expect(303);
    expect(setBy(answer)).toMatch(/^own=; Domain=app\.example; Path=\/auth; Expires=Thu, 01 Jan 1970/);
    await own.close();
  });

  it('of a JSON client is told where to go', async () => {
    const answer = await visitor.post('/auth/logout', { Accept: 'application/json' }).expect(200);
    expect(answer.body).toEqual({ redirectTo: '/' });
  });

  it('of nobody is no error', async () => {
    await app.visitor().post('/auth/logout').expect(303);
  });

  it('revokes every login of the session, and goes on to the end-session page of a provider that has one', async () => {
    await visitor.logIn('oidc');
    const answer = await visitor.post('/auth/logout').expect(303);
    expect(revocations('aliyun').map((request) => request.status)).toEqual([200]);
    expect(revocations('oidc').map((request) => request.status)).toEqual([200]);
    const end = new URL(answer.headers.location as string);
    expect(end.href.split('?')[0]).toBe(lab.provider('oidc').endpoints.endSession);
    expect((await lab.provider('oidc').signOut(end)).href).toBe(`${app.url}/`);
  });

  it.each([
    [
      'refuses',
      () => lab.provider('aliyun').fail('revocation', { status: 401, body: { error: 'invalid_client' } }),
    ],
    ['fails', () => lab.provider('aliyun').fail('revocation', { status: 500 })],
    ['cuts the connection', () => lab.provider('aliyun').drop('revocation')],
    ['hangs', () => lab.provider('aliyun').slow('revocation', 3_600_000)],
  ])('ends the session though the provider %s', async (_what, break_) => {
    break_();
    app.events.length = 0;
    await visitor.post('/auth/logout').expect(303);
    await visitor.get('/me').expect(401);
    expect(app.events.map((event) => event.type)).toEqual(['logout.revocation_failed', 'logout.completed']);
    lab.provider('aliyun').clearFaults();
  });

  it('during a refresh revokes what the refresh brings', async () => {
    const aliyun = lab.provider('aliyun');
    issueExpired(aliyun);
    aliyun.settings.rotateRefreshTokens = true;
    const one = app.visitor();
    await one.logIn('aliyun');
    const issued = (await one.get('/auth/session').expect(200)).body;
    expect(issued.loggedIn).toBe(true);
    aliyun.slow('token', 300);
    const arrived = aliyun.nextRequest('token');
    const refreshing = one.get('/me').then((answer) => answer.status);
    await arrived;
    await one.post('/auth/logout').expect(303);
    expect(await refreshing).toBe(401);
    const fresh = aliyun.tokenRequests('refresh_token').at(-1)?.answer as { refresh_token: string };
    expect(revocations('aliyun').map((request) => request.form?.token)).toContain(fresh.refresh_token);
    await one.get('/me').expect(401);
    aliyun.settings.rotateRefreshTokens = false;
  });
});

describe('a logout from a session with logins of two routers', () => {
  const keys = (name: string): OAuthRouterOptions => ({
    encryptionKeys: [`the encryption key of the router ${name}`],
  });
  const ownSession: Partial<AppOptions> = {
    router: keys('a'),
    useSession: (it) => it.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false })),
  };
  const sharedKey: Partial<AppOptions> = {};
  const ownKeys: Partial<AppOptions> = { router: keys('a') };
  let one: TestApp;
  let staff: OAuthRouter;
  let events: OAuthEvent[];

  /** The lab's oidc has a router of its own, behind the one of aliyun. */
  async function start(options = sharedKey): Promise<Visitor> {
    events = [];
    const onEvent = (event: OAuthEvent) => void events.push(event);
    const own = options.router === undefined ? {} : keys('b');
    staff = oauthRouter(providerOf(lab, 'oidc'), { basePath: '/staff', onEvent, ...own });
    one = await startApp({
      lab,
      ...options,
      router: { ...options.router, onEvent },
      routes(it) {
        it.use(staff);
        it.get('/all', (req, res) => void res.json(req.oauth.logins.map(({ provider }) => provider)));
        it.post('/out', (req, res, next) => {
          const everywhere = req.query.everywhere === 'true';
          req.oauth
            .logout({ ...req.query, everywhere })
            .then(({ redirectTo }) => res.redirect(303, redirectTo), next);
        });
      },
    });
    lab.provider('oidc').registerRedirectUri(`${one.url}/staff/callback/oidc`);
    const both = await loggedIn();
    expect((await both.get('/all')).body.sort()).toEqual(['aliyun', 'oidc']);
    return both;
  }

  /** Logs in at the second router, and at the first one unless that is not wanted. */
  async function loggedIn(wanted = ['aliyun', 'oidc']): Promise<Visitor> {
    const both = one.visitor();
    if (wanted.includes('aliyun')) await both.logIn('aliyun');
    const started = await both.get('/staff/login/oidc').expect(302);
    const callback = await lab.provider('oidc').signIn(started.headers.location as string);
    await both.get(callback.pathname + callback.search).expect(303);
    return both;
  }

  afterEach(async () => {
    await one.close();
    await staff.close();
  });

  const statuses = () => ['aliyun', 'oidc'].map((name) => revocations(name).map(({ status }) => status));
  const outcomes = () =>
    events
      .filter(({ type }) => type === 'logout.completed')
      .map(({ provider, outcome }) => `${provider} ${outcome}`)
      .sort();

  it.each<[string, Partial<AppOptions>, string]>([
    ['by the app, with one key for all', sharedKey, '/out'],
    ['by the app, where each router has its key', ownKeys, '/out'],
    ['by the app, with a session of its own', ownSession, '/out'],
    ['by the route of the second, with one key for all', sharedKey, '/staff/logout'],
    ['by the route of the second, where each has its key', ownKeys, '/staff/logout'],
    ['by the route of the second, with a session of the app’s own', ownSession, '/staff/logout'],
    ['everywhere, with one key for all', sharedKey, '/out?everywhere=true'],
    ['everywhere, where each router has its key', ownKeys, '/out?everywhere=true'],
    ['everywhere, with a session of the app’s own', ownSession, '/out?everywhere=true'],
  ])('%s, revokes the tokens of both and goes on to the end-session page', async (_how, options, path) => {
    const both = await start(options);
    const answer = await both.post(path).expect(303);
    expect(statuses()).toEqual([[200], [200]]);
    expect(outcomes()).toEqual(['aliyun revoked', 'oidc revoked']);
    const end = new URL(answer.headers.location as string);
    expect(end.href.split('?')[0]).toBe(lab.provider('oidc').endpoints.endSession);
    expect(end.searchParams.get('id_token_hint')).toMatch(/^ey/);
    expect((await both.get('/all')).body).toEqual([]);
  });

  it('by the route of the first, which the second never hears of, revokes the tokens of both', async () => {
    const both = await start();
    await both.post('/auth/logout').expect(303);
    expect(statuses()).toEqual([[200], [200]]);
    expect(outcomes()).toEqual(['aliyun revoked', 'oidc revoked']);
    expect((await both.get('/all')).body).toEqual([]);
  });

  it('of one provider alone is done by its router, and leaves the other login', async () => {
    const both = await start(ownKeys);
    await both.post('/out?provider=oidc').expect(303);
    expect(statuses()).toEqual([[], [200]]);
    expect((await both.get('/all')).body).toEqual(['aliyun']);
  });

  it('everywhere revokes what the other sessions of the user have at the second router', async () => {
    const both = await start(ownKeys);
    const elsewhere = await loggedIn(['oidc']);
    await both.post('/out?everywhere=true').expect(303);
    expect(statuses()).toEqual([[200], [200, 200]]);
    expect((await elsewhere.get('/all')).body).toEqual([]);
  });
});
