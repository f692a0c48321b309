import { RedisStore } from 'connect-redis';
import express, { type Express } from 'express';
import expressSession from 'express-session';
import { Redis } from 'ioredis';
import request from 'supertest';
import { aliyun, type OAuthRouter, oauthRouter, oauthSession } from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import { type AppOptions, providerOf, SECRET, startApp, type TestApp, waitFor } from '../support/app.js';
import { breakRecords } from '../support/break-records.js';
import { gate } from '../support/gate.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const KEYS = ['an encryption key of thirty-two bytes'];

let lab: Lab;
let redis: RedisServer;
let client: Redis;
let app: TestApp | undefined;

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
  await app?.close();
  app = undefined;
});
afterAll(async () => {
  client.disconnect();
  await Promise.all([lab.close(), redis.stop()]);
});

const stores: [name: string, options: () => Partial<AppOptions>][] = [
  ['oauthSession in memory', () => ({})],
  ['oauthSession in Redis', () => ({ session: { redis: redis.url } })],
  [
    'an express-session of the app’s own',
    () => ({
      router: { redis: client, encryptionKeys: KEYS },
      useSession: (it) =>
        it.use(
          expressSession({
            secret: SECRET,
            resave: false,
            saveUninitialized: false,
            store: new RedisStore({ client, prefix: 'own:' }),
          }),
        ),
    }),
  ],
];

function routes(it: Express): void {
  it.get('/sessions', async (req, res, next) => {
    const provider = req.query.provider as string | undefined;
    req.oauth.sessions(provider === undefined ? {} : { provider }).then((all) => res.json(all), next);
  });
  it.post('/everywhere', (req, res, next) => {
    const provider = req.query.provider as string | undefined;
    const options = { everywhere: true, ...(provider !== undefined && { provider }) };
    req.oauth.logout(options).then((answer) => res.json(answer), next);
  });
}

