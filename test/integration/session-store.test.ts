import type { Express } from 'express';
import expressSession from 'express-session';
import { Redis } from 'ioredis';
import { type Lab, startLab } from '../../src/testing/index.js';
import { issueExpired, providerOf, startApp, type TestApp, waitFor } from '../support/app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

let lab: Lab;
let redis: RedisServer;

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['aliyun', 'oidc'] }), startRedis({ own: true })]);
});
afterAll(() => Promise.all([lab.close(), redis.stop()]));

describe.each(['memory', 'Redis'])('a session in %s', (where) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({
      lab,
      providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')],
      session: where === 'Redis' ? { redis: redis.url } : {},
      routes: (it: Express) => {
        it.get('/put/:name/:value', (req, res) => {
          Object.assign(req.session, { [req.params.name]: req.params.value });
          res.json({});
        });
        it.get('/data', (req, res) => void res.json(req.session));
        it.get('/end-oidc', async (req, res) => void res.json(await req.oauth.logout({ provider: 'oidc' })));
      },
    });
  });
  afterAll(() => app.close());

  it('keeps data under names that are numbers, and what is saved after them', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    for (const path of ['/put/color/red', '/put/42/yes', '/put/color/blue', '/put/cart/full']) {
      await visitor.get(path).expect(200);
    }
    const { body } = await visitor.get('/data').expect(200);
    expect(body).toMatchObject({ 42: 'yes', color: 'blue', cart: 'full' });
    await visitor.get('/me').expect(200);
  });

  it('loses a login that is ended while many requests note a refresh', async () => {
    const visitor = app.visitor();
    await visitor.logIn('oidc');
    issueExpired(lab.provider('aliyun'));
    await visitor.logIn('aliyun');
    const requests = Array.from({ length: 30 }, () => visitor.get('/call/aliyun'));
    const [ended, ...answers] = await Promise.all([visitor.get('/end-oidc'), ...requests]);
    expect([ended.status, ...answers.map((answer) => answer.status)]).toEqual(Array(31).fill(200));
    const { body } = await visitor.get('/auth/session').expect(200);
    expect(body.logins.map((login: { provider: string }) => login.provider)).toEqual(['aliyun']);
  });
});

it('a login whose session cannot be stored leaves the old session and its logins as they were', async () => {
  const admin = new Redis(redis.url);
  await redis.flush();
  await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '+@all', '~*');
  const app = await startApp({
    lab,
    providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')],
    session: { redis: `redis://app:secret@127.0.0.1:${redis.port}` },
    router: {
      onLogin: async (login) => {
        if (login.provider !== 'oidc') return;
        // From here on no session can be stored but those that are there.
        const sessions = (await redis.keys()).filter((key) => key.startsWith('sess:'));
        const allowed = ['oauth:*', ...sessions].map((key) => `~${key}`);
        await admin.call('ACL', 'SETUSER', 'app', 'resetkeys', ...allowed);
      },
    },
  });
  const visitor = app.visitor();
  await visitor.logIn('aliyun');
  lab.provider('oidc').clearRequests();
  await visitor.get(await visitor.authorize('oidc')).expect(503);
  await admin.call('ACL', 'SETUSER', 'app', '~*');
  const { body } = await visitor.get('/me').expect(200);
  expect(body.logins.map((login: { provider: string }) => login.provider)).toEqual(['aliyun']);
  await visitor.get('/call/aliyun').expect(200);
  // Nothing is left of the login that failed: neither its record nor, at the provider, its refresh token.
  const records = async () => (await redis.keys()).filter((key) => key.startsWith('oauth:login:')).length;
  const revoked = () => lab.provider('oidc').requests.some((request) => request.endpoint === 'revocation');
  await waitFor(async () => (await records()) === 1 && revoked());
  admin.disconnect();
  await app.close();
});

