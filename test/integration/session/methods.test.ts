import express, { type Express, type Request, type RequestHandler } from 'express';
import request from 'supertest';
import {
  both,
  cookieOf,
  dataOf,
  middlewares,
  SECRET,
  type SessionApp,
  startSessionApp,
} from '../../support/session-app.js';

const routes = (app: Express) => {
  app.get('/set/:n', (req, res) => {
    dataOf(req).n = Number(req.params.n);
    res.json({ id: req.sessionID });
  });
  app.get('/read', (req, res) => void res.json({ id: req.sessionID, n: dataOf(req).n ?? null }));
  app.get('/regenerate', (req, res, next) => {
    const old = req.session;
    req.session.regenerate((error) => {
      if (error) return next(error);
      res.json({
        id: req.sessionID,
        same: req.session.id === req.sessionID,
        fresh: req.session !== old,
        n: dataOf(req).n ?? null,
      });
    });
  });
  app.get('/store-regenerate', (req, res, next) => {
    req.sessionStore.regenerate(req, (error) => (error ? next(error) : res.json({ id: req.sessionID })));
  });
  app.get('/generate', (req, res) => {
    req.sessionStore.generate(req);
    dataOf(req).n = 7;
    res.json({ id: req.sessionID });
  });
  app.get('/destroy', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.json({ session: typeof req.session })));
  });
  app.get('/destroy-without-callback', (req, res) => {
    req.session.destroy(() => {});
    res.json({});
  });
  app.get('/reload', (req, res, next) => {
    const old = req.session;
    dataOf(req).n = 100;
    req.session.reload((error) =>
      error ? next(error) : res.json({ n: dataOf(req).n, fresh: req.session !== old }),
    );
  });
  app.get('/reload-destroyed', (req, res, next) => {
    req.sessionStore.destroy(req.sessionID, () =>
      req.session.reload((error) => (error ? next(error) : res.json({}))),
    );
  });
  app.get('/reload-change', (req, res, next) => {
    req.session.reload((error) => {
      dataOf(req).n = 55;
      if (error) next(error);
      else res.json({});
    });
  });
  app.get('/save-reload/:then', (req, res, next) => {
    dataOf(req).n = 1;
    req.session.save((failed) =>
      req.session.reload((error) => {
        if (req.params.then === 'change') dataOf(req).n = 2;
        if (failed || error) next(failed || error);
        else res.json({ n: dataOf(req).n });
      }),
    );
  });
  app.get('/chain', (req, res) => {
    const s = req.session;
    res.json([s.touch() === s, s.resetMaxAge() === s]);
  });
  app.get('/load', (req, res, next) => {
    req.sessionStore.load(req.sessionID, (error, loaded) => {
      if (error) next(error);
      else
        res.json({
          n: (loaded as unknown as { n?: number })?.n ?? null,
          id: (loaded as unknown as { id?: string })?.id,
        });
    });
  });
  app.get('/load-unknown', (req, res, next) => {
    req.sessionStore.load('nobody', (error, loaded) =>
      error ? next(error) : res.json({ loaded: loaded ?? null }),
    );
  });
  app.get('/fails/:method', (req, res) => {
    const method = req.params.method as 'set';
    Object.assign(req.sessionStore, {
      [method]: (...args: unknown[]) =>
        (args.at(-1) as (error: Error) => void)(new Error(`${method} failed`)),
    });
    res.json({});
  });
};

