import { kill } from 'node:process';
import express, { type Express } from 'express';
import { Redis } from 'ioredis';
import request from 'supertest';
import { oidc } from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import { providerOf, startApp, type TestApp, type Visitor } from '../support/app.js';
import { breakRecords } from '../support/break-records.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { type Op, startOp } from '../unit/wire/op.js';
import { encode, makeKey, type SigningKey, sign } from '../unit/wire/signing.js';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const ROUTE = '/auth/backchannel-logout/op';

let lab: Lab;
let redis: RedisServer;
let op: Op;
let elliptic: SigningKey;
let apps: [TestApp, TestApp];
let parsing: TestApp;

beforeAll(async () => {
  [lab, redis, op, elliptic] = await Promise.all([
    startLab({ providers: ['pds'] }),
    startRedis({ own: true }),
    startOp(),
    makeKey('k2', 'ES256'),
  ]);
  const start = (useSession?: (app: Express) => void) =>
    startApp({
      lab,
      providers: [
        oidc({ name: 'op', issuer: op.url, clientId: 'app', clientSecret: 'secret' }),
        providerOf(lab, 'pds'),
      ],
      session: { redis: redis.url },
      router: { timeouts: { store: 0.4 } },
      ...(useSession && { useSession }),
    });
  apps = [await start(), await start()];
  parsing = await start((app) => {
    app.use(express.urlencoded({ extended: true }));
    app.use((req, _res, next) => {
      // The app has no cookie here, nor does the provider's server send one.
      Object.assign(req, {
        session: { cookie: {}, destroy: () => {} },
        sessionStore: { regenerate: () => {} },
      });
      next();
    });
  });
});
beforeEach(() => {
  op.replies = {};
  for (const { events } of apps) events.length = 0;
});
afterAll(async () => {
  for (const app of [...apps, parsing]) await app.close();
  await Promise.all([lab.close(), redis.stop(), op.close()]);
});

let count = 0;
/** Claims that are good, for one session. */
function claims(sid: string, change: object = {}): object {
  const now = Math.floor(Date.now() / 1000);
  count += 1;
  const usual = { iss: op.url, aud: 'app', iat: now, exp: now + 120, jti: `jti-${count}`, sid };
  return { ...usual, events: { [EVENT]: {} }, ...change };
}

const logoutToken = (sid: string, change: object = {}, header: object = { typ: 'logout+jwt' }) =>
  sign(op.key, claims(sid, change), header);

const send = (token: string, { url } = apps[0], route = ROUTE) =>
  request(url).post(route).type('form').send({ logout_token: token });

/** Logs in at the provider, in a session there that has this name. */
async function logIn(sid: string, sub = 'alice', app = apps[0]): Promise<Visitor> {
  const visitor = app.visitor();
  const { headers } = await visitor.get('/auth/login/op').expect(302);
  const sent = new URL(headers.location as string).searchParams;
  op.claims = { sid, sub, nonce: sent.get('nonce') };
  op.replies['/userinfo'] = { body: { sub, name: sub } };
  await visitor.get(`/auth/callback/op?code=c&state=${sent.get('state')}`).expect(303);
  await visitor.get('/me').expect(200);
  return visitor;
}

// Named as the relying-party modules of the OpenID Foundation are, without `oidcc-client-test-`.
describe('the OpenID Foundation’s modules', () => {
  let visitor: Visitor;
  let sid: string;
  beforeEach(async () => {
    sid = `session-${Math.random()}`;
    visitor = await logIn(sid);
  });

  it('backchannel-rpinitlogout: a logout that began here is followed by a logout token, and both succeed', async () => {
    const { headers } = await visitor.post('/auth/logout').expect(303);
    expect(headers.location).toMatch(new RegExp(`^${op.url}/logout\\?`));
    await send(await logoutToken(sid)).expect(200);
    await visitor.get('/me').expect(401);
  });

  it.each<[string, (sid: string) => string | Promise<string>]>([
    ['alg-none', (sid) => `${encode({ alg: 'none', typ: 'logout+jwt' })}.${encode(claims(sid))}.`],
    ['wrong-alg', (sid) => sign(elliptic, claims(sid))],
    ['wrong-aud', (sid) => logoutToken(sid, { aud: 'another' })],
    ['wrong-iss', (sid) => logoutToken(sid, { iss: 'https://another.example' })],
    ['no-event', (sid) => logoutToken(sid, { events: undefined })],
    ['wrong-event', (sid) => logoutToken(sid, { events: { 'http://schemas.openid.net/event/x': {} } })],
    ['with-nonce', (sid) => logoutToken(sid, { nonce: 'n' })],
  ])('backchannel-rpinitlogout-%s: 400, and the user stays logged in', async (_module, make) => {
    const answer = await send(await make(sid)).expect(400);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({
      error: 'invalid_request',
      error_description: expect.stringMatching(/^The logout token is not valid: [\w ]+\.$/),
    });
    await visitor.get('/me').expect(200);
    await send(await logoutToken(sid)).expect(200);
    await visitor.get('/me').expect(401);
  });
});

