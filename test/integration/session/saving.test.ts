import type { Express } from 'express';
import express from 'express';
import expressSession from 'express-session';
import request from 'supertest';
import { oauthSession } from '../../../src/index.js';
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

/** Counts what a session middleware saves. */
let saves = 0;

const routes = (app: Express) => {
  app.use((req, _res, next) => {
    const { set } = Object.getPrototypeOf(req.sessionStore) as expressSession.Store;
    req.sessionStore.set = (...args) => {
      saves += 1;
      set.apply(req.sessionStore, args);
    };
    next();
  });
  app.get('/nothing', (_req, res) => void res.send('nothing'));
  app.get('/read', (req, res) => void res.json(dataOf(req).n ?? null));
  app.get('/data', (req, res) => void res.json(req.session));
  app.get('/set/:n', (req, res) => {
    Object.assign(dataOf(req), { n: Number(req.params.n), list: [1, 2], deep: { a: { b: 1 } } });
    res.json({});
  });
  app.get('/nested', (req, res) => {
    (dataOf(req).deep as { a: { b: number } }).a.b += 1;
    res.json({});
  });
  app.get('/push', (req, res) => {
    dataOf(req).list?.push(3);
    res.json({});
  });
  app.get('/delete', (req, res) => {
    delete dataOf(req).n;
    res.json({});
  });
  app.get('/same', (req, res) => {
    dataOf(req).n = 0;
    dataOf(req).n = 1;
    res.json({});
  });
  app.get('/cookie-only', (req, res) => {
    req.session.cookie.maxAge = 1_000;
    res.json({});
  });
  app.get('/save-once', (req, res, next) => {
    dataOf(req).n = 9;
    req.session.save((error) => (error ? next(error) : res.json({})));
  });
  app.get('/save-and-change', (req, res, next) => {
    dataOf(req).n = 9;
    req.session.save((error) => {
      dataOf(req).n = 10;
      if (error) next(error);
      else res.json({});
    });
  });
  app.get('/anew', (req, res, next) => {
    req.session.regenerate(() => {
      dataOf(req).n = 11;
      req.session.save(() => req.session.reload((error) => (error ? next(error) : res.json({}))));
    });
  });
  app.get('/unset/:how', (req, res) => {
    const { how } = req.params;
    if (how === 'touched') dataOf(req).n = 99;
    if (how === 'deleted') Reflect.deleteProperty(req, 'session');
    else Object.assign(req, { session: { null: null, undefined, zero: 0, touched: null }[how as 'null'] });
    res.json({ session: req.session ?? null });
  });
  app.get('/bogus-id', (req, res) => {
    dataOf(req).n = 5;
    Object.assign(req, { sessionID: 42 });
    res.json({});
  });
};

afterAll(closeSessionApps);