async function start(options: Partial<AppOptions>): Promise<TestApp> {
  const providers = [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')];
  app = await startApp({ lab, providers, routes, ...options });
  return app;
}

const revocations = (name = 'aliyun') =>
  lab.provider(name).requests.filter(({ endpoint }) => endpoint === 'revocation');

/** A visitor who has logged in. */
async function loggedIn(at: TestApp, user = 'alice', provider = 'aliyun') {
  const visitor = at.visitor();
  await visitor.logIn(provider, { user });
  return visitor;
}

it('sessions end with the oldest of their logins, where they are ours', async () => {
  const at = await start({ session: { absoluteTimeout: 1000 } });
  const visitor = await loggedIn(at);
  const [{ loggedInAt: first }] = (await visitor.get('/me').expect(200)).body.logins;
  await waitFor(() => Date.now() > first);
  await visitor.logIn('oidc', { user: 'bob' });
  const { body } = await visitor.get('/sessions').expect(200);
  const ends = body.map(({ expiresAt }: { expiresAt: number }) => expiresAt);
  expect(ends).toEqual([first + 1_000_000, first + 1_000_000]);
});

it('takes a login out of a session that a request changes at the same time', async () => {
  const own = new Redis(redis.url);
  const at = await start({
    session: { redis: own },
    routes(it) {
      routes(it);
      it.post('/note', (req, res) => {
        Object.assign(req.session, { note: 'kept' });
        res.json({});
      });
      it.get('/note', (req, res) => void res.json((req.session as { note?: string }).note ?? null));
    },
  });
  const [here, there] = [await loggedIn(at), await loggedIn(at)];
  await there.logIn('oidc', { user: 'bob' });
  let met = 0;
  Object.assign(own, {
    async get(key: string) {
      const text = await Redis.prototype.get.call(own, key);
      // Somebody has looked at the session, and is about to change it.
      if (key.startsWith('sess:') && met++ === 0) await there.post('/note').expect(200);
      return text;
    },
  });
  await here.post('/everywhere?provider=aliyun').expect(200);
  expect(met).toBeGreaterThan(1);
  const { body } = await there.get('/me').expect(200);
  expect(body.logins.map(({ provider }: { provider: string }) => provider)).toEqual(['oidc']);
  expect((await there.get('/note').expect(200)).body).toBe('kept');
  own.disconnect();
});

describe.each(stores)('with %s, a logout everywhere', (name, options) => {
  it('ends all sessions of the user, and of nobody else', async () => {
    const at = await start(options());
    const [phone, desktop, tablet] = [await loggedIn(at), await loggedIn(at), await loggedIn(at)];
    const mallory = await loggedIn(at, 'mallory');
    const { body } = await phone.post('/everywhere').expect(200);
    expect(body).toEqual({ redirectTo: '/' });
    for (const visitor of [phone, desktop, tablet]) {
      await visitor.get('/me').expect(401);
      await visitor.get('/token').expect(401);
      expect((await visitor.get('/auth/session')).body.loggedIn).toBe(false);
    }
    await mallory.get('/me').expect(200);
    // Of a session that is ours nothing is left.
    const left = (await redis.keys()).filter((key) => key.startsWith('sess:'));
    expect(left).toHaveLength(name === 'oauthSession in Redis' ? 1 : 0);
    expect(revocations().map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(revocations().map(({ form }) => form?.token)).size).toBe(3);
    const revoked = at.events.filter(({ type }) => type === 'session.revoked');
    expect(revoked.map(({ outcome, provider }) => [outcome, provider])).toEqual(
      Array(2).fill(['everywhere', 'aliyun']),
    );
    await phone.logIn('aliyun', { user: 'alice' });
    await phone.get('/me').expect(200);
  });

  it('ends the other logins of this session too, but in the other sessions only those of the user', async () => {
    const at = await start(options());
    const [here, there] = [await loggedIn(at), await loggedIn(at)];
    await here.logIn('oidc', { user: 'bob' });
    await there.logIn('oidc', { user: 'bob' });
    await here.post('/everywhere?provider=aliyun').expect(200);
    expect((await here.get('/auth/session')).body.loggedIn).toBe(false);
    const { body } = await there.get('/auth/session');
    expect(body.logins.map(({ provider }: { provider: string }) => provider)).toEqual(['oidc']);
  });

  it('without a provider ends the sessions of every user of this session', async () => {
    const at = await start(options());
    const here = await loggedIn(at);
    await here.logIn('oidc', { user: 'bob' });
    const others = [await loggedIn(at), await loggedIn(at, 'bob', 'oidc')];
    await here.post('/everywhere').expect(200);
    for (const other of others) await other.get('/me').expect(401);
  });

  it('by nobody is an ordinary logout', async () => {
    const at = await start(options());
    const other = await loggedIn(at);
    await at.visitor().post('/everywhere').expect(200);
    await other.get('/me').expect(200);
  });

  it('lets no login through that was being completed', async () => {
    const { pass, arrival, release } = gate();
    const base = options();
    let held = false;
    const at = await start({
      ...base,
      router: { ...base.router, onLogin: () => (held ? pass() : undefined) },
    });
    const here = await loggedIn(at);
    const late = at.visitor();
    const callback = await late.authorize('aliyun', { user: 'alice' });
    held = true;
    const arrived = arrival();
    const completing = late.get(callback).then(({ status }) => status);
    await arrived;
    await here.post('/everywhere').expect(200);
    release();
    expect(await completing).toBe(401);
    await late.get('/me').expect(401);
  });
});

it.each(stores.slice(1))(
  'with %s, a logout everywhere that failed in the middle is finished by the next try',
  async (_name, options) => {
    const at = await start(options());
    const [here, there] = [await loggedIn(at), await loggedIn(at)];
    const broken = await breakRecords(client);
    await here.post('/everywhere').expect(503);
    await broken.mend();
    // Who met the failure is still logged in, and can try again.
    await here.get('/me').expect(200);
    await here.post('/everywhere').expect(200);
    await here.get('/me').expect(401);
    await there.get('/me').expect(401);
    await waitFor(() => revocations().length === 2);
    expect((await redis.keys()).filter((key) => /^oauth:(?:login|index):\{[^}]*\}$/.test(key))).toEqual([]);
  },
);

