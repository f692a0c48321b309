import { kill } from 'node:process';
import type { ErrorRequestHandler, Express } from 'express';
import expressSession from 'express-session';
import { Redis } from 'ioredis';
import { autoRefresh } from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import {
  type AppOptions,
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
  [lab, redis] = await Promise.all([startLab(), startRedis({ own: true })]);
  // As a user would make it: nothing set.
  client = new Redis(redis.url);
  client.on('error', () => {});
});
afterAll(async () => {
  client.disconnect();
  await Promise.all([lab.close(), redis.stop()]);
});

describe.each(['URL', 'client'])('while Redis, given as a %s, is frozen', (kind) => {
  let app: TestApp;
  let visitor: Visitor;
  const routes = (app: Express) => {
    app.get('/optional', autoRefresh, (req, res) => {
      res.json({ loggedIn: req.oauth.loggedIn });
    });
  };

  beforeAll(async () => {
    app = await startApp({
      lab,
      routes,
      providers: [providerOf(lab, 'aliyun')],
      session: { redis: kind === 'URL' ? redis.url : client },
      router: { timeouts: { store: 0.3 } },
    });
    visitor = app.visitor();
    await visitor.logIn('aliyun');
  });
  beforeEach(() => kill(redis.pid, 'SIGSTOP'));
  afterEach(() => kill(redis.pid, 'SIGCONT'));
  afterAll(() => app.close());

  it.each([
    '/me',
    '/optional',
    '/token',
    '/auth/session',
    '/auth/login/aliyun',
    '/auth/callback/aliyun?code=a&state=b',
  ])(
    'GET %s is a 503 with Retry-After, no cookie is cleared, and all is well again afterwards',
    async (path) => {
      const answer = await visitor.get(path).expect(503);
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.headers['set-cookie']).toBeUndefined();
      kill(redis.pid, 'SIGCONT');
      await waitFor(async () => (await visitor.get('/me')).status === 200);
    },
  );

  it('a logout is a 503 that logs nobody out', async () => {
    await visitor.post('/auth/logout').expect(503);
    kill(redis.pid, 'SIGCONT');
    await waitFor(async () => (await visitor.get('/me')).status === 200);
  });

  it('a visitor without a session is served where no login is needed', async () => {
    await app.visitor().get('/').expect(200);
    await app.visitor().get('/me').expect(401);
  });
});

const withOwnSession = (app: Express) =>
  app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }));

it.each<[string, () => Partial<AppOptions>]>([
  ['oauthSession', () => ({ session: { redis: redis.url } })],
  [
    'an express-session of the app’s own',
    () => ({ useSession: withOwnSession, router: { redis: redis.url } }),
  ],
])('the deadline of store commands is the one of the router, with %s', async (_what, options) => {
  const { router, ...rest } = options();
  const failures: string[] = [];
  const app = await startApp({
    lab,
    ...rest,
    router: {
      ...router,
      encryptionKeys: ['an encryption key of thirty-two bytes'],
      timeouts: { store: 0.3 },
    },
    routes(it) {
      it.use(((error, _req, _res, next) => {
        failures.push(error.message);
        next(error);
      }) as ErrorRequestHandler);
    },
  });
  const visitor = app.visitor();
  await visitor.logIn('aliyun');
  kill(redis.pid, 'SIGSTOP');
  try {
    await visitor.get('/token').expect(503);
    expect(failures).toEqual(['Redis did not answer within 0.3 s.']);
  } finally {
    kill(redis.pid, 'SIGCONT');
  }
  await waitFor(async () => (await visitor.get('/me')).status === 200);
  await app.close();
});

it('an app that starts without Redis answers 503, and works once Redis is there', async () => {
  const late = await startRedis({ own: true });
  await late.stop();
  const app = await startApp({
    lab,
    session: { redis: late.url },
    router: { timeouts: { store: 0.3 } },
  });
  const visitor = app.visitor();
  await visitor.get('/').expect(200);
  await visitor.get('/auth/login/aliyun').expect(503);
  const back = await startRedis({ own: true, port: late.port });
  await waitFor(async () => (await visitor.get('/auth/login/aliyun')).status === 302);
  await visitor.logIn('aliyun');
  await visitor.get('/me').expect(200);
  await app.close();
  await back.stop();
});

it('a provider that is down or talks nonsense when a login begins is a 503 or 502', async () => {
  const oidc = lab.provider('oidc');
  for (const [status, break_] of [
    [503, () => oidc.down(true)],
    [503, () => oidc.fail('discovery', { status: 500 })],
    [502, () => oidc.fail('discovery', { status: 200, body: '<html>' })],
    [502, () => oidc.alter('discovery', (metadata) => ({ ...metadata, issuer: 'https://evil.example.com' }))],
    [
      502,
      () =>
        oidc.alter('discovery', (metadata) => ({ ...metadata, token_endpoint: 'http://evil.example.com/' })),
    ],
  ] as const) {
    const app = await startApp({ lab, providers: [providerOf(lab, 'oidc')] });
    const visitor = app.visitor();
    break_();
    const answer = await visitor.get('/auth/login/oidc');
    expect(answer.status).toBe(status);
    expect(app.events).toEqual([
      expect.objectContaining({
        type: 'login.failed',
        provider: 'oidc',
        error: status === 503 ? 'provider_unavailable' : 'provider_protocol',
      }),
    ]);
    oidc.down(false);
    oidc.clearFaults();
    await visitor.logIn('oidc');
    await visitor.get('/me').expect(200);
    await app.close();
  }
});
