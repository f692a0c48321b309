import { requireLogin } from '../../src/index.js';
import { type Lab, type LabProvider, startLab } from '../../src/testing/index.js';
import { issueExpired, providerOf, startApp, type TestApp, type Visitor, waitFor } from '../support/app.js';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

describe.each(['aliyun', 'oidc'])('a token of %s', (name) => {
  let app: TestApp;
  let provider: LabProvider;
  let visitor: Visitor;

  beforeEach(async () => {
    provider = lab.provider(name);
    provider.clearFaults();
    app = await startApp({ lab, providers: [providerOf(lab, name)], router: { timeouts: { provider: 2 } } });
    visitor = app.visitor();
  });
  afterEach(() => app.close());

  /** Logs in with a token that lives for so many seconds; later tokens live for an hour. */
  async function logInFor(seconds: number) {
    provider.alter('token', (answer) => ({ ...answer, expires_in: seconds }));
    await visitor.logIn(name);
    provider.clearRequests();
  }

  it('that is about to expire still serves at once, and is renewed behind the request', async () => {
    await logInFor(30);
    const before = (await visitor.get('/me').expect(200)).body.logins[0].expiresAt;
    await waitFor(() => app.events.some((event) => event.type === 'token.refreshed'));
    expect(provider.tokenRequests('refresh_token')).toHaveLength(1);
    await waitFor(async () => (await visitor.get('/me')).body.logins[0].expiresAt > before + 3_000_000);
    expect(provider.tokenRequests('refresh_token')).toHaveLength(1);
  });

  it('that is about to expire serves though the provider hangs', async () => {
    await logInFor(30);
    provider.slow('token', 3_600_000);
    await visitor.get('/me').expect(200);
    // Nobody has waited until the refresh was given up.
    expect(app.events.filter(({ type }) => type === 'token.refresh_failed')).toEqual([]);
    await visitor.get('/me').expect(200);
    expect(provider.tokenRequests('refresh_token').length).toBeLessThanOrEqual(1);
    provider.clearFaults();
  });

  it('that is about to expire serves no longer once a refresh behind a request has ended the login', async () => {
    await logInFor(30);
    provider.revokeAll();
    await visitor.get('/me').expect(200);
    await waitFor(() => app.events.some((event) => event.type === 'token.refresh_failed'));
    await visitor.get('/me').expect(401);
  });

  it('that has expired is renewed once for many requests', async () => {
    await logInFor(0);
    const answers = await Promise.all(Array.from({ length: 50 }, () => visitor.get('/token')));
    expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(200));
    expect(new Set(answers.map((answer) => answer.body.accessToken)).size).toBe(1);
    expect(provider.tokenRequests('refresh_token')).toHaveLength(1);
  });

  it('keeps what the refresh answer leaves out', async () => {
    await logInFor(0);
    if (name === 'oidc') {
      provider.alter('token', ({ id_token: _1, scope: _2, ...answer }) => answer);
    }
    const { body } = await visitor.get('/token').expect(200);
    expect(body.refreshToken).toEqual(expect.any(String));
    expect(body.idToken).toEqual(expect.any(String));
    expect(body.scope).toContain('openid');
  });

  it('ends the login when the provider no longer honours the refresh token', async () => {
    await logInFor(0);
    provider.revokeAll();
    const answer = await visitor.get('/me').expect(401);
    expect(answer.body).toEqual({ error: 'login_required', login_url: `/auth/login/${name}` });
    expect(answer.headers['www-authenticate']).toContain(`/auth/login/${name}`);
    provider.clearRequests();
    await visitor.get('/me').expect(401);
    expect(provider.tokenRequests()).toEqual([]);
    await visitor.logIn(name);
    await visitor.get('/me').expect(200);
  });

  const outages: [what: string, break_: () => void][] = [
    ['answers 500', () => provider.fail('token', { status: 500, times: 100 })],
    [
      'answers 429',
      () => provider.fail('token', { status: 429, times: 100, headers: { 'Retry-After': '2' } }),
    ],
    ['is down', () => provider.down(true)],
  ];

  it.each(outages)(
    'is not lost when the provider %s: 503 with Retry-After, and no logout',
    async (_what, break_) => {
      await logInFor(0);
      break_();
      for (let count = 0; count < 3; count += 1) {
        const answer = await visitor.get('/me').expect(503);
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      }
      // Nobody tries again before the pause is over.
      expect(provider.tokenRequests('refresh_token').length).toBeLessThanOrEqual(1);
      provider.down(false);
      provider.clearFaults();
      await waitFor(async () => (await visitor.get('/me')).status === 200);
    },
  );

  it.each([
    [
      'an error about the app',
      () => provider.fail('token', { status: 401, body: { error: 'invalid_client' }, times: 2 }),
    ],
    ['nonsense', () => provider.fail('token', { status: 200, body: 'OK', times: 2 })],
    ['400 without a body', () => provider.fail('token', { status: 400, body: '', times: 2 })],
    ['a missing access token', () => provider.alter('token', ({ access_token: _gone, ...answer }) => answer)],
  ])('is not lost when the provider answers %s: 502, an alert, and no logout', async (_what, break_) => {
    // A provider that rotates has spent the refresh token by then; this is about the login, so it may be used again.
    provider.settings.reuseGrace = 60;
    await logInFor(0);
    break_();
    await visitor.get('/me').expect(502);
    expect(app.events.map((event) => event.type)).toContain('alert');
    provider.clearFaults();
    await waitFor(async () => (await visitor.get('/me')).status === 200);
    provider.settings.reuseGrace = 0;
  });

  it('that the API refuses is renewed, and the call tried once more', async () => {
    await logInFor(3600);
    provider.expireAccessTokens();
    await visitor.get(`/call/${name}`).expect(200);
    expect(provider.tokenRequests('refresh_token')).toHaveLength(1);
    expect(provider.requests.filter((one) => one.endpoint === 'api').map((one) => one.status)).toEqual([
      401, 200,
    ]);
  });
});

