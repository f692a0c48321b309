import type { ErrorRequestHandler, Express } from 'express';
import expressSession, { MemoryStore } from 'express-session';
import { Redis } from 'ioredis';
import { type Lab, startLab } from '../../src/testing/index.js';
import { providerOf, SECRET, startApp, type TestApp, type Visitor, waitFor } from '../support/app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

/** Sessions of the app's own express-session, with a store that can fail; the login records are in Redis. */

let lab: Lab;
let redis: RedisServer;
let client: Redis;
let app: TestApp;
let visitor: Visitor;
/** What the store is asked for in vain. */
let failing: 'set' | 'destroy' | undefined;
/** What `req.session` was after the last logout. */
let afterLogout: unknown;

class FailingStore extends MemoryStore {
  override set(...[sid, data, done]: Parameters<MemoryStore['set']>): void {
    if (failing === 'set') done?.(new Error('no set'));
    else super.set(sid, data, done);
  }
  override destroy(...[sid, done]: Parameters<MemoryStore['destroy']>): void {
    if (failing === 'destroy') done?.(new Error('no destroy'));
    else super.destroy(sid, done);
  }
}

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['aliyun', 'oidc'] }), startRedis()]);
  client = new Redis(redis.url);
  app = await startApp({
    lab,
    providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')],
    useSession: (it) =>
      it.use(
        expressSession({
          name: 'sid',
          secret: SECRET,
          resave: false,
          saveUninitialized: false,
          store: new FailingStore(),
        }),
      ),
    router: { redis: client, encryptionKeys: ['k'.repeat(32)], keepSessionData: ['basket'] },
    routes: (it: Express) => {
      it.get('/fill', (req, res) => {
        Object.assign(req.session, { basket: [1, 2], tracking: 'x' });
        res.send('ok');
      });
      it.get('/session-data', (req, res) => void res.json(req.session));
      it.post('/logout', (req, res, next) => {
        req.oauth.logout().then((answer) => {
          afterLogout = 'session' in req ? req.session : 'none';
          res.json(answer);
        }, next);
      });
      it.post('/:method/silently', (req, res) => {
        req.session[req.params.method as 'destroy' | 'regenerate' | 'reload'](undefined as never);
        res.send('ok');
      });
      it.post('/:method', (req, res) => {
        req.session[req.params.method as 'destroy' | 'regenerate' | 'reload']((error) => {
          res.json({ error: error ? String(error) : null });
        });
      });
      it.use(((error, _req, res, next) => {
        if (!/^Error: no /.test(String(error))) return next(error);
        res.status(500).json({ error: String(error) });
      }) as ErrorRequestHandler);
    },
  });
});
beforeEach(async () => {
  failing = undefined;
  await redis.flush();
  visitor = app.visitor();
});
afterAll(async () => {
  await app.close();
  client.disconnect();
  await Promise.all([lab.close(), redis.stop()]);
});

const records = async () => (await redis.keys()).filter((key) => key.startsWith('oauth:login:'));
const data = async () => (await visitor.get('/session-data').expect(200)).body;

/** The connection to Redis breaks whenever this command is sent for keys that begin so. */
async function withoutKeys<T>(
  command: 'set' | 'evalsha' | 'evalshaBuffer',
  start: string,
  work: () => PromiseLike<T>,
): Promise<T> {
  const methods = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const send = methods[command] as (...args: unknown[]) => Promise<unknown>;
  methods[command] = async (...args) => {
    if (args.some((arg) => String(arg).startsWith(start))) throw new Error('Connection is closed.');
    return send.apply(client, args);
  };
  try {
    return await work();
  } finally {
    methods[command] = send;
  }
}

describe('a login', () => {
  it('takes with it what `keepSessionData` names, and nothing else', async () => {
    await visitor.get('/fill').expect(200);
    await visitor.logIn('aliyun');
    expect(await data()).toMatchObject({ basket: [1, 2] });
    expect(await data()).not.toHaveProperty('tracking');
  });

  it('takes nothing of it to another user', async () => {
    await visitor.logIn('aliyun', { user: 'alice' });
    await visitor.get('/fill').expect(200);
    await visitor.logIn('aliyun', { user: 'mallory' });
    expect(Object.keys((await data()).oauth.logins)).toEqual(['aliyun']);
    expect(await data()).not.toHaveProperty('basket');
  });

  it('fails where its session cannot be saved, and leaves nothing', async () => {
    const callback = await visitor.authorize('oidc');
    lab.provider('oidc').clearRequests();
    failing = 'set';
    expect((await visitor.get(callback).expect(500)).body).toEqual({ error: 'Error: no set' });
    failing = undefined;
    await visitor.get('/me').expect(401);
    const revoked = () => lab.provider('oidc').requests.some(({ endpoint }) => endpoint === 'revocation');
    await waitFor(async () => (await records()).length === 0 && revoked());
  });

  it('fails where its record cannot be stored, and leaves the session as it was', async () => {
    await visitor.get('/fill').expect(200);
    const callback = await visitor.authorize('oidc');
    await withoutKeys('set', 'oauth:login:', () => visitor.get(callback).expect(503));
    expect(await data()).toMatchObject({ basket: [1, 2], tracking: 'x' });
    expect(await data()).not.toHaveProperty('oauth');
    await visitor.get('/me').expect(401);
  });

  it('fails where it cannot be found by the name of its user, and is in no session', async () => {
    const callback = await visitor.authorize('oidc');
    await withoutKeys('evalsha', 'oauth:index:', () => visitor.get(callback).expect(503));
    expect(await data()).not.toHaveProperty('oauth');
    await waitFor(async () => (await records()).length === 0);
  });
});

describe('a logout', () => {
  it('leaves its request without a session', async () => {
    await visitor.logIn('aliyun');
    await visitor.post('/logout').expect(200);
    expect(afterLogout).toBe('none');
    await visitor.get('/me').expect(401);
  });

  it('that cannot destroy the session says so, and ends the login all the same', async () => {
    await visitor.logIn('aliyun');
    failing = 'destroy';
    expect((await visitor.post('/logout').expect(500)).body).toEqual({ error: 'Error: no destroy' });
    failing = undefined;
    await waitFor(async () => (await records()).length === 0);
    await visitor.get('/token').expect(401);
  });
});

describe.each(['destroy', 'regenerate'])('req.session.%s()', (method) => {
  it('ends the login also for those who do not wait for it', async () => {
    await visitor.logIn('aliyun');
    await visitor.post(`/${method}/silently`).expect(200);
    await waitFor(async () => (await records()).length === 0);
    await waitFor(async () => (await visitor.get('/me')).status === 401);
  });

  it('says that the login could not be ended, and leaves the session', async () => {
    await visitor.logIn('aliyun');
    const { body } = await withoutKeys('evalshaBuffer', 'oauth:login:', () =>
      visitor.post(`/${method}`).expect(200),
    );
    expect(body.error).toMatch(/^StoreUnavailableError/);
    await visitor.get('/token').expect(200);
  });

  it('says what the store says', async () => {
    await visitor.logIn('aliyun');
    failing = 'destroy';
    expect((await visitor.post(`/${method}`).expect(200)).body).toEqual({ error: 'Error: no destroy' });
    expect(await records()).toEqual([]);
  });
});