describe.each(both)('%s saves', (middleware) => {
  let app: SessionApp;
  let agent: ReturnType<SessionApp['agent']>;

  beforeAll(async () => {
    app = await startSessionApp(middlewares[middleware](), routes);
  });
  beforeEach(async () => {
    agent = app.agent();
    await agent.get('/set/1').expect(200);
    saves = 0;
  });

  it.each([
    ['/nothing', 0, 1],
    ['/read', 0, 1],
    ['/data', 0, 1],
    ['/same', 0, 1],
    ['/cookie-only', 0, 1],
    ['/set/1', 0, 1],
    ['/set/2', 1, 2],
    ['/nested', 1, 1],
    ['/push', 1, 1],
    ['/delete', 1, null],
    ['/save-once', 1, 9],
    ['/save-and-change', 2, 10],
    ['/unset/null', 0, 1],
    ['/unset/undefined', 0, 1],
    ['/unset/zero', 0, 1],
    ['/unset/touched', 0, 1],
    ['/unset/deleted', 0, 1],
    ['/bogus-id', 0, 1],
  ])('after %s %d times, and the next request reads %p', async (path, times, n) => {
    await agent.get(path).expect(200);
    expect(saves).toBe(times);
    const { body } = await agent.get('/read').expect(200);
    expect(body).toBe(n);
  });

  it('a change deep inside of what is there', async () => {
    await agent.get('/nested').expect(200);
    await agent.get('/push').expect(200);
    expect((await agent.get('/data')).body).toMatchObject({ deep: { a: { b: 2 } }, list: [1, 2, 3] });
  });

  it('values as JSON keeps them', async () => {
    const odd = {
      7: 'seven',
      ключ: '\u2028"\\',
      date: new Date(0),
      nothing: undefined,
      fn: () => {},
      none: null,
    };
    const it_ = await startSessionApp(middlewares[middleware](), (one) => {
      one.get('/put', (req, res) => {
        Object.assign(req.session, odd);
        res.json({});
      });
      routes(one);
    });
    const visitor = it_.agent();
    await visitor.get('/put').expect(200);
    const { body } = await visitor.get('/data').expect(200);
    const { cookie, ...data } = body;
    expect(cookie).toMatchObject({ path: '/', httpOnly: true, sameSite: 'lax' });
    expect(data).toEqual(JSON.parse(JSON.stringify(odd)));
    saves = 0;
    await visitor.get('/data').expect(200);
    expect(saves).toBe(0);
  });

  it('nothing of an empty new session', async () => {
    for (const path of ['/nothing', '/read', '/delete']) {
      const answer = await request(app.url).get(path).expect(200);
      expect(cookieOf(answer)).toBeUndefined();
    }
    expect(saves).toBe(0);
  });

  it('what many requests at once change, each as a whole', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => agent.get(`/set/${n}`).expect(200)));
    const { body } = await agent.get('/read').expect(200);
    expect(body).toBeGreaterThanOrEqual(0);
    expect(body).toBeLessThan(20);
  });

  it('once when it is mounted twice', async () => {
    const one = middlewares[middleware]();
    const twice = await startSessionApp(one, (it) => {
      it.use(one, middlewares[middleware]());
      routes(it);
    });
    const visitor = twice.agent();
    saves = 0;
    const answer = await visitor.get('/set/3').expect(200);
    expect(answer.headers['set-cookie']).toHaveLength(1);
    expect(saves).toBe(1);
    expect((await visitor.get('/read')).body).toBe(3);
  });

  it.each([
    ['asleep', false],
    ['touched', true],
  ])('of the first one where it is mounted twice, %s', async (_how, touch) => {
    const one = middlewares[middleware]();
    const seen: unknown[] = [];
    const twice = await startSessionApp(one, (it) => {
      it.use(one);
      it.use((req, _res, next) => {
        if (touch) dataOf(req).n = 5;
        seen.push(req.sessionID);
        next();
      });
      it.use(middlewares[middleware]());
      it.get('/seen', (req, res) => {
        seen.push(req.sessionID);
        res.json(dataOf(req).n ?? null);
      });
    });
    expect((await twice.agent().get('/seen').expect(200)).body).toBe(touch ? 5 : null);
    expect(seen[1]).toBe(seen[0]);
  });

  it('for a second session middleware that finds none any more', async () => {
    const one = middlewares[middleware]();
    const again = await startSessionApp(one, (it) => {
      it.get('/again', (req, res, next) => {
        Object.assign(req, { session: null });
        one(req, res, next);
      });
      routes(it);
      it.get('/again', (req, res) => {
        dataOf(req).n = 4;
        res.json({});
      });
    });
    const visitor = again.agent();
    await visitor.get('/set/1').expect(200);
    saves = 0;
    await visitor.get('/again').expect(200);
    // express-session saves it once for each.
    expect(saves).toBe(middleware === 'express-session' ? 2 : 1);
    expect((await visitor.get('/read')).body).toBe(4);
  });
});

it('nothing of a new session that was saved, and destroyed meanwhile', async () => {
  const app = await startSessionApp({ secret: SECRET }, (it) => {
    it.get('/saved-and-destroyed', (req, res, next) => {
      const { session, sessionStore, sessionID } = req;
      dataOf(req).n = 1;
      session.save(() => {
        // As a logout in another tab would.
        sessionStore.destroy(sessionID, (error) => {
          if (error) return next(error);
          dataOf(req).n = 2;
          res.json({});
        });
      });
    });
    routes(it);
  });
  const agent = app.agent();
  await agent.get('/saved-and-destroyed').expect(200);
  expect((await agent.get('/read')).body).toBeNull();
});

it('once what was regenerated, saved and reloaded', async () => {
  const app = await startSessionApp({ secret: SECRET }, routes);
  const agent = app.agent();
  await agent.get('/set/1').expect(200);
  saves = 0;
  expect(cookieOf(await agent.get('/anew').expect(200))).toBeDefined();
  expect(saves).toBe(1);
  expect((await agent.get('/read')).body).toBe(11);
});