describe.each(stores)('with %s, the sessions of a user', (_name, options) => {
  it('are listed, the newest first, and this one is marked', async () => {
    const at = await start(options());
    const before = Date.now();
    const [phone, desktop] = [await loggedIn(at), await loggedIn(at)];
    await loggedIn(at, 'mallory');
    const { body } = await phone.get('/sessions').expect(200);
    expect(body).toEqual([
      {
        id: expect.any(String),
        provider: 'aliyun',
        loggedInAt: expect.any(Number),
        expiresAt: expect.any(Number),
        current: false,
      },
      {
        id: expect.any(String),
        provider: 'aliyun',
        loggedInAt: expect.any(Number),
        expiresAt: expect.any(Number),
        current: true,
      },
    ]);
    for (const { loggedInAt, expiresAt } of body) {
      expect(loggedInAt).toBeGreaterThanOrEqual(before);
      expect(expiresAt - loggedInAt).toBe(1_209_600_000);
    }
    const seen = (await desktop.get('/sessions').expect(200)).body as { id: string; current: boolean }[];
    expect(seen.map(({ id }) => id)).toEqual(body.map(({ id }: { id: string }) => id));
    expect(seen.map(({ current }) => current)).toEqual([true, false]);
  });

  it('that have ended are not among them', async () => {
    const at = await start(options());
    const [phone, desktop] = [await loggedIn(at), await loggedIn(at)];
    await desktop.post('/auth/logout').expect(303);
    expect((await phone.get('/sessions').expect(200)).body).toHaveLength(1);
    await phone.logIn('aliyun', { user: 'alice' });
    expect((await phone.get('/sessions').expect(200)).body).toHaveLength(1);
  });

  it('are those of one login, or of all logins of this session', async () => {
    const at = await start(options());
    const here = await loggedIn(at);
    await here.logIn('oidc', { user: 'bob' });
    await loggedIn(at, 'bob', 'oidc');
    const providersOf = async (query: string) =>
      (await here.get(`/sessions${query}`).expect(200)).body.map(
        ({ provider }: { provider: string }) => provider,
      );
    // The newest first, whoever's they are.
    expect(await providersOf('')).toEqual(['oidc', 'oidc', 'aliyun']);
    expect(await providersOf('?provider=aliyun')).toEqual(['aliyun']);
    expect(await providersOf('?provider=oidc')).toEqual(['oidc', 'oidc']);
  });

  it('are for nobody who is not logged in', async () => {
    const at = await start(options());
    const answer = await at.visitor().get('/sessions', { Accept: 'application/json' }).expect(401);
    expect(answer.body.error).toBe('login_required');
  });
});

it('a cookie of a session that was ended elsewhere neither lists sessions nor ends any', async () => {
  // A session store of the app's own still has such a session.
  const at = await start(stores[2]?.[1]() ?? {});
  const [phone, desktop] = [await loggedIn(at), await loggedIn(at)];
  const records = async () => (await redis.keys()).filter((key) => key.startsWith('oauth:login:'));
  const all = await records();
  await phone.get('/sessions').expect(200);
  const { body } = await desktop.get('/sessions').expect(200);
  expect(body).toHaveLength(2);
  // The record of the first login.
  const index = (await redis.keys()).find((key) => /^oauth:index:\{[^}]*\}$/.test(key)) as string;
  const [[first] = []] = Object.entries(await client.hgetall(index))
    .map(([id, entry]) => [id, Number(entry.split(':')[1])] as const)
    .sort(([, one], [, other]) => one - other);
  expect(all).toContain(`oauth:login:{${first}}`);
  await client.del(`oauth:login:{${first}}`);
  await phone.get('/sessions').expect(401);
  await phone.post('/everywhere').expect(200);
  await desktop.get('/me').expect(200);
});

