import { sign } from 'cookie-signature';
import type { Express } from 'express';
import type { CookieOptions } from 'express-session';
import request from 'supertest';
import { oauthSession } from '../../../src/index.js';
import {
  both,
  closeSessionApps,
  cookieOf,
  dataOf,
  type Middleware,
  middlewares,
  SECRET,
  type SessionApp,
  startSessionApp,
} from '../../support/session-app.js';

const routes = (app: Express) => {
  app.get('/nothing', (_req, res) => void res.send('nothing'));
  app.get('/touch', (req, res) => void res.json({ touched: typeof req.session.id }));
  app.get('/count', (req, res) => {
    dataOf(req).n = (dataOf(req).n ?? 0) + 1;
    res.json({ n: dataOf(req).n });
  });
  app.get('/own-cookie', (req, res) => {
    dataOf(req).n = 1;
    res.cookie('mine', 'x').writeHead(200, { 'Set-Cookie': ['other=y', 'third=z'] });
    res.end();
  });
  app.get('/long', (req, res) => {
    dataOf(req).n = 1;
    req.session.cookie.maxAge = 60_000;
    res.json({});
  });
  app.get('/broken-domain', (req, res) => {
    dataOf(req).n = 1;
    req.session.cookie.domain = 'not; a=domain';
    res.json({});
  });
  app.get('/own-object', (req, res) => {
    dataOf(req).n = 1;
    Object.assign(req.session, { cookie: { path: '/', maxAge: 60_000 } });
    res.json({});
  });
  app.get('/no-cookie', (req, res) => {
    dataOf(req).n = 1;
    Object.assign(req.session, { cookie: undefined });
    res.json({});
  });
  app.get('/id', (req, res) => void res.json({ id: req.sessionID, same: req.session.id === req.sessionID }));
};

const start = (middleware: Middleware, cookie: CookieOptions = {}, secret: string | string[] = SECRET) =>
  startSessionApp(middlewares[middleware](cookie, secret), routes);
afterAll(closeSessionApps);

