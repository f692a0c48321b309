import type { Express } from 'express';
import { Redis } from 'ioredis';
import { type Lab, startLab } from '../../src/testing/index.js';
import { issueExpired, providerOf, startApp, type TestApp, type Visitor, waitFor } from '../support/app.js';
import { gate } from '../support/gate.js';
import { holdNext } from '../support/held-command.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

/** A login gives its session a new id. What others do to the session meanwhile comes in between two commands of it. */

let lab: Lab;
let redis: RedisServer;
let client: Redis;
let app: TestApp;
/** Holds requests to `/held/token/…` once they have read their session. */
let held: ReturnType<typeof gate>;
/** What happens in `onLogin`. */
let atLogin: (provider: string) => Promise<unknown>;

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['aliyun', 'oidc'] }), startRedis()]);
});
afterAll(() => Promise.all([lab.close(), redis.stop()]));

beforeEach(async () => {
  await redis.flush();
  client = new Redis(redis.url);
  held = gate();
  atLogin = async () => {};
  app = await startApp({
    lab,
    providers: ['aliyun', 'oidc'].map((name) => providerOf(lab, name)),
    session: { redis: client },
    router: { onLogin: async ({ provider }) => void (await atLogin(provider)) },
    routes: (it: Express) => {
      it.get('/held/token/:provider', async (req, res, next) => {
        void req.oauth.loggedIn;
        await held.pass();
        req.oauth.getTokens(req.params).then((tokens) => res.json(tokens), next);
      });
      it.post('/end/:provider', (req, res, next) => {
        req.oauth.logout(req.params).then((answer) => res.json(answer), next);
      });
      it.post('/everywhere/:provider', (req, res, next) => {
        req.oauth.logout({ ...req.params, everywhere: true }).then((answer) => res.json(answer), next);
      });
    },
  });
});
afterEach(async () => {
  lab.provider('aliyun').clearFaults();
  await app.close();
  client.disconnect();
});

const keys = async (...starts: string[]) =>
  (await redis.keys()).filter((key) => starts.some((start) => key.startsWith(start)));
const providersOf = async (visitor: Visitor): Promise<string[]> => {
  const { body } = await visitor.get('/auth/session');
  return (body.logins ?? []).map(({ provider }: { provider: string }) => provider);
};

/** Somebody who is logged in, what Redis has of that, and the next login, which is held before this command. */
async function loggingIn(...command: ['set' | 'getdel', string]) {
  const visitor = app.visitor();
  await visitor.logIn('aliyun');
  const old = await keys('sess:', 'oauth:login:');
  const callback = await visitor.authorize('oidc');
  const { arrival, release } = holdNext(client, ...command);
  const answer = visitor.get(callback).then((response) => response);
  await arrival;
  const complete = () => {
    release();
    return answer;
  };
  return { visitor, old, complete };
}

describe('while a login stores its new session', () => {
  it('a logout in the old one ends both', async () => {
    const { visitor, complete } = await loggingIn('set', 'sess:');
    await visitor.post('/auth/logout').expect(303);
    expect((await complete()).status).toBe(401);
    await visitor.get('/me').expect(401);
    await waitFor(async () => (await keys('sess:', 'oauth:login:', 'oauth:index:')).length === 0);
  });

  it('a login that ends in all sessions ends in the new one too', async () => {
    const elsewhere = app.visitor();
    await elsewhere.logIn('aliyun');
    const { visitor, complete } = await loggingIn('set', 'sess:');
    await elsewhere.post('/everywhere/aliyun').expect(200);
    expect((await complete()).status).toBe(303);
    expect(await providersOf(visitor)).toEqual(['oidc']);
    expect(await keys('oauth:login:')).toHaveLength(1);
    // Nor is it in the session that the store has.
    const [key] = (await keys('sess:')) as [string];
    expect(await client.get(key)).not.toContain('"aliyun"');
  });

  it('a login that is ending in all sessions does not come along', async () => {
    const elsewhere = app.visitor();
    await elsewhere.logIn('aliyun');
    const { visitor, complete } = await loggingIn('set', 'sess:');
    // What is left to do there is to take it out of the old session.
    const { arrival, release } = holdNext(client, 'getdel', 'sess:');
    const ending = elsewhere.post('/everywhere/aliyun').then((answer) => answer);
    await arrival;
    expect((await complete()).status).toBe(303);
    expect(await providersOf(visitor)).toEqual(['oidc']);
    release();
    expect((await ending).status).toBe(200);
    expect(await providersOf(visitor)).toEqual(['oidc']);
  });
});

