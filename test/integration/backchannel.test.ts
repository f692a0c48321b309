import { RedisStore } from 'connect-redis';
import type { Express } from 'express';
import expressSession from 'express-session';
import { Redis } from 'ioredis';
import type { OAuthRouterOptions } from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import { type AppOptions, issueExpired, providerOf, SECRET, startApp, type TestApp } from '../support/app.js';
import { gate } from '../support/gate.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

let lab: Lab;
let redis: RedisServer;
let client: Redis;
const opened: TestApp[] = [];

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['aliyun', 'oidc'] }), startRedis({ own: true })]);
  client = new Redis(redis.url);
});
beforeEach(async () => {
  await redis.flush();
  for (const provider of Object.values(lab.providers)) {
    provider.clearFaults();
    provider.clearRequests();
  }
});
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});
afterAll(async () => {
  client.disconnect();
  await Promise.all([lab.close(), redis.stop()]);
});

const ownSession: Partial<AppOptions> & { router: OAuthRouterOptions } = {
  get router() {
    return { redis: client, encryptionKeys: ['an encryption key of thirty-two bytes'] };
  },
  useSession: (it) =>
    it.use(
      expressSession({
        secret: SECRET,
        resave: false,
        saveUninitialized: false,
        store: new RedisStore({ client, prefix: 'own:' }),
      }),
    ),
};
const stores: [name: string, options: () => Partial<AppOptions>][] = [
  ['oauthSession in memory', () => ({})],
  ['oauthSession in Redis', () => ({ session: { redis: redis.url } })],
  ['an express-session of the app’s own', () => ownSession],
];

