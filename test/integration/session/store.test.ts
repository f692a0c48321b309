import type { Express, Request } from 'express';
import type expressSession from 'express-session';
import type { SessionData } from 'express-session';
import { Redis } from 'ioredis';
import request from 'supertest';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import {
  both,
  closeSessionApps,
  cookieOf,
  dataOf,
  middlewares,
  SECRET,
  type SessionApp,
  startSessionApp,
} from '../../support/session-app.js';

type Store = Request['sessionStore'] & { ids(done: (error: unknown, ids?: string[]) => void): void };

afterAll(closeSessionApps);

const routes = (app: Express) => {
  app.get('/set/:n', (req, res) => {
    dataOf(req).n = Number(req.params.n);
    res.json({ id: req.sessionID });
  });
  app.get('/read', (req, res) => void res.json(dataOf(req).n ?? null));
};

describe.each(both)('the store of %s', (middleware) => {
  it('knows the session in a Proxy, as frameworks put around it', async () => {
    let saves = 0;
    const app = await startSessionApp(middlewares[middleware](), (it) => {
      it.use((req, _res, next) => {
        req.session = new Proxy(req.session, {});
        const { set } = Object.getPrototypeOf(req.sessionStore) as expressSession.Store;
        req.sessionStore.set = (...args) => {
          saves += 1;
          set.apply(req.sessionStore, args);
        };
        next();
      });
      routes(it);
    });
    expect(cookieOf(await request(app.url).get('/read').expect(200))).toBeUndefined();
    const agent = app.agent();
    await agent.get('/set/1').expect(200);
    await agent.get('/read').expect(200, '1');
    await agent.get('/set/1').expect(200);
    expect(saves).toBe(1);
    await agent.get('/set/2').expect(200);
    expect(saves).toBe(2);
    await agent.get('/read').expect(200, '2');
  });

  it('makes new sessions by its `generate`, also where somebody has put another in its place', async () => {
    const app = await startSessionApp(middlewares[middleware](), (it) => {
      it.get('/regenerate', (req, res, next) => {
        const { sessionStore } = req;
        const { generate } = sessionStore;
        sessionStore.generate = (one) => {
          sessionStore.generate = generate;
          generate.call(sessionStore, one);
          dataOf(one as Request).n = 12;
        };
        req.session.regenerate((error) => (error ? next(error) : res.json({})));
      });
      routes(it);
    });
    const agent = app.agent();
    await agent.get('/set/1').expect(200);
    await agent.get('/regenerate').expect(200);
    await agent.get('/read').expect(200, '12');
  });

  it('is there for the error handler when a session cannot be read, and so is its id', async () => {
    let broken = false;
    const app = await startSessionApp(middlewares[middleware](), (it) => {
      it.get('/break', (req, res) => {
        // Whichever of the two it reads by.
        const fail = (_sid: string, done: (error: Error) => void) => {
          if (broken) done(new Error('down'));
          throw new Error('down');
        };
        Object.assign(req.sessionStore, { get: fail, open: async () => Promise.reject(new Error('down')) });
        broken = true;
        res.json({ id: req.sessionID });
      });
      routes(it);
      it.use(((error, req, res, _next) => {
        res.status(500).json([error.message, req.sessionID, typeof req.sessionStore, typeof req.session]);
      }) satisfies import('express').ErrorRequestHandler);
    });
    const agent = app.agent();
    const { id } = (await agent.get('/set/1')).body;
    await agent.get('/break').expect(200, { id });
    await agent.get('/read').expect(500, ['down', id, 'object', 'undefined']);
  });

  it('gives a session its own id, whatever somebody says before it is touched', async () => {
    const app = await startSessionApp(middlewares[middleware](), (it) => {
      it.get('/id', (req, res) => {
        const { sessionID } = req;
        req.sessionID = 'another';
        res.json([req.session.id === sessionID, req.sessionID]);
      });
      routes(it);
    });
    const agent = app.agent();
    await agent.get('/id').expect(200, [true, 'another']);
    await agent.get('/set/1').expect(200);
    await agent.get('/id').expect(200, [true, 'another']);
    await agent.get('/read').expect(200, '1');
  });

  it('keeps what was read under one id also under another', async () => {
    const app = await startSessionApp(middlewares[middleware](), (it) => {
      it.get('/copy/:id', (req, res, next) => {
        const { id } = req.params;
        req.sessionStore.get(id, (_error, data) => {
          req.sessionStore.set('copy', data as SessionData, (failed) => {
            req.sessionStore.get('copy', (error, copy) =>
              error || failed ? next(error || failed) : res.json((copy as { n?: number } | null)?.n ?? null),
            );
          });
        });
      });
      it.get('/switch/:id', (req, res) => {
        req.sessionStore.get(req.params.id, (_error, data) => {
          req.sessionStore.createSession(req, data as SessionData);
          res.json({});
        });
      });
      routes(it);
    });
    const { id } = (await request(app.url).get('/set/7')).body;
    await request(app.url).get(`/copy/${id}`).expect(200, '7');
    const agent = app.agent();
    await agent.get(`/switch/${id}`).expect(200);
    await agent.get('/read').expect(200, '7');
  });
});

