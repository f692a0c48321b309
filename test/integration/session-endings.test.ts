import type { Express } from 'express';
import expressSession from 'express-session';
import { Redis } from 'ioredis';
import { type OAuthRouterOptions, oauthRouter } from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import { providerOf, startApp, type TestApp, type Visitor, waitFor } from '../support/app.js';
import { gate } from '../support/gate.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

let lab: Lab;
let redis: RedisServer;
let client: Redis;
let app: TestApp;
/** Holds requests to `/held/…` once they have read their session. */
let held: ReturnType<typeof gate>;
/** What happens in `onLogin`. */
let atLogin: (provider: string) => Promise<void>;

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['aliyun', 'oidc', 'welink'] }), startRedis()]);
});
afterAll(() => Promise.all([lab.close(), redis.stop()]));

beforeEach(async () => {
  await redis.flush();
  client = new Redis(redis.url);
  held = gate();
  atLogin = async () => {};
  app = await startApp({
    lab,
    providers: ['aliyun', 'oidc', 'welink'].map((name) => providerOf(lab, name)),
    session: { redis: client },
    router: { onLogin: ({ provider }) => atLogin(provider) },
    routes: (it: Express) => {
      it.post('/held/logout/:provider', async (req, res, next) => {
        void req.oauth.loggedIn;
        await held.pass();
        const { provider } = req.params;
        req.oauth.logout(provider === 'all' ? {} : { provider }).then((answer) => res.json(answer), next);
      });
      it.post('/destroy', (req, res, next) => {
        req.session.destroy((error) => (error ? next(error) : res.json({})));
      });
      it.post('/null-and-logout', (req, res, next) => {
        (req as { session: unknown }).session = null;
        req.oauth.logout().then((answer) => res.json(answer), next);
      });
      it.post('/everywhere/:provider', (req, res, next) => {
        req.oauth.logout({ ...req.params, everywhere: true }).then((answer) => res.json(answer), next);
      });
    },
  });
});
afterEach(async () => {
  await app.close();
  client.disconnect();
});

const keys = async (start: string) => (await redis.keys()).filter((key) => key.startsWith(start));
const providersOf = async (visitor: Visitor): Promise<string[]> => {
  const { body } = await visitor.get('/auth/session');
  return (body.logins ?? []).map(({ provider }: { provider: string }) => provider);
};

/** From now on the answer to the next GETDEL is lost: the command has been executed. */
function loseNextAnswer(how: (answer: unknown) => unknown): void {
  const { getdel } = client;
  client.getdel = (async (key: string) => {
    client.getdel = getdel;
    return how(await getdel.call(client, key));
  }) as typeof getdel;
}

const ways: [string, (answer: unknown) => unknown][] = [
  [
    'never comes',
    () => {
      throw new Error('Connection is closed.');
    },
  ],
  ['is that to the same command, sent once more', () => null],
];

describe.each(ways)("where Redis' answer %s", (_what, how) => {
  it('a logout ends the logins all the same', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    loseNextAnswer(how);
    await visitor.post('/auth/logout');
    await waitFor(async () => (await keys('oauth:login:')).length === 0);
    await waitFor(() => app.events.some(({ outcome }) => outcome === 'revoked'));
    await visitor.get('/me').expect(401);
  });

  it('a login keeps the others', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const callback = await visitor.authorize('oidc');
    loseNextAnswer(how);
    await visitor.get(callback).expect(303);
    expect(await providersOf(visitor)).toEqual(['aliyun', 'oidc']);
    await visitor.get('/call/aliyun').expect(200);
    await waitFor(async () => (await keys('sess:')).length === 1);
  });

  it('a login that is new replaces the one before at the same provider', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const callback = await visitor.authorize('aliyun');
    loseNextAnswer(how);
    await visitor.get(callback).expect(303);
    await visitor.get('/call/aliyun').expect(200);
    await waitFor(
      async () => (await keys('oauth:login:')).length === 1 && (await keys('sess:')).length === 1,
    );
  });
});

/** What is said next of how a session ends is not answered: `before` or after it has come to Redis. */
function loseNextEnding(when: 'before' | 'after'): void {
  const { evalsha } = client;
  client.evalsha = (async (...args: Parameters<typeof evalsha>) => {
    const isEnding = String(args[2]).startsWith('oauth:ended:');
    if (isEnding) client.evalsha = evalsha;
    if (!isEnding || when === 'after') {
      const answer = await evalsha.apply(client, args);
      if (!isEnding) return answer;
    }
    throw new Error('Connection is closed.');
  }) as typeof evalsha;
}