it('what is no session is an error that names the fix, where express-session would never answer', async () => {
  const app = await startSessionApp({ secret: SECRET }, (it) => {
    it.get('/:what', (req, res) => {
      Object.assign(req, {
        session: { object: { a: 1 }, text: 'abc', number: 5 }[req.params.what as 'text'],
      });
      res.send('ok');
    });
  });
  for (const path of ['/object', '/text', '/number']) {
    const answer = await request(app.url).get(path).expect(500);
    expect(answer.text).toContain('was replaced by something that is not a session');
  }
});

it.each<[what: string, oauth: unknown]>([
  ['an object of its own', { token: 'x' }],
  ['more than logins', { logins: {}, token: 'x' }],
  ['logins that are none', { logins: { a: 1 } }],
  ['logins without a user', { logins: { a: { id: 'x' } } }],
  ['a list for logins', { logins: [] }],
  ['a text', 'x'],
])('what an app keeps as `oauth` is an error that names the name: %s', async (_what, oauth) => {
  const app = await startSessionApp({ secret: SECRET }, (it) => {
    it.get('/end', (req, res) => {
      Object.assign(req.session, { oauth });
      res.send('ok');
    });
    it.get('/save', (req, res) => {
      Object.assign(req.session, { oauth });
      req.session.save((error) => res.json((error as Error | null)?.message ?? null));
    });
    it.get('/length', (req, res) => {
      req.sessionStore.length?.((_error, length) => res.json(length));
    });
  });
  const answer = await request(app.url).get('/end').expect(500);
  expect(answer.text).toMatch(/req\.session\.oauth is where express-oauth-login keeps/);
  expect(cookieOf(answer)).toBeUndefined();
  expect((await request(app.url).get('/save').expect(200)).body).toBe(answer.text);
  await request(app.url).get('/length').expect(200, '0');
});

it('no logins, or nothing, is a session without a login', async () => {
  const app = await startSessionApp({ secret: SECRET }, (it) => {
    it.get('/', (req, res) => {
      Object.assign(req.session, { n: 1, oauth: [null, {}, { logins: {} }][Number(req.query.which)] });
      res.send('ok');
    });
  });
  for (const which of [0, 1, 2]) await request(app.url).get(`/?which=${which}`).expect(200);
});

it('what cannot be JSON is an error, where express-session would never answer', async () => {
  const app = await startSessionApp({ secret: SECRET }, (it) => {
    it.get('/circle', (req, res) => {
      dataOf(req).circle = req.session;
      res.send('ok');
    });
  });
  const answer = await request(app.url).get('/circle').expect(500);
  expect(answer.text).toContain('circular');
  expect(answer.headers['set-cookie']).toBeUndefined();
});

it("is the real thing: express-session's own classes, alive from the first touch on", async () => {
  const app = await startSessionApp({ secret: SECRET }, (it) => {
    it.get('/', (req, res) => {
      const before = 'session' in req && !Object.hasOwn(req, 'session');
      const touched = req.session;
      res.json([
        before,
        touched instanceof expressSession.Session,
        touched.cookie instanceof expressSession.Cookie,
        req.sessionStore instanceof expressSession.Store,
        req.session === touched,
        Object.getOwnPropertyDescriptor(req, 'session')?.value === touched,
      ]);
    });
  });
  await request(app.url).get('/').expect(200, [true, true, true, true, true, true]);
});

it.each(['touched', 'untouched'])('a session that was %s can be taken away from the request', async (how) => {
  const app = await startSessionApp({ secret: SECRET }, (it) => {
    it.get('/', (req, res) => {
      if (how === 'touched') Object.assign(req.session, { colour: 'blue' });
      if (how === 'touched') Reflect.deleteProperty(req, 'session');
      else Object.assign(req, { session: undefined });
      res.json([req.session === undefined, Object.keys(req).includes('session')]);
    });
  });
  const answer = await request(app.url)
    .get('/')
    .expect(200, [true, how === 'untouched']);
  expect(answer.headers['set-cookie']).toBeUndefined();
});

it('leaves the answer of a request alone that touches no session', async () => {
  const app = express();
  app.use(oauthSession({ secret: SECRET }), (_req, res) => {
    res.json(['end', 'write', 'writeHead'].filter((name) => Object.hasOwn(res, name)));
  });
  await request(app).get('/').expect(200, []);
});