describe.each(both)('the methods of a session of %s', (middleware) => {
  let app: SessionApp;
  let agent: ReturnType<SessionApp['agent']>;
  let id: string;

  beforeAll(async () => {
    app = await startSessionApp(middlewares[middleware](), routes);
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    agent = app.agent();
    id = (await agent.get('/set/1')).body.id;
  });

  it('regenerate gives a new id, an empty session and a cookie; the old id is dead', async () => {
    const old = cookieOf(await request(app.url).get('/set/2')) as string;
    const answer = await request(app.url).get('/regenerate').set('Cookie', old).expect(200);
    expect(answer.body).toMatchObject({ same: true, fresh: true, n: null });
    const cookie = cookieOf(answer) as string;
    expect(cookie).not.toBe(old);
    const { body } = await request(app.url).get('/read').set('Cookie', cookie).expect(200);
    // It was saved, though it is empty.
    expect(body).toEqual({ id: answer.body.id, n: null });
    expect((await request(app.url).get('/read').set('Cookie', old)).body.n).toBeNull();
  });

  it.each(['/store-regenerate', '/generate'])(
    'the store gives a new session by %s, untouched as it was',
    async (path) => {
      const answer = await agent.get(path).expect(200);
      expect(answer.body.id).not.toBe(id);
      expect(cookieOf(answer)).toBeDefined();
      expect((await agent.get('/read')).body).toEqual({
        id: answer.body.id,
        n: path === '/generate' ? 7 : null,
      });
    },
  );

  it.each(['/destroy', '/destroy-without-callback'])(
    'destroy takes the session away, by %s',
    async (path) => {
      const answer = await agent.get(path).expect(200);
      expect(answer.headers['set-cookie']).toBeUndefined();
      const { body } = await agent.get('/read').expect(200);
      expect(body.n).toBeNull();
      expect(body.id).not.toBe(id);
    },
  );

  it('reload gives what the store has', async () => {
    await agent.get('/reload').expect(200, { n: 1, fresh: true });
    expect((await agent.get('/read')).body.n).toBe(1);
  });

  it('reload of a session that is gone is an error', async () => {
    await agent.get('/reload-destroyed').expect(500, 'failed to load session');
  });

  it('a change after reload is saved', async () => {
    await agent.get('/reload-change').expect(200);
    expect((await agent.get('/read')).body.n).toBe(55);
  });

  it.each([
    ['nothing', 1],
    ['change', 2],
  ])('a new session that is saved and reloaded is told the browser: then %s', async (then, n) => {
    const visitor = app.agent();
    const answer = await visitor.get(`/save-reload/${then}`).expect(200, { n });
    expect(cookieOf(answer)).toBeDefined();
    expect((await visitor.get('/read')).body.n).toBe(n);
  });

  it('touch and resetMaxAge can be chained', async () => {
    await agent.get('/chain').expect(200, [true, true]);
  });

  it('the store loads a session by its id', async () => {
    await agent.get('/load').expect(200, { n: 1, id });
    await agent.get('/load-unknown').expect(200, { loaded: null });
  });
});

describe.each([
  ['get', '/read'],
  ['set', '/set/3'],
  ['destroy', '/destroy'],
  ['destroy', '/regenerate'],
] as const)('when %s of the store fails, %s of oauthSession', (method, path) => {
  it('is an error, and the cookie stays', async () => {
    // A read goes to `get` only where the app reloads; the middleware itself reads the store's text.
    const app = await startSessionApp(middlewares.oauthSession(), routes);
    const agent = app.agent();
    await agent.get('/set/1').expect(200);
    await agent.get(`/fails/${method}`).expect(200);
    const answer = await agent.get(method === 'get' ? '/reload' : path);
    expect([answer.status, answer.text]).toEqual([500, `${method} failed`]);
    expect(answer.headers['set-cookie']).toBeUndefined();
    await app.close();
  });
});

describe.each(both)('%s and an app within an app', (middleware) => {
  const facts = (req: Request) => [
    typeof req.session,
    req.sessionID === req.session?.id,
    typeof req.sessionStore?.generate,
  ];
  const there = ['object', true, 'function'];

  it.each(['outside', 'inside'])(
    'a session that is mounted %s is there in both, and after the inner one',
    async (where) => {
      const seen: unknown[] = [];
      const look: RequestHandler = (req, _res, next) => {
        seen.push(facts(req));
        next();
      };
      const session = middlewares[middleware]();
      const none: RequestHandler = (_req, _res, next) => next();
      const app = await startSessionApp(where === 'outside' ? session : none, (it) => {
        const inner = express();
        inner.use(where === 'inside' ? session : none, look);
        it.use('/inner', inner);
        it.use(look);
        it.get(/.*/, (req, res) => {
          dataOf(req).n = 1;
          res.json({ id: req.sessionID });
        });
      });
      const agent = app.agent();
      const first = await agent.get('/inner/x').expect(200);
      const second = await agent.get('/inner/x').expect(200);
      expect(second.body).toEqual(first.body);
      expect(seen).toEqual([there, there, there, there]);
      await app.close();
    },
  );
});

it('two apps of one process keep their sessions apart, and a path without a session has none', async () => {
  const one = await startSessionApp({ secret: SECRET }, routes);
  const two = await startSessionApp(
    (_req, _res, next) => next(),
    (it) => {
      it.get(
        '/none',
        (req, res) => void res.json([typeof req.session, typeof req.sessionID, typeof req.sessionStore]),
      );
      it.use(middlewares.oauthSession());
      routes(it);
    },
  );
  const cookie = cookieOf(await request(one.url).get('/set/1')) as string;
  await request(two.url).get('/set/2').expect(200);
  await request(two.url).get('/none').expect(200, ['undefined', 'undefined', 'undefined']);
  expect((await request(two.url).get('/read').set('Cookie', cookie)).body.n).toBeNull();
  expect((await request(one.url).get('/read').set('Cookie', cookie)).body.n).toBe(1);
  await Promise.all([one.close(), two.close()]);
});