/** Resolves when somebody has asked how a session ended. */
function askedForEnding(): Promise<void> {
  const { get } = client;
  return new Promise((resolve) => {
    client.get = ((key: string) => {
      const answer = get.call(client, key);
      if (key.startsWith('oauth:ended:')) answer.then(() => resolve());
      return answer;
    }) as typeof get;
  });
}

/** A logout that has read its session, and waits there until it is released. */
async function beginLogout(visitor: Visitor) {
  const arrived = held.arrival();
  const loggingOut = visitor.post('/held/logout/all').then((answer) => answer);
  await arrived;
  return { loggingOut };
}

describe('where Redis does not say how a session ends', () => {
  it('a logout fails, and ends the session to which a login has moved it as soon as Redis is back', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const { loggingOut } = await beginLogout(visitor);
    await visitor.logIn('oidc');
    loseNextEnding('after');
    held.release();
    expect((await loggingOut).status).toBe(503);
    await waitFor(async () => (await keys('sess:')).length + (await keys('oauth:login:')).length === 0);
  });

  it('a logout that failed does not end a login that was made since', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const callback = await visitor.authorize('oidc');
    loseNextEnding('before');
    await visitor.post('/auth/logout').expect(503);
    await visitor.get(callback).expect(303);
    await askedForEnding();
    expect(await providersOf(visitor)).toEqual(['aliyun', 'oidc']);
    await visitor.get('/call/oidc').expect(200);
  });

  it('a login is complete, and what is left to do does not undo what came after it', async () => {
    const [visitor, elsewhere] = [app.visitor(), app.visitor()];
    await visitor.logIn('aliyun');
    const [old] = (await keys('sess:')) as [string];
    await elsewhere.logIn('aliyun');
    const callback = await visitor.authorize('oidc');
    loseNextEnding('before');
    await visitor.get(callback).expect(303);
    await visitor.logIn('welink');
    await waitFor(async () => (await client.exists(old)) === 0);
    expect(await providersOf(visitor)).toEqual(['aliyun', 'oidc', 'welink']);
    await elsewhere.post('/everywhere/aliyun').expect(200);
    expect(await providersOf(visitor)).toEqual(['oidc', 'welink']);
  });
});

describe('a request that has read its session before a login moved it', () => {
  it('logs out of everything that is in the new one', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const { loggingOut } = await beginLogout(visitor);
    const { headers } = await visitor.logIn('oidc');
    const [cookie] = String(headers['set-cookie']).split(';');
    held.release();
    expect((await loggingOut).status).toBe(200);
    await app
      .visitor()
      .get('/me', { Cookie: cookie as string })
      .expect(401);
    expect([
      ...(await keys('sess:')),
      ...(await keys('oauth:login:')),
      ...(await keys('oauth:index:')),
    ]).toEqual([]);
    const ended = app.events
      .filter(({ type }) => type === 'logout.completed')
      .map(({ provider }) => provider);
    expect(ended.sort()).toEqual(['aliyun', 'oidc']);
  });

  it('ends one login in the new one', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const arrived = held.arrival();
    const loggingOut = visitor.post('/held/logout/aliyun').then((answer) => answer);
    await arrived;
    await visitor.logIn('oidc');
    held.release();
    expect((await loggingOut).status).toBe(200);
    expect(await providersOf(visitor)).toEqual(['oidc']);
  });
});

describe.each(['/auth/logout', '/destroy'])('POST %s', (path) => {
  it('ends a login that is being completed in the same session, and leaves nothing of it', async () => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    const callback = await visitor.authorize('oidc');
    const completing = gate();
    atLogin = () => completing.pass();
    const arrived = completing.arrival();
    const login = visitor.get(callback).then((answer) => answer);
    await arrived;
    const answer = await visitor.post(path);
    expect([200, 303]).toContain(answer.status);
    completing.release();
    expect((await login).status).toBe(401);
    await visitor.get('/me').expect(401);
    await waitFor(async () => {
      const left = await Promise.all(['sess:', 'oauth:login:', 'oauth:index:'].map(keys));
      return left.flat().length === 0;
    });
  });
});

