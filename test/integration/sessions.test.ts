import { RedisStore } from 'connect-redis';
import type { Express } from 'express';
import expressSession from 'express-session';
import { Redis } from 'ioredis';
import { oidc, requireLogin } from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import {
  issueExpired,
  providerOf,
  SECRET,
  startApp,
  type TestApp,
  type Visitor,
  waitFor,
} from '../support/app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

let lab: Lab;
let redis: RedisServer;
let client: Redis;

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab(), startRedis()]);
  client = new Redis(redis.url);
});
afterAll(async () => {
  client.disconnect();
  await Promise.all([lab.close(), redis.stop()]);
});

/** A route that writes to the session and answers when it is told to. */
function slowWriter() {
  const waiting: (() => void)[] = [];
  let arrived: () => void = () => {};
  return {
    routes: (app: Express) => {
      app.get('/write', async (req, res) => {
        (req.session as unknown as { note: number }).note = Math.random();
        arrived();
        await new Promise<void>((resolve) => waiting.push(resolve));
        res.json({ written: true });
      });
      app.get('/note', (req, res) => {
        res.json({ note: (req.session as unknown as { note?: number }).note ?? null });
      });
      app.get('/destroy', (req, res, next) =>
        req.session.destroy((error) => (error ? next(error) : res.send('gone'))),
      );
      app.get('/regenerate', (req, res, next) =>
        req.session.regenerate((error) => (error ? next(error) : res.send('anew'))),
      );
      app.get('/reload-and-destroy', (req, res, next) => {
        req.session.reload((error) => {
          if (error) return next(error);
          req.session.destroy((failure) => (failure ? next(failure) : res.send('gone')));
        });
      });
      app.get('/switch', async (req, _res, next) => {
        try {
          await req.oauth.logout();
          await req.oauth.redirectToLogin({ provider: 'oidc' });
        } catch (error) {
          next(error);
        }
      });
      app.get('/logout-one', requireLogin, async (req, res) => {
        res.json(await req.oauth.logout({ provider: 'oidc' }));
      });
    },
    arrival: () =>
      new Promise<void>((resolve) => {
        arrived = resolve;
      }),
    release: () => {
      for (const go of waiting.splice(0)) go();
    },
  };
}