describe('before a login takes its old session away', () => {
  it('a login that ends there ends in the new one too', async () => {
    const { visitor, complete } = await loggingIn('getdel', 'sess:');
    await visitor.post('/end/aliyun').expect(200);
    expect((await complete()).status).toBe(303);
    expect(await providersOf(visitor)).toEqual(['oidc']);
    const [key] = (await keys('sess:')) as [string];
    expect(await client.get(key)).not.toContain('"aliyun"');
  });

  it('a login without a record does not come along where the old session is gone', async () => {
    const { visitor, old, complete } = await loggingIn('getdel', 'sess:');
    expect(await client.del(...old)).toBe(2);
    expect((await complete()).status).toBe(303);
    expect(await providersOf(visitor)).toEqual(['oidc']);
  });
});

it('a login begins a session of its own where the old one expires meanwhile', async () => {
  const visitor = app.visitor();
  await visitor.logIn('aliyun');
  atLogin = async () => client.del(await keys('sess:'));
  await visitor.logIn('oidc');
  expect(await providersOf(visitor)).toEqual(['oidc']);
});

it('a login that is new at the same provider leaves the others of the same person', async () => {
  const visitor = app.visitor();
  await visitor.logIn('aliyun');
  await visitor.logIn('oidc');
  await visitor.logIn('aliyun');
  expect((await providersOf(visitor)).sort()).toEqual(['aliyun', 'oidc']);
  await visitor.get('/call/oidc').expect(200);
});

it('a login that ends is not taken for the one that has replaced it', async () => {
  issueExpired(lab.provider('aliyun'));
  const visitor = app.visitor();
  await visitor.logIn('aliyun');
  const arrived = held.arrival();
  const refreshing = visitor.get('/held/token/aliyun').then((answer) => answer);
  await arrived;
  lab.provider('aliyun').clearFaults();
  await visitor.logIn('aliyun');
  held.release();
  expect((await refreshing).status).toBe(401);
  await visitor.get('/me').expect(200);
  await visitor.get('/call/aliyun').expect(200);
});

it('a login that has ended may end once more, in a session that lives on', async () => {
  const visitor = app.visitor();
  await visitor.logIn('oidc');
  issueExpired(lab.provider('aliyun'));
  await visitor.logIn('aliyun');
  const arrived = held.arrival();
  const refreshing = visitor.get('/held/token/aliyun').then((answer) => answer);
  await arrived;
  await visitor.post('/end/aliyun').expect(200);
  held.release();
  expect((await refreshing).status).toBe(401);
  expect(await providersOf(visitor)).toEqual(['oidc']);
});

describe('a login that cannot say at once that it has moved its session', () => {
  let down: boolean;
  let refused: number;

  beforeEach(() => {
    [down, refused] = [true, 0];
    const { evalsha } = client;
    client.evalsha = (async (...args: Parameters<typeof evalsha>) => {
      if (down && String(args[2]).startsWith('oauth:ended:')) {
        refused += 1;
        throw new Error('Connection is closed.');
      }
      return evalsha.apply(client, args);
    }) as typeof evalsha;
  });

  /** Two logins, of which the second has not ended the session of the first. */
  async function logInTwice() {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const { cookie } = visitor;
    await visitor.logIn('oidc');
    expect((await providersOf(visitor)).sort()).toEqual(['aliyun', 'oidc']);
    return { visitor, cookie };
  }

  it('lives on however often that fails', async () => {
    const { visitor } = await logInTwice();
    await waitFor(() => refused === 2);
    down = false;
    await waitFor(async () => (await keys('sess:')).length === 1);
    expect((await providersOf(visitor)).sort()).toEqual(['aliyun', 'oidc']);
  });

  it('ends by a logout in the old one', async () => {
    const { visitor, cookie } = await logInTwice();
    down = false;
    await app.visitor().post('/auth/logout', { Cookie: cookie });
    await waitFor(async () => (await visitor.get('/me')).status === 401);
    await waitFor(async () => (await keys('sess:', 'oauth:login:')).length === 0);
  });
});