describe('a logout token', () => {
  it('is answered with an empty 200, also when nobody was logged in', async () => {
    const answer = await send(await logoutToken('nobody')).expect(200);
    expect(answer.text).toBe('');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('for a session ends the logins of this session alone', async () => {
    const [one, same, other] = [await logIn('s1'), await logIn('s1'), await logIn('s2')];
    await send(await logoutToken('s1')).expect(200);
    await one.get('/me').expect(401);
    await same.get('/me').expect(401);
    await other.get('/me').expect(200);
  });

  it('for a user ends all of this user’s logins, and nobody else’s', async () => {
    const [one, other, bob] = [await logIn('u1'), await logIn('u2'), await logIn('u3', 'bob')];
    await send(await logoutToken('', { sid: undefined, sub: 'alice' })).expect(200);
    await one.get('/me').expect(401);
    await other.get('/me').expect(401);
    await bob.get('/me').expect(200);
  });

  it('for a session and a user ends no login of another user', async () => {
    const [alice, bob] = [await logIn('shared'), await logIn('shared', 'bob')];
    await send(await logoutToken('shared', { sub: 'bob' })).expect(200);
    await bob.get('/me').expect(401);
    await alice.get('/me').expect(200);
  });

  it('works once', async () => {
    const token = await logoutToken('', { sid: undefined, sub: 'carol' });
    await send(token).expect(200);
    // Of the same user, whom the token would log out again.
    const visitor = await logIn('again', 'carol');
    for (const app of apps) {
      const answer = await send(token, app).expect(400);
      expect(answer.body.error_description).toBe('The logout token was used before.');
    }
    await visitor.get('/me').expect(200);
    // Providers send a token again when they did not hear that it came.
    for (const { events } of apps) expect(events.filter(({ type }) => type === 'alert')).toEqual([]);
  });

  it('sent to two processes at once is taken by one of them', async () => {
    const visitor = await logIn('twice');
    const token = await logoutToken('twice');
    const answers = await Promise.all([0, 1, 2, 3].map((n) => send(token, apps[n % 2])));
    await visitor.get('/me').expect(401);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
  });

  it('is taken by a process that knows nothing of the login', async () => {
    const visitor = await logIn('elsewhere', 'alice', apps[1]);
    await send(await logoutToken('elsewhere'), apps[0]).expect(200);
    await visitor.get('/me').expect(401);
  });

  it('that the provider signed, and we cannot take, is an alert; one that a stranger made up is not', async () => {
    await send(await logoutToken('x', { nonce: 'n' })).expect(400);
    expect(apps[0].events).toEqual([
      expect.objectContaining({ type: 'alert', provider: 'op', error: 'logout_token_invalid' }),
    ]);
    apps[0].events.length = 0;
    await send(`${encode({ alg: 'none' })}.${encode(claims('x'))}.`).expect(400);
    await send('x'.repeat(500)).expect(400);
    expect(apps[0].events).toEqual([]);
  });

  it('while the provider’s keys cannot be read is a 503, and works when it is sent again', async () => {
    const app = await startApp({
      lab,
      providers: [oidc({ name: 'op', issuer: op.url, clientId: 'app', clientSecret: 'secret' })],
    });
    const token = await logoutToken('later');
    for (const broken of ['/.well-known/openid-configuration', '/jwks']) {
      op.replies = { [broken]: { status: 500 } };
      const answer = await send(token, app).expect(503);
      expect(answer.headers['retry-after']).toMatch(/^\d+$/);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    op.replies = {};
    await send(token, app).expect(200);
    await app.close();
  });

  it('while Redis does not answer is a 503, and works when it is sent again', async () => {
    const visitor = await logIn('outage');
    const token = await logoutToken('outage');
    kill(redis.pid, 'SIGSTOP');
    const answer = await send(token);
    kill(redis.pid, 'SIGCONT');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    await send(token).expect(200);
    await visitor.get('/me').expect(401);
  });
});

it('a logout that failed in the middle is finished when the provider sends the token again', async () => {
  const client = new Redis(redis.url);
  const visitors = [await logIn('half'), await logIn('half'), await logIn('half')];
  const token = await logoutToken('half');
  const broken = await breakRecords(client);
  await send(token).expect(503);
  await broken.mend();
  apps[0].events.length = 0;
  await send(token).expect(200);
  expect(apps[0].events.map(({ type }) => type)).toEqual(Array(3).fill('session.revoked'));
  for (const visitor of visitors) await visitor.get('/me').expect(401);
  await send(token).expect(400);
  client.disconnect();
});

describe('the back-channel logout route', () => {
  it.each(['get', 'put', 'delete', 'head', 'patch'] as const)('answers %s with 405', async (method) => {
    const answer = await request(apps[0].url)[method](ROUTE).expect(405);
    expect(answer.headers.allow).toBe('POST');
  });

  it.each(['nobody', 'constructor', '__proto__', 'pds'])('is not there for %s', async (provider) => {
    await send(await logoutToken('x'), apps[0], `/auth/backchannel-logout/${provider}`).expect(404);
  });

  const bodies: [string, string, string][] = [
    ['nothing', 'application/x-www-form-urlencoded', ''],
    ['no token', 'application/x-www-form-urlencoded', 'token=x'],
    ['an empty token', 'application/x-www-form-urlencoded', 'logout_token='],
    ['two tokens', 'application/x-www-form-urlencoded', 'logout_token=TOKEN&logout_token=TOKEN'],
    ['tokens in a list', 'application/x-www-form-urlencoded', 'logout_token[]=TOKEN'],
    ['a token in an object', 'application/x-www-form-urlencoded', 'logout_token[a]=TOKEN'],
    ['a megabyte', 'application/x-www-form-urlencoded', `logout_token=TOKEN&x=${'x'.repeat(1024 * 1024)}`],
    ['JSON', 'application/json', '{"logout_token":"TOKEN"}'],
    ['plain text', 'text/plain', 'logout_token=TOKEN'],
    ['an encoding that nobody knows', 'application/x-www-form-urlencoded; charset=x', 'logout_token=TOKEN'],
  ];
  it.each(bodies)('refuses %s', async (_what, type, body) => {
    const visitor = await logIn('body');
    const sent = body.replaceAll('TOKEN', await logoutToken('body'));
    const answer = await request(apps[0].url).post(ROUTE).set('Content-Type', type).send(sent).expect(400);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({
      error: 'invalid_request',
      error_description: 'The request must be a form with exactly one logout_token.',
    });
    await visitor.get('/me').expect(200);
  });

  it('ignores what else is in the form, the query and the headers', async () => {
    const visitor = await logIn('more');
    const stray = await request(apps[0].url)
      .post(`${ROUTE}?logout_token=x`)
      .set({ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site', Cookie: 'sid=s%3Ax.y' })
      .type('form')
      .send({ logout_token: await logoutToken('more'), state: 'x' })
      .expect(200);
    expect(stray.headers['set-cookie']).toBeUndefined();
    await visitor.get('/me').expect(401);
  });

  it('takes the token of the form alone, not one of the query', async () => {
    const query = `?logout_token=${await logoutToken('query')}`;
    await request(apps[0].url).post(`${ROUTE}${query}`).type('form').send('').expect(400);
  });

  it('works behind a parser of forms, with the same judgement', async () => {
    await send(await logoutToken('parsed'), parsing).expect(200);
    for (const body of ['logout_token=a&logout_token=b', 'logout_token[]=a', 'logout_token[a]=b', 'x=y']) {
      await request(parsing.url).post(ROUTE).type('form').send(body).expect(400);
    }
  });
});