it('without a refresh token ends with its life, and a navigation goes to the provider again', async () => {
  const aliyun = lab.provider('aliyun');
  const app = await startApp({ lab, providers: [providerOf(lab, 'aliyun', { accessType: 'online' })] });
  const visitor = app.visitor();
  issueExpired(aliyun);
  await visitor.logIn('aliyun');
  aliyun.clearRequests();
  const answer = await visitor.get('/me?x=1', { Accept: 'text/html' }).expect(302);
  expect(answer.headers.location).toBe('/auth/login/aliyun?returnTo=%2Fme%3Fx%3D1');
  await visitor.get('/me').expect(401);
  expect(aliyun.tokenRequests()).toEqual([]);
  await app.close();
});

it('a refresh that grants less than before counts at once, and for all requests after it', async () => {
  const aliyun = lab.provider('aliyun');
  const app = await startApp({
    lab,
    routes: (it) =>
      it.get('/profile', requireLogin({ scope: 'profile' }), (_req, res) => void res.send('ok')),
  });
  const visitor = app.visitor();
  issueExpired(aliyun);
  await visitor.logIn('aliyun');
  aliyun.clearRequests();
  aliyun.alter('token', (answer) => ({ ...answer, scope: 'openid' }));
  const refused = await visitor.get('/profile', { Accept: 'application/json' }).expect(403);
  expect(refused.body.error).toBe('insufficient_scope');
  await visitor.get('/profile').expect(403);
  const { body } = await visitor.get('/me').expect(200);
  expect(body.logins[0].scope).toEqual(['openid']);
  expect(aliyun.tokenRequests()).toHaveLength(1);
  await app.close();
});

it('a refreshed id_token for another user ends the login with an alert', async () => {
  const oidc = lab.provider('oidc');
  const app = await startApp({ lab, providers: [providerOf(lab, 'oidc')] });
  const [alice, bob] = [app.visitor(), app.visitor()];
  issueExpired(oidc);
  await alice.logIn('oidc', { user: 'alice' });
  await bob.logIn('oidc', { user: 'bob' });
  const bobs = (await bob.get('/token').expect(200)).body.idToken;
  oidc.alter('token', (answer) => ({ ...answer, id_token: bobs }));
  await alice.get('/me').expect(401);
  expect(app.events.find((event) => event.type === 'alert')).toMatchObject({ error: 'id_token_invalid' });
  await bob.get('/me').expect(200);
  await app.close();
});