it('two logins that are completed at once leave each other login in one session, where the index finds it', async () => {
  for (let round = 0; round < 8; round += 1) {
    const [visitor, elsewhere] = [app.visitor(), app.visitor()];
    await visitor.logIn('aliyun');
    await elsewhere.logIn('aliyun');
    const callbacks = [await visitor.authorize('oidc'), await visitor.authorize('welink')];
    const completing = gate();
    let waiting = 0;
    atLogin = async () => {
      waiting += 1;
      await completing.pass();
    };
    const logins = callbacks.map((callback) => visitor.get(callback).then((answer) => answer));
    await waitFor(() => waiting === 2);
    atLogin = async () => {};
    completing.release();
    const cookies = (await Promise.all(logins)).map(({ status, headers }) => {
      expect(status).toBe(303);
      return String(headers['set-cookie']).split(';')[0] as string;
    });
    const holders = async () => {
      const answers = cookies.map((Cookie) => app.visitor().get('/auth/session', { Cookie }));
      return (await Promise.all(answers)).filter(({ text }) => text.includes('"aliyun"')).length;
    };
    expect(await holders()).toBe(1);
    await elsewhere.post('/everywhere/aliyun').expect(200);
    expect(await holders()).toBe(0);
  }
});

it('a login at another issuer under the same name is a login of somebody else', async () => {
  const visitor = app.visitor();
  await visitor.logIn('aliyun');
  await visitor.logIn('oidc');
  const [key] = (await keys('sess:')) as [string];
  const text = (await client.get(key)) as string;
  await client.set(
    key,
    text.replace(lab.provider('oidc').endpoints.issuer as string, 'https://old.example'),
    'KEEPTTL',
  );
  await visitor.logIn('oidc');
  expect(await providersOf(visitor)).toEqual(['oidc']);
});

it('a logout ends a session also where the app let go of `req.session`', async () => {
  const visitor = app.visitor();
  await visitor.logIn('aliyun');
  await visitor.post('/null-and-logout').expect(200);
  await visitor.get('/me').expect(401);
  expect([...(await keys('sess:')), ...(await keys('oauth:login:'))]).toEqual([]);
});

it('a logout at one router revokes at the others, each with its own keys', async () => {
  const key = (letter: string): OAuthRouterOptions => ({ encryptionKeys: [letter.repeat(32)] });
  const events: string[] = [];
  const two = await startApp({
    lab,
    session: { redis: redis.url },
    router: {
      ...key('a'),
      onEvent: ({ type, provider, outcome }) => events.push(`${type} ${provider} ${outcome}`),
    },
    routes: (it: Express) => {
      const onEvent: OAuthRouterOptions['onEvent'] = ({ type, provider, outcome }) =>
        events.push(`${type} ${provider} ${outcome}`);
      it.use(oauthRouter(providerOf(lab, 'oidc'), { ...key('b'), basePath: '/staff', onEvent }));
    },
  });
  lab.provider('oidc').registerRedirectUri(`${two.url}/staff/callback/oidc`);
  const visitor = two.visitor();
  await visitor.logIn('aliyun');
  const started = await visitor.get('/staff/login/oidc').expect(302);
  const callback = await lab.provider('oidc').signIn(started.headers.location as string);
  await visitor.get(callback.pathname + callback.search).expect(303);
  await visitor.post('/auth/logout').expect(303);
  const ended = () => events.filter((event) => event.startsWith('logout.completed')).sort();
  expect(ended()).toEqual(['logout.completed aliyun revoked', 'logout.completed oidc revoked']);
  await two.close();
});

it("a logout in a session of the app's own ends it also where the app let go of `req.session`", async () => {
  const own = await startApp({
    lab,
    useSession: (it) => it.use(expressSession({ secret: 's', resave: false, saveUninitialized: false })),
    router: { redis: client as never, encryptionKeys: ['k'.repeat(32)] },
    routes: (it: Express) => {
      it.post('/null-and-logout', (req, res, next) => {
        (req as { session: unknown }).session = null;
        req.oauth.logout().then((answer) => res.json(answer), next);
      });
    },
  });
  const visitor = own.visitor();
  await visitor.logIn('aliyun');
  await visitor.post('/null-and-logout').expect(200);
  await visitor.get('/me').expect(401);
  expect(await keys('oauth:login:')).toEqual([]);
  await own.close();
});