describe.each(both)('the cookie of %s', (middleware) => {
  let app: SessionApp;
  beforeAll(async () => {
    app = await start(middleware);
  });

  it.each(['/nothing', '/touch'])('is not set by %s, which adds nothing to the session', async (path) => {
    const answer = await request(app.url).get(path).expect(200);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('is set when something was added to a new session, and not again', async () => {
    const agent = app.agent();
    const first = await agent.get('/count').expect(200, { n: 1 });
    expect(first.headers['set-cookie']?.[0]).toMatch(
      /^sid=s%3A[\w-]{32}\.[\w%]+; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const second = await agent.get('/count').expect(200, { n: 2 });
    expect(second.headers['set-cookie']).toBeUndefined();
  });

  it('carries the id under a signature of cookie-signature', async () => {
    const agent = app.agent();
    const cookie = cookieOf(await agent.get('/count')) as string;
    const { body } = await agent.get('/id');
    expect(body.same).toBe(true);
    expect(cookie).toBe(`sid=${encodeURIComponent(`s:${sign(body.id, SECRET)}`)}`);
  });

  it('stands beside cookies of the app, also those given to writeHead', async () => {
    const answer = await request(app.url).get('/own-cookie').expect(200);
    expect(answer.headers['set-cookie']).toEqual(['other=y', 'third=z', expect.stringMatching(/^sid=/)]);
  });

  it.each([
    ['unsigned', () => 'sid=abcdefghijklmnopqrstuvwxyz012345'],
    ['of another secret', (id: string) => `sid=${encodeURIComponent(`s:${sign(id, 'another')}`)}`],
    ['with another id', (id: string) => `sid=${encodeURIComponent(`s:x${sign(id, SECRET)}`)}`],
    [
      'with a shortened signature',
      (id: string) => `sid=${encodeURIComponent(`s:${sign(id, SECRET)}`.slice(0, -2))}`,
    ],
    ['without a signature', (id: string) => `sid=s%3A${id}`],
    ['that is empty', () => 'sid='],
    ['with broken encoding', () => 'sid=s%3A%E0%A4%A'],
    ['of the empty id', () => `sid=${encodeURIComponent(`s:${sign('', SECRET)}`)}`],
    ['under another name', (id: string) => `xsid=${encodeURIComponent(`s:${sign(id, SECRET)}`)}`],
  ])('%s counts for nothing', async (_what, forge) => {
    const agent = app.agent();
    await agent.get('/count');
    const { body } = await agent.get('/id');
    const answer = await request(app.url).get('/count').set('Cookie', forge(body.id)).expect(200, { n: 1 });
    expect(cookieOf(answer)).toBeDefined();
  });

  it('of a session that is not in the store gets another id', async () => {
    const id = 'abcdefghijklmnopqrstuvwxyz012345';
    const cookie = `sid=${encodeURIComponent(`s:${sign(id, SECRET)}`)}`;
    const { body } = await request(app.url).get('/id').set('Cookie', cookie).expect(200);
    expect(body).toEqual({ id: expect.stringMatching(/^[\w-]{32}$/), same: true });
    expect(body.id).not.toBe(id);
    const answer = await request(app.url).get('/count').set('Cookie', cookie).expect(200, { n: 1 });
    expect(cookieOf(answer)).not.toBe(cookie);
  });

  it('is found among others, the first of its name', async () => {
    const cookie = cookieOf(await request(app.url).get('/count'));
    const header = `a=b; =x; sid2=s%3Ax.y; ${cookie}; sid=s%3Anone.none; z`;
    await request(app.url).get('/count').set('Cookie', header).expect(200, { n: 2 });
  });

  it('is signed by the newest secret, and known by all of them', async () => {
    const old = await start(middleware, {}, 'the old secret');
    const { body } = await request(old.url).get('/id');
    const rotated = await start(middleware, {}, ['the new secret', 'the old secret']);
    const agent = rotated.agent();
    const cookie = decodeURIComponent(cookieOf(await agent.get('/count')) as string);
    const { id } = (await agent.get('/id')).body;
    expect(cookie).toBe(`sid=s:${sign(id, 'the new secret')}`);
    const byOld = `sid=${encodeURIComponent(`s:${sign(id, 'the old secret')}`)}`;
    await request(rotated.url).get('/count').set('Cookie', byOld).expect(200, { n: 2 });
    expect(body.id).not.toBe(id);
  });

  it('of another lifetime is told the browser with the session that is new', async () => {
    const answer = await request(app.url).get('/long').expect(200);
    expect(answer.headers['set-cookie']?.[0]).toMatch(/; Expires=/);
  });

  it('is found in quotes', async () => {
    const quoted = (cookieOf(await request(app.url).get('/count')) as string).replace(/=(.*)/, '="$1"');
    await request(app.url).get('/count').set('Cookie', quoted).expect(200, { n: 2 });
  });

  it('that cannot be written is an error, and nothing hangs', async () => {
    await request(app.url).get('/broken-domain').expect(200);
    expect(app.errors.at(-1)?.message).toMatch(/domain is invalid/);
  });
});

describe.each(both)('the cookie options of %s', (middleware) => {
  it.each<[CookieOptions, RegExp]>([
    [{ httpOnly: false }, /^sid=[^;]+; Path=\/; SameSite=Lax$/],
    [{ sameSite: 'strict' }, /; SameSite=Strict/],
    [{ domain: 'example.com' }, /; Domain=example\.com;/],
    [{ maxAge: 60_000 }, /; Expires=/],
    [{ priority: 'high' }, /; Priority=High/],
    [{ partitioned: true }, /; Partitioned/],
  ])('%o', async (cookie, pattern) => {
    const app = await start(middleware, { secure: false, ...cookie });
    const answer = await request(app.url).get('/count').expect(200);
    expect(answer.headers['set-cookie']?.[0]).toMatch(pattern);
  });

  it('maxAge: an unchanged session gets no new cookie, a changed one does', async () => {
    const app = await start(middleware, { secure: false, maxAge: 60_000 });
    const agent = app.agent();
    await agent.get('/count').expect(200, { n: 1 });
    expect(cookieOf(await agent.get('/touch'))).toBeUndefined();
    expect(cookieOf(await agent.get('/nothing'))).toBeUndefined();
    const changed = await agent.get('/count').expect(200, { n: 2 });
    expect(changed.headers['set-cookie']?.[0]).toMatch(/; Expires=/);
  });

  it('path: elsewhere there is no session', async () => {
    const app = await startSessionApp(middlewares[middleware]({ path: '/admin', secure: false }), (it) => {
      it.get(/.*/, (req, res) => void res.json({ session: typeof req.session }));
    });
    for (const [path, session] of [
      ['/admin', 'object'],
      ['/admin/x?y', 'object'],
      ['/', 'undefined'],
      ['/other?/admin', 'undefined'],
    ] as const) {
      await request(app.url).get(path).expect(200, { session });
    }
  });

  it.each([
    ['https', true],
    ['http', false],
  ])('secure: over %s, as a trusted proxy says, the cookie is set: %s', async (proto, set) => {
    const app = await start(middleware, { secure: true });
    const answer = await request(app.url).get('/count').set('X-Forwarded-Proto', proto).expect(200);
    expect(cookieOf(answer) !== undefined).toBe(set);
  });

  it("secure: 'auto' follows the request", async () => {
    const app = await start(middleware, { secure: 'auto' });
    const plain = await request(app.url).get('/count').expect(200);
    const secure = await request(app.url).get('/count').set('X-Forwarded-Proto', 'https').expect(200);
    expect([plain, secure].map((one) => /; Secure/.test(String(one.headers['set-cookie'])))).toEqual([
      false,
      true,
    ]);
  });
});

it.each([
  ['/own-object', /^sid=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/],
  ['/no-cookie', /^sid=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/],
])('an object of the app in the place of the cookie is taken for its options: %s', async (path, pattern) => {
  const app = await start('oauthSession');
  const answer = await request(app.url).get(path).expect(200);
  expect(answer.headers['set-cookie']?.[0]).toMatch(pattern);
  expect(app.errors).toEqual([]);
});

it('the name is __Host-sid over https, and sid on a loopback http, decided by each request', async () => {
  const app = await start('oauthSession');
  const secure = await request(app.url).get('/count').set('X-Forwarded-Proto', 'https').expect(200);
  expect(secure.headers['set-cookie']?.[0]).toMatch(
    /^__Host-sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  const plain = await request(app.url).get('/count').expect(200);
  expect(cookieOf(plain)).toMatch(/^sid=/);
  const elsewhere = await request(app.url).get('/count').set('Host', 'app.example.com').expect(200);
  expect(elsewhere.headers['set-cookie']).toBeUndefined();
});

it.each(['secure', 'path', 'httpOnly', 'sameSite', 'maxAge', 'domain'])(
  'an option of the cookie that is undefined is not given: %s',
  async (option) => {
    const session = oauthSession({ secret: SECRET, cookie: { [option]: undefined } });
    const app = await startSessionApp(session, routes);
    const answer = await request(app.url).get('/count').set('X-Forwarded-Proto', 'https').expect(200);
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^__Host-sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  },
);