describe('the store of oauthSession', () => {
  let redis: RedisServer;
  let client: Redis;
  let app: SessionApp;
  let store: Store;
  let sid: string;
  let agent: ReturnType<SessionApp['agent']>;
  const key = () => `sess:${sid}`;
  const get = () =>
    new Promise<SessionData>((resolve) => store.get(sid, (_error, data) => resolve(data as SessionData)));
  const set = (data: SessionData) =>
    new Promise<void>((resolve, reject) => {
      store.set(sid, data, (error) => (error ? reject(error) : resolve()));
    });
  const destroy = () => new Promise<unknown>((resolve) => store.destroy(sid, resolve));

  beforeAll(async () => {
    redis = await startRedis({ own: true });
    client = new Redis(redis.url);
    app = await startSessionApp({ redis: client, secret: SECRET }, (it) => {
      it.use((req, _res, next) => {
        store = req.sessionStore as Store;
        next();
      });
      it.get('/destroyed-proxy', (req, res) => {
        const { sessionStore } = req;
        req.session = new Proxy(req.session, {});
        sessionStore.destroy(req.sessionID, () => {
          dataOf(req).n = 2;
          res.json({});
        });
      });
      routes(it);
    });
  });
  afterAll(async () => {
    await app.close();
    client.disconnect();
    await redis.stop();
  });
  beforeEach(async () => {
    await client.flushall();
    agent = app.agent();
    sid = (await agent.get('/set/1')).body.id;
  });

  it('brings no session back that was destroyed, though a Proxy is around it', async () => {
    await agent.get('/destroyed-proxy').expect(200);
    expect(await client.exists(key())).toBe(0);
  });

  it.each(['a spread', 'JSON'])(
    'takes a copy by %s for the session that is there, whose life and logins go on',
    async (how) => {
      const login = { id: 'l', sub: 's', user: { claims: {} }, scope: [], issuer: 'i', loggedInAt: 1 };
      const text = (await client.get(key())) as string;
      const { rev, since } = JSON.parse(text).oauth;
      const current = JSON.parse(text);
      current.oauth = { rev, since: since - 1000, logins: { oidc: login } };
      await client.set(key(), JSON.stringify(current));
      const data = await get();
      const copy = how === 'JSON' ? (JSON.parse(JSON.stringify(data)) as SessionData) : { ...data };
      await set({ ...copy, n: 2, oauth: { logins: {} } } as SessionData);
      const { oauth, n } = JSON.parse((await client.get(key())) as string);
      expect([n, oauth.since, Object.keys(oauth.logins)]).toEqual([2, since - 1000, ['oidc']]);
    },
  );

  it('takes a copy of a session that has ended for a new one, without a login', async () => {
    const login = { id: 'l', sub: 's', user: { claims: {} }, scope: [], issuer: 'i', loggedInAt: 1 };
    const data = { ...(await get()), oauth: { logins: { oidc: login } } } as unknown as SessionData;
    await destroy();
    const before = Date.now();
    await set(data);
    const { oauth, n } = JSON.parse((await client.get(key())) as string);
    expect([n, oauth.logins]).toEqual([1, {}]);
    expect(oauth.since).toBeGreaterThanOrEqual(before);
  });

  it('saves an object that nobody can write a note on', async () => {
    await set(Object.freeze({ ...(await get()), n: 3 }) as SessionData);
    await set(Object.freeze({ ...(await get()), n: 4 }) as SessionData);
    await agent.get('/read').expect(200, '4');
  });

  it('keeps a session alive by `touch`, for who holds it without a request', async () => {
    await client.pexpire(key(), 60_000);
    const data = await get();
    await client.pexpire(key(), 60_000);
    await new Promise<void>((resolve) => store.touch?.(sid, data, resolve));
    expect(await client.pttl(key())).toBeGreaterThan(60_000);
    await destroy();
    await new Promise<void>((resolve) => store.touch?.(sid, data, resolve));
    expect(await client.exists(key())).toBe(0);
  });

  it('touches no session by itself', async () => {
    const touched: string[] = [];
    store.touch = (id, _data, done) => {
      touched.push(id);
      done?.();
    };
    await agent.get('/read').expect(200);
    await agent.get('/set/2').expect(200);
    Reflect.deleteProperty(store, 'touch');
    expect(touched).toEqual([]);
  });

  it('lists the sessions with their ids', async () => {
    const other = (await request(app.url).get('/set/2')).body.id;
    const all = await new Promise((resolve) => store.all?.((_error, sessions) => resolve(sessions)));
    expect(all).toHaveLength(2);
    expect(all).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: sid, n: 1 }),
        expect.objectContaining({ id: other, n: 2 }),
      ]),
    );
    const ids = await new Promise<string[]>((resolve) => store.ids((_error, found) => resolve(found ?? [])));
    expect(ids.sort()).toEqual([sid, other].sort());
  });
});