describe.each(['memory', 'Redis'])(
  'with oauthSession in %s, a slow request that writes to the session',
  (where) => {
    let app: TestApp;
    const writer = slowWriter();

    beforeAll(async () => {
      const session = where === 'Redis' ? { redis: redis.url } : {};
      const providers = [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')];
      app = await startApp({ lab, session, providers, routes: writer.routes });
    });
    beforeEach(() => redis.flush());
    afterAll(() => app.close());

    it('undoes no refresh, and its own data is kept', async () => {
      const aliyun = lab.provider('aliyun');
      issueExpired(aliyun);
      const visitor = app.visitor();
      await visitor.logIn('aliyun');
      const arrival = writer.arrival();
      const slow = visitor.get('/write').then((answer) => answer);
      await arrival;
      const { body: refreshed } = await visitor.get('/token').expect(200);
      writer.release();
      expect((await slow).status).toBe(200);
      aliyun.clearRequests();
      const { body: after } = await visitor.get('/token').expect(200);
      expect(after.accessToken).toBe(refreshed.accessToken);
      expect((await visitor.get('/me').expect(200)).body.logins[0].expiresAt).toBe(refreshed.expiresAt);
      expect(aliyun.tokenRequests()).toEqual([]);
      expect((await visitor.get('/note')).body.note).toEqual(expect.any(Number));
    });

    it.each(['/auth/logout', '/destroy'])('brings no session back after %s', async (path) => {
      const visitor = app.visitor();
      await visitor.logIn('aliyun');
      const arrival = writer.arrival();
      const cookie = visitor.cookie;
      const slow = app
        .visitor()
        .get('/write', { Cookie: cookie })
        .then((answer) => answer);
      await arrival;
      await (path === '/destroy' ? visitor.get(path).expect(200) : visitor.post(path).expect(303));
      writer.release();
      expect((await slow).status).toBe(200);
      await app.visitor().get('/me', { Cookie: cookie }).expect(401);
      if (where === 'Redis') {
        const keys = await redis.keys();
        expect(keys.filter((key) => /^(?:sess:|oauth:login:)/.test(key))).toEqual([]);
      }
    });

    it('brings no login back that ended in a session which lives on', async () => {
      const visitor = app.visitor();
      await visitor.logIn('aliyun');
      await visitor.logIn('oidc');
      expect((await visitor.get('/me').expect(200)).body.logins).toHaveLength(2);
      const arrival = writer.arrival();
      const slow = visitor.get('/write').then((answer) => answer);
      await arrival;
      await visitor.get('/logout-one').expect(200);
      writer.release();
      expect((await slow).status).toBe(200);
      const { body } = await visitor.get('/me').expect(200);
      expect(body.logins.map((login: { provider: string }) => login.provider)).toEqual(['aliyun']);
      expect((await visitor.get('/note')).body.note).toEqual(expect.any(Number));
      await visitor.post('/auth/logout').expect(303);
    });

    it('does not bring back what a new login has replaced', async () => {
      const visitor = app.visitor();
      await visitor.logIn('aliyun', { user: 'alice' });
      const old = visitor.cookie;
      const arrival = writer.arrival();
      const slow = app
        .visitor()
        .get('/write', { Cookie: old })
        .then((answer) => answer);
      await arrival;
      await visitor.logIn('aliyun', { user: 'owner' });
      writer.release();
      await slow;
      await app.visitor().get('/me', { Cookie: old }).expect(401);
      await visitor.get('/me').expect(200);
      await visitor.post('/auth/logout').expect(303);
    });
  },
);

describe("with an app's own express-session on Redis, a slow request that writes to the session", () => {
  let app: TestApp;
  const writer = slowWriter();

  beforeAll(async () => {
    app = await startApp({
      lab,
      providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')],
      routes: writer.routes,
      router: { redis: client, encryptionKeys: ['an encryption key of thirty-two bytes'] },
      useSession: (it) =>
        it.use(
          expressSession({
            secret: SECRET,
            resave: false,
            saveUninitialized: false,
            store: new RedisStore({ client, prefix: 'own:' }),
          }),
        ),
    });
  });
  beforeEach(() => redis.flush());
  afterAll(() => app.close());

  it('undoes no refresh', async () => {
    const aliyun = lab.provider('aliyun');
    issueExpired(aliyun);
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const arrival = writer.arrival();
    const slow = visitor.get('/write').then((answer) => answer);
    await arrival;
    const { body: refreshed } = await visitor.get('/token').expect(200);
    writer.release();
    await slow;
    aliyun.clearRequests();
    expect((await visitor.get('/token').expect(200)).body.accessToken).toBe(refreshed.accessToken);
    await visitor.get('/me').expect(200);
    expect(aliyun.tokenRequests()).toEqual([]);
  });

  it('brings no login back after a logout', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const cookie = visitor.cookie;
    const arrival = writer.arrival();
    const slow = app
      .visitor()
      .get('/write', { Cookie: cookie })
      .then((answer) => answer);
    await arrival;
    await visitor.post('/auth/logout').expect(303);
    writer.release();
    expect((await slow).status).toBe(200);
    const revenant = app.visitor();
    await revenant.get('/me', { Cookie: cookie }).expect(401);
    await revenant.get('/token', { Cookie: cookie }).expect(401);
    const session = await revenant.get('/auth/session', { Cookie: cookie }).expect(200);
    expect(session.body.loggedIn).toBe(false);
    expect((await redis.keys()).filter((key) => key.startsWith('oauth:login:'))).toEqual([]);
  });

  it.each(['/destroy', '/regenerate', '/reload-and-destroy'])(
    'leaves nothing of a login after %s',
    async (path) => {
      const visitor = app.visitor();
      await visitor.logIn('aliyun');
      await visitor.logIn('oidc');
      expect(await loginKeys()).toHaveLength(2);
      await visitor.get(path).expect(200);
      expect(await loginKeys()).toEqual([]);
      await visitor.get('/me').expect(401);
    },
  );

  it('goes to the login from the request that logged out', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const answer = await visitor.get('/switch').expect(302);
    expect(answer.headers.location).toContain(lab.provider('oidc').origin);
    await visitor.get('/me').expect(401);
  });
});