async function start(options: Partial<AppOptions>, sessionRequired = true): Promise<TestApp> {
  const providers = [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')];
  const app = await startApp({
    lab,
    providers,
    ...options,
    routes(it) {
      it.get('/logins', (req, res) => {
        const { oauth } = req.session as { oauth?: { logins: object } };
        res.json(Object.keys(oauth?.logins ?? {}));
      });
      options.routes?.(it);
    },
  });
  opened.push(app);
  lab
    .provider('oidc')
    .registerBackchannelLogoutUri(`${app.url}/auth/backchannel-logout/oidc`, { sessionRequired });
  return app;
}

/** The user signs out on a page of the provider's, in the browser of the last login there. */
async function signOutAtProvider(user = 'alice'): Promise<void> {
  const { endpoints, clients } = lab.provider('oidc');
  const url = `${endpoints.endSession}?client_id=${clients.web.clientId}&post_logout_redirect_uri=`;
  const app = opened.at(-1) as TestApp;
  await lab.provider('oidc').signOut(`${url}${encodeURIComponent(`${app.url}/`)}`, { user });
}

const revoked = ({ events }: TestApp) => events.filter(({ type }) => type === 'session.revoked');

describe.each(stores)('with %s, who signs out at the provider', (_name, options) => {
  it('is logged out here, in that session alone', async () => {
    const app = await start(options());
    const [phone, desktop, bob] = [app.visitor(), app.visitor(), app.visitor()];
    await phone.logIn('oidc', { user: 'alice' });
    await bob.logIn('oidc', { user: 'bob' });
    await desktop.logIn('oidc', { user: 'alice' });
    await signOutAtProvider('alice');
    await desktop.get('/me').expect(401);
    // The guard has taken it out of the session, too.
    expect((await desktop.get('/logins').expect(200)).body).toEqual([]);
    await desktop.get('/token').expect(401);
    expect((await desktop.get('/auth/session').expect(200)).body).toMatchObject({ loggedIn: false });
    await phone.get('/me').expect(200);
    await bob.get('/me').expect(200);
    expect(revoked(app)).toEqual([
      expect.objectContaining({ provider: 'oidc', outcome: 'backchannel', login: expect.any(String) }),
    ]);
    // Which tokens outlive the session is the provider's decision.
    expect(lab.provider('oidc').requests.filter(({ endpoint }) => endpoint === 'revocation')).toEqual([]);
    await desktop.logIn('oidc', { user: 'alice' });
    await desktop.get('/me').expect(200);
  });

  it('is logged out of all sessions where the provider names the user alone', async () => {
    const app = await start(options(), false);
    const visitors = Array.from({ length: 12 }, () => app.visitor());
    const bob = app.visitor();
    await bob.logIn('oidc', { user: 'bob' });
    for (const visitor of visitors) await visitor.logIn('oidc', { user: 'alice' });
    await signOutAtProvider('alice');
    for (const visitor of visitors) await visitor.get('/me').expect(401);
    await bob.get('/me').expect(200);
    expect(new Set(revoked(app).map(({ login }) => login)).size).toBe(12);
  });

  it('keeps the login at another provider, in the same session', async () => {
    const app = await start(options());
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    await visitor.logIn('oidc', { user: 'alice' });
    await signOutAtProvider('alice');
    const { body } = await visitor.get('/auth/session').expect(200);
    expect(body.logins.map((login: { provider: string }) => login.provider)).toEqual(['aliyun']);
    await visitor.get('/call/aliyun').expect(200);
    await visitor.get('/call/oidc').expect(401);
  });

  it('is found in the session that a later login at another provider has moved the login to', async () => {
    const app = await start(options());
    const visitor = app.visitor();
    await visitor.logIn('oidc', { user: 'alice' });
    await visitor.logIn('aliyun');
    await signOutAtProvider('alice');
    const { body } = await visitor.get('/auth/session').expect(200);
    expect(body.logins.map((login: { provider: string }) => login.provider)).toEqual(['aliyun']);
  });

  it('is not brought back by a request that holds the session', async () => {
    const { pass, arrival, release } = gate();
    const app = await start({
      ...options(),
      routes: (it: Express) => {
        it.get('/write', async (req, res) => {
          Object.assign(req.session, { note: 'written' });
          await pass();
          res.json({});
        });
      },
    });
    for (const linked of [false, true]) {
      const visitor = app.visitor();
      if (linked) await visitor.logIn('aliyun');
      await visitor.logIn('oidc', { user: 'alice' });
      const arrived = arrival();
      const writing = visitor.get('/write').then((answer) => answer.status);
      await arrived;
      await signOutAtProvider('alice');
      release();
      expect(await writing).toBe(200);
      // First, and without a look at the record, which would mend a session of ours.
      const { body } = await visitor.get('/auth/session').expect(200);
      expect(body.logins.map((login: { provider: string }) => login.provider)).toEqual(
        linked ? ['aliyun'] : [],
      );
      await visitor.get('/call/oidc').expect(401);
    }
  });

  it('is not brought back by a refresh in flight, whose tokens are revoked', async () => {
    const app = await start(options());
    const oidc = lab.provider('oidc');
    const visitor = app.visitor();
    issueExpired(oidc);
    await visitor.logIn('oidc', { user: 'alice' });
    // Signing out at this provider revokes the refresh token: it must answer before, and be heard afterwards.
    oidc.slow('token', 500);
    const arrived = oidc.nextRequest('token');
    const refreshing = visitor.get('/me').then((answer) => answer.status);
    await arrived;
    await signOutAtProvider('alice');
    expect(await refreshing).toBe(401);
    const { answer } = oidc.tokenRequests('refresh_token').at(-1) ?? {};
    const { refresh_token: brought } = answer as { refresh_token: string };
    const revocations = oidc.requests.filter(({ endpoint }) => endpoint === 'revocation');
    expect(revocations.map(({ form }) => form?.token)).toEqual([brought]);
    await visitor.get('/me').expect(401);
  });

  it('while a login there is being completed, does not get that login', async () => {
    const { pass, arrival, release } = gate();
    let closed = true;
    const base = options();
    const app = await start({
      ...base,
      router: { ...base.router, onLogin: () => (closed ? pass() : undefined) },
    });
    const visitor = app.visitor();
    const callback = await visitor.authorize('oidc', { user: 'alice' });
    const arrived = arrival();
    const completing = visitor.get(callback, { Accept: 'application/json' }).then((answer) => answer);
    await arrived;
    await signOutAtProvider('alice');
    closed = false;
    release();
    const { status, body } = await completing;
    expect([status, body.error, body.login_url]).toEqual([401, 'login_ended', '/auth/login/oidc']);
    await visitor.get('/me').expect(401);
    // Whoever logs in again has a new session at the provider.
    await visitor.logIn('oidc', { user: 'alice' });
    await visitor.get('/me').expect(200);
  });

  it('while another login is being linked, loses the one and gets the other', async () => {
    const { pass, arrival, release } = gate();
    const base = options();
    const app = await start({
      ...base,
      router: {
        ...base.router,
        onLogin: (login) => (login.provider === 'aliyun' ? pass() : undefined),
      },
    });
    const visitor = app.visitor();
    await visitor.logIn('oidc', { user: 'alice' });
    const callback = await visitor.authorize('aliyun');
    const arrived = arrival();
    const completing = visitor.get(callback).then((answer) => answer.status);
    await arrived;
    await signOutAtProvider('alice');
    release();
    expect(await completing).toBe(303);
    await visitor.get('/call/oidc').expect(401);
    const { body } = await visitor.get('/auth/session').expect(200);
    expect(body.logins.map((login: { provider: string }) => login.provider)).toEqual(['aliyun']);
  });
});

it('leaves nothing behind but short-lived markers that name nobody', async () => {
  const app = await start({ session: { redis: redis.url } });
  const visitor = app.visitor();
  await visitor.logIn('oidc', { user: 'alice' });
  const { sub } = lab.provider('oidc').users.find(({ id }) => id === 'alice') ?? { sub: '' };
  const indexed = (await redis.keys()).filter((key) => key.startsWith('oauth:index:'));
  expect(indexed).toHaveLength(2);
  for (const key of indexed) {
    expect(key).not.toContain(sub);
    expect(JSON.stringify(await client.hgetall(key))).not.toContain(sub);
  }
  await signOutAtProvider('alice');
  const left = (await redis.keys()).filter((key) => !key.startsWith('oauth:browser:'));
  expect(left.filter((key) => !/^oauth:index:\{[\w-]{22}\}:ended$|^oauth:used:[\w-]{43}$/.test(key))).toEqual(
    [],
  );
  for (const key of left) expect(await client.pttl(key)).toBeLessThanOrEqual(10 * 60_000);
});