it('listing is no use of the sessions, and one that nobody used for too long is not listed', async () => {
  const at = await start({ session: { redis: redis.url } });
  const [phone] = [await loggedIn(at), await loggedIn(at)];
  expect((await phone.get('/sessions')).body).toHaveLength(2);
  const keys = (await redis.keys()).filter((key) => key.startsWith('sess:'));
  const left = await Promise.all(keys.map((key) => client.pttl(key)));
  const unused = keys[left.indexOf(Math.min(...left))] as string;
  await client.pexpire(unused, 5000);
  expect((await phone.get('/sessions')).body).toHaveLength(2);
  expect(await client.pttl(unused)).toBeLessThanOrEqual(5000);
  // A session without its login, and then none, as after its idle timeout; the login record lives on.
  await client.set(unused, '{}');
  expect((await phone.get('/sessions')).body).toMatchObject([{ current: true }]);
  await client.del(unused);
  expect((await phone.get('/sessions')).body).toMatchObject([{ current: true }]);
});

describe('a router', () => {
  let router: OAuthRouter;
  const subOf = (user: string) => lab.provider('aliyun').users.find(({ id }) => id === user)?.sub as string;
  const provider = () => providerOf(lab, 'aliyun');

  it('lists and ends the sessions of any user', async () => {
    const it = express();
    const session = oauthSession({ secret: SECRET, redis: redis.url });
    router = oauthRouter(provider());
    it.use(session, router);
    const at = await start({ session: { redis: redis.url } });
    const [phone, desktop, mallory] = [await loggedIn(at), await loggedIn(at), await loggedIn(at, 'mallory')];
    // The app above never ran a request; there are two session middlewares in this process.
    await expect(router.sessionsOf({ provider: 'aliyun', sub: subOf('alice') })).rejects.toMatchObject({
      code: 'session_missing',
    });
    await request(it).get('/auth/session').set('Host', 'localhost').expect(200);
    const listed = await router.sessionsOf({ provider: 'aliyun', sub: subOf('alice') });
    expect(listed.map(({ current }) => current)).toEqual([false, false]);
    expect(await router.logoutUser({ provider: 'aliyun', sub: subOf('alice') })).toBe(2);
    await phone.get('/me').expect(401);
    await desktop.get('/me').expect(401);
    await mallory.get('/me').expect(200);
    expect(revocations()).toHaveLength(2);
    expect(await router.sessionsOf({ provider: 'aliyun', sub: subOf('alice') })).toEqual([]);
    expect(await router.logoutUser({ provider: 'aliyun', sub: subOf('alice') })).toBe(0);
    await router.close();
    await session.close();
  });

  it('that has served no request finds the one session middleware of the process', async () => {
    const session = oauthSession({ secret: SECRET, redis: redis.url });
    router = oauthRouter(provider());
    expect(await router.sessionsOf({ provider: 'aliyun', sub: subOf('alice') })).toEqual([]);
    const at = await start({ session: { redis: redis.url } });
    const visitor = await loggedIn(at);
    expect(await router.logoutUser({ provider: 'aliyun', sub: subOf('alice') })).toBe(1);
    await visitor.get('/me').expect(401);
    await router.close();
    await session.close();
  });

  it('with a session of the app’s own finds logins by its option `redis`', async () => {
    const at = await start(stores[2]?.[1]() ?? {});
    const visitor = await loggedIn(at);
    router = oauthRouter(provider(), { redis: client, encryptionKeys: KEYS });
    await request(
      express().use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }), router),
    )
      .get('/auth/session')
      .expect(200);
    expect(await router.logoutUser({ provider: 'aliyun', sub: subOf('alice') })).toBe(1);
    await visitor.get('/me').expect(401);
    await router.close();
  });

  it('refuses users that are none', async () => {
    router = oauthRouter(aliyun({ clientId: 'x', clientSecret: 'y' }));
    for (const user of [
      undefined,
      null,
      {},
      { provider: 'aliyun' },
      { provider: 'aliyun', sub: '' },
      { provider: 'x', sub: 'y' },
    ]) {
      const asked = {
        logoutUser: router.logoutUser(user as never),
        sessionsOf: router.sessionsOf(user as never),
      };
      for (const [method, answer] of Object.entries(asked)) {
        await expect(answer).rejects.toMatchObject({
          name: 'ConfigurationError',
          message: expect.stringContaining(user && 'sub' in user && user.sub ? 'x' : method),
        });
      }
    }
    await router.close();
  });
});