describe('a login, while some commands fail', () => {
  let admin: Redis;
  let app: TestApp;
  let atLogin: (provider: string) => Promise<unknown>;
  /** Commands that the app may not use from now on; none gives all of them back. */
  const forbid = (...commands: string[]) =>
    admin.call('ACL', 'SETUSER', 'app', '+@all', ...commands.map((name) => `-${name}`));

  beforeEach(async () => {
    admin = new Redis(redis.url);
    await redis.flush();
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '+@all', '~*');
    atLogin = async () => {};
    app = await startApp({
      lab,
      providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')],
      session: { redis: `redis://app:secret@127.0.0.1:${redis.port}` },
      router: { onLogin: ({ provider }) => atLogin(provider) as Promise<void> },
      routes: (it: Express) => {
        it.post('/everywhere', (req, res, next) => {
          req.oauth.logout({ everywhere: true }).then((answer) => res.json(answer), next);
        });
        it.get('/all-sessions', (req, res, next) => {
          req.sessionStore.all?.((error, all) =>
            error ? next(error) : res.json(Object.keys(all ?? []).length),
          );
        });
        it.get('/destroy', (req, res, next) => {
          req.session.destroy((error) => (error ? next(error) : res.send('gone')));
        });
        it.get('/clear', (req, res, next) => {
          req.sessionStore.clear?.((error) => (error ? next(error) : res.send('gone')));
        });
      },
    });
  });
  afterEach(async () => {
    await forbid();
    await app.close();
    admin.disconnect();
  });

  const keysOf = async (start: string) => (await redis.keys()).filter((key) => key.startsWith(start));
  const recordKeys = () => keysOf('oauth:login:');
  const sessionKeys = () => keysOf('sess:');
  /** How many logins can be found by the names of their users. */
  const indexed = async () => {
    const counts = await Promise.all((await keysOf('oauth:index:')).map((key) => admin.hlen(key)));
    return counts.reduce((sum, count) => sum + count, 0);
  };

  it('is complete though what it replaces cannot be ended', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const [old] = (await redis.keys()).filter((key) => key.startsWith('oauth:login:'));
    await admin.del(old as string);
    await admin.lpush(old as string, 'no record');
    await visitor.logIn('aliyun');
    await visitor.get('/me').expect(200);
    await visitor.get('/token').expect(200);
  });

  it('is complete though the old session cannot be ended at once, and its other logins are where they can be found', async () => {
    const [visitor, elsewhere] = [app.visitor(), app.visitor()];
    await visitor.logIn('aliyun');
    const [old] = (await redis.keys()).filter((key) => key.startsWith('sess:')) as [string];
    await elsewhere.logIn('aliyun');
    atLogin = (provider) => (provider === 'oidc' ? forbid('getdel') : Promise.resolve());
    await visitor.get(await visitor.authorize('oidc')).expect(303);
    expect((await visitor.get('/me').expect(200)).body.logins).toHaveLength(2);
    expect(await admin.exists(old)).toBe(1);
    await forbid();
    await waitFor(async () => (await admin.exists(old)) === 0);
    expect((await visitor.get('/me').expect(200)).body.logins).toHaveLength(2);
    await elsewhere.post('/everywhere').expect(200);
    expect((await visitor.get('/me').expect(200)).body.logins).toMatchObject([{ provider: 'oidc' }]);
  });

  it('fails where nothing of it can be stored, and leaves the session as it was', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    atLogin = () => forbid('getex', 'set');
    await visitor.get(await visitor.authorize('oidc')).expect(503);
    await forbid();
    expect((await visitor.get('/me').expect(200)).body.logins).toMatchObject([{ provider: 'aliyun' }]);
    expect([(await recordKeys()).length, (await sessionKeys()).length]).toEqual([1, 1]);
  });

  it('can be ended later, all at once, where it cannot be ended now', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    await forbid('getdel');
    await visitor.post('/auth/logout').expect(503);
    await visitor.get('/me').expect(200);
    await visitor.get('/token').expect(200);
    await forbid();
    await waitFor(async () => (await visitor.get('/me')).status === 401);
    await waitFor(async () => (await redis.keys()).every((key) => !key.startsWith('oauth:login:')));
    await waitFor(() =>
      app.events.some(({ type, outcome }) => type === 'logout.completed' && outcome === 'revoked'),
    );
  });

  it('that cannot be found leaves the old session, and no other', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const [old] = await sessionKeys();
    atLogin = async () => {
      const allowed = ['sess:', 'oauth:login:', 'oauth:browser:', 'oauth:used:', 'oauth:{revocations}'];
      await admin.call('ACL', 'SETUSER', 'app', 'resetkeys', ...allowed.map((start) => `~${start}*`));
    };
    await visitor.get(await visitor.authorize('oidc')).expect(503);
    await admin.call('ACL', 'SETUSER', 'app', '~*');
    await waitFor(async () => (await recordKeys()).length === 1 && (await sessionKeys()).length === 1);
    expect(await sessionKeys()).toEqual([old]);
    expect((await visitor.get('/me').expect(200)).body.logins).toHaveLength(1);
  });

  it('that is found by one of its names alone is found by none', async () => {
    const oidc = lab.provider('oidc');
    // From here on a login has a second name: that of its session at the provider.
    oidc.registerBackchannelLogoutUri(`${app.url}/auth/backchannel-logout/oidc`);
    await app.visitor().logIn('oidc');
    expect(await indexed()).toBe(2);
    const known = await keysOf('oauth:index:');
    atLogin = async () => {
      const allowed = [
        'sess:',
        'oauth:login:',
        'oauth:browser:',
        'oauth:used:',
        'oauth:{revocations}',
        ...known,
      ];
      await admin.call('ACL', 'SETUSER', 'app', 'resetkeys', ...allowed.map((start) => `~${start}*`));
    };
    const visitor = app.visitor();
    await visitor.get(await visitor.authorize('oidc')).expect(503);
    await admin.call('ACL', 'SETUSER', 'app', '~*');
    await waitFor(async () => (await recordKeys()).length === 1 && (await indexed()) === 2);
    expect(await keysOf('oauth:index:')).toEqual(known);
  });

  it('can be ended though Redis is full', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    await admin.config('SET', 'maxmemory', '1');
    try {
      await visitor.post('/auth/logout').expect(303);
    } finally {
      await admin.config('SET', 'maxmemory', '0');
    }
    await visitor.get('/me').expect(401);
  });

  it('does not live longer by a look at all sessions', async () => {
    const [visitor, other] = [app.visitor(), app.visitor()];
    await visitor.logIn('aliyun');
    const [key] = (await redis.keys()).filter((one) => one.startsWith('sess:'));
    await other.logIn('aliyun');
    await admin.pexpire(key as string, 60_000);
    expect((await other.get('/all-sessions').expect(200)).body).toBe(2);
    expect(await admin.pttl(key as string)).toBeLessThanOrEqual(60_000);
  });

  it('is not among all sessions once its absolute lifetime is over', async () => {
    const [visitor, other] = [app.visitor(), app.visitor()];
    await visitor.logIn('aliyun');
    const [key] = (await sessionKeys()) as [string];
    await other.logIn('aliyun');
    const text = (await admin.get(key)) as string;
    await admin.set(key, text.replace(/"since":\d+/, '"since":1'), 'KEEPTTL');
    expect((await other.get('/all-sessions').expect(200)).body).toBe(1);
    expect(await sessionKeys()).toContain(key);
  });

  it('ends when all sessions are cleared', async () => {
    const [visitor, other] = [app.visitor(), app.visitor()];
    await visitor.logIn('aliyun');
    await other.logIn('oidc');
    await other.get('/clear').expect(200);
    await visitor.get('/me').expect(401);
    expect([...(await sessionKeys()), ...(await recordKeys()), ...(await keysOf('oauth:index:'))]).toEqual(
      [],
    );
  });

  it('leaves nothing by which it is found when its session is destroyed', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    await visitor.logIn('oidc');
    expect(await indexed()).toBeGreaterThanOrEqual(2);
    await visitor.get('/destroy').expect(200);
    expect(await keysOf('oauth:index:')).toEqual([]);
  });
});

it('a session of an app that keeps its own is destroyed with its logins', async () => {
  // `req.session.destroy()` of express-session knows nothing of login records.
  const app = await startApp({
    lab,
    useSession: (it) => it.use(expressSession({ secret: 's', resave: false, saveUninitialized: false })),
    router: { redis: redis.url, encryptionKeys: ['an encryption key of thirty-two bytes'] },
    routes: (it: Express) => {
      it.get('/destroy', (req, res, next) => {
        req.session.destroy((error) => (error ? next(error) : res.send('gone')));
      });
    },
  });
  await redis.flush();
  const visitor = app.visitor();
  await visitor.logIn('aliyun');
  expect((await redis.keys()).filter((key) => key.startsWith('oauth:login:'))).toHaveLength(1);
  await visitor.get('/destroy').expect(200);
  expect((await redis.keys()).filter((key) => key.startsWith('oauth:login:'))).toEqual([]);
  await app.close();
});