/** An app with two providers, and somebody who has logged in at the first. */
async function startWithLogin(): Promise<{ app: TestApp; visitor: Visitor }> {
  const app = await startApp({
    lab,
    providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')],
    session: { redis: redis.url },
  });
  const visitor = app.visitor();
  await visitor.logIn('aliyun');
  return { app, visitor };
}

const loginKeys = async () => (await redis.keys()).filter((key) => key.startsWith('oauth:login:'));

describe('a session', () => {
  beforeEach(() => redis.flush());

  it('is none for single-page apps once the token has expired and the record is gone', async () => {
    issueExpired(lab.provider('aliyun'));
    const app = await startApp({ lab, session: { redis: redis.url } });
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const session = async () => (await visitor.get('/auth/session').expect(200)).body;
    expect(await session()).toMatchObject({ loggedIn: true });
    await client.del(...(await loginKeys()));
    expect(await session()).toEqual({ loggedIn: false, user: null, logins: [] });
    lab.provider('aliyun').clearFaults();
    await app.close();
  });

  it('that has ended does not keep its request from beginning the next login', async () => {
    const providers = [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')];
    const app = await startApp({ lab, providers, routes: slowWriter().routes });
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const answer = await visitor.get('/switch').expect(302);
    expect(answer.headers.location).toContain(lab.provider('oidc').origin);
    await visitor.get('/me').expect(401);
    await app.close();
  });

  it('of several logins keeps the first one as its user, and loses all of them when another user logs in', async () => {
    const app = await startApp({ lab, providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')] });
    const visitor = app.visitor();
    await visitor.logIn('aliyun', { user: 'alice' });
    await visitor.logIn('oidc');
    const { body } = await visitor.get('/me').expect(200);
    expect(body.user.provider).toBe('aliyun');
    expect(body.logins.map((login: { provider: string }) => login.provider)).toEqual(['aliyun', 'oidc']);
    await visitor.get('/call/aliyun').expect(200);
    await visitor.get('/call/oidc').expect(200);
    await visitor.logIn('aliyun', { user: 'mallory' });
    const after = (await visitor.get('/me').expect(200)).body;
    expect(after.logins.map((login: { provider: string }) => login.provider)).toEqual(['aliyun']);
    await app.close();
  });

  it('has no login of an issuer that is no longer configured', async () => {
    const session = { redis: redis.url };
    const elsewhere = oidc({
      name: 'oidc',
      issuer: 'https://id.example.com',
      clientId: 'c',
      clientSecret: 's',
    });
    const app = await startApp({ lab, session, providers: [providerOf(lab, 'oidc')] });
    const moved = await startApp({ lab, session, providers: [elsewhere] });
    const visitor = app.visitor();
    await visitor.logIn('oidc');
    const cookie = visitor.cookie;
    await moved.visitor().get('/me', { Cookie: cookie }).expect(401);
    const { body } = await moved.visitor().get('/auth/session', { Cookie: cookie }).expect(200);
    expect(body).toEqual({ loggedIn: false, user: null, logins: [] });
    await visitor.get('/me').expect(200);
    await Promise.all([app.close(), moved.close()]);
  });

  it('ends after its idle timeout', async () => {
    const app = await startApp({ lab, session: { redis: redis.url, idleTimeout: 100 } });
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const key = (await redis.keys()).find((one) => one.startsWith('sess:')) as string;
    const left = await client.pttl(key);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(100_000);
    await client.pexpire(key, 1);
    await waitFor(async () => (await client.exists(key)) === 0);
    await visitor.get('/me').expect(401);
    await app.close();
  });

  it('is kept alive by its requests and, whatever happens, ends after its absolute timeout', async () => {
    const app = await startApp({
      lab,
      session: { redis: redis.url, idleTimeout: 100, absoluteTimeout: 1000 },
    });
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const key = (await redis.keys()).find((one) => one.startsWith('sess:')) as string;
    await client.pexpire(key, 5000);
    await visitor.get('/me').expect(200);
    expect(await client.pttl(key)).toBeGreaterThan(90_000);
    const record = (await redis.keys()).find((one) => one.startsWith('oauth:login:')) as string;
    expect(await client.pttl(record)).toBeLessThanOrEqual(1_000_000);
    // A session of long ago, as its text says.
    const text = (await client.get(key)) as string;
    await client.set(key, text.replace(/"since":\d+/, `"since":${Date.now() - 1_000_001}`), 'KEEPTTL');
    await visitor.get('/me').expect(401);
    expect((await redis.keys()).filter((one) => /^(?:sess:|oauth:login:)/.test(one))).toEqual([]);
    await app.close();
  });

  it('gets no longer absolute lifetime by a login that is linked', async () => {
    const { app, visitor } = await startWithLogin();
    const sessionKey = async () => (await redis.keys()).find((one) => one.startsWith('sess:')) as string;
    const [key, longAgo] = [await sessionKey(), Date.now() - 3_600_000];
    const text = (await client.get(key)) as string;
    const backdated = text.replace(/"(since|loggedInAt)":\d+/g, `"$1":${longAgo}`);
    await client.set(key, backdated, 'KEEPTTL');
    await visitor.logIn('oidc');
    const { oauth } = JSON.parse((await client.get(await sessionKey())) as string);
    expect(Object.keys(oauth.logins)).toEqual(['aliyun', 'oidc']);
    expect(oauth.logins.aliyun.loggedInAt).toBe(longAgo);
    expect(oauth.since).toBe(longAgo);
    await app.close();
  });

  it('leaves no record of a login that another one replaces, nor of those linked to it', async () => {
    const { app, visitor } = await startWithLogin();
    const [first] = await loginKeys();
    await visitor.logIn('aliyun');
    expect(await loginKeys()).toEqual([expect.not.stringContaining(first as string)]);
    await visitor.logIn('oidc');
    expect(await loginKeys()).toHaveLength(2);
    await visitor.logIn('aliyun', { user: 'mallory' });
    expect(await loginKeys()).toHaveLength(1);
    await app.close();
  });

  it.each([
    ['a guarded request', '/me', false],
    ['a guarded request after a refresh', '/me', true],
    ['the route for single-page apps', '/auth/session', false],
  ])('of %s costs one command', async (_what, path, refresh) => {
    const app = await startApp({ lab, session: { redis: redis.url } });
    const visitor = app.visitor();
    if (refresh) issueExpired(lab.provider('aliyun'));
    await visitor.logIn('aliyun');
    lab.provider('aliyun').clearFaults();
    const cost = async () => {
      await client.config('RESETSTAT');
      for (let count = 0; count < 20; count += 1) await visitor.get(path).expect(200);
      const stats = await client.info('commandstats');
      const calls = [...stats.matchAll(/cmdstat_([\w|]+):calls=(\d+)/g)].map(([, name, calls]) => [
        name,
        calls,
      ]);
      return Object.fromEntries(calls.filter(([name]) => !/^(?:config|info)/.test(String(name))));
    };
    // Nobody waits for what a refresh leaves to do.
    if (refresh) await waitFor(async () => Object.keys(await cost()).length === 1);
    expect(await cost()).toEqual({ getex: '20' });
    await app.close();
  });

  describe('with keepSessionData', () => {
    let app: TestApp;

    beforeAll(async () => {
      const routes = (it: Express) => {
        it.get('/fill', (req, res) => {
          Object.assign(req.session, { basket: [1, 2], tracking: 'x' });
          res.send('ok');
        });
        it.get('/session-data', (req, res) => {
          res.json(req.session);
        });
      };
      app = await startApp({ lab, routes, router: { keepSessionData: ['basket'] } });
    });
    afterAll(() => app.close());

    it('keeps what that names, and nothing else, when the id changes', async () => {
      const visitor = app.visitor();
      await visitor.get('/fill').expect(200);
      await visitor.logIn('aliyun');
      const { body } = await visitor.get('/session-data').expect(200);
      expect(body).toMatchObject({ basket: [1, 2] });
      expect(body).not.toHaveProperty('tracking');
    });

    it('keeps nothing of it for another user', async () => {
      const visitor = app.visitor();
      await visitor.logIn('aliyun', { user: 'alice' });
      await visitor.get('/fill').expect(200);
      await visitor.logIn('aliyun', { user: 'mallory' });
      const { body } = await visitor.get('/session-data').expect(200);
      expect(Object.keys(body.oauth.logins)).toEqual(['aliyun']);
      expect(body).not.toHaveProperty('basket');
    });
  });
});
