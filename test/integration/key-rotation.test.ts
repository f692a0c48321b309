import { type Lab, startLab } from '../../src/testing/index.js';
import { type AppOptions, issueExpired, providerOf, startApp, type TestApp } from '../support/app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const OLD = 'the older key, of thirty-two bytes';
const NEW = 'the newer key, of thirty-two bytes';

let lab: Lab;
let redis: RedisServer;

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['aliyun'] }), startRedis()]);
});
afterAll(() => Promise.all([lab.close(), redis.stop()]));

describe.each<[string, (keys: string[]) => Partial<AppOptions>]>([
  ['encryptionKeys', (encryptionKeys) => ({ session: { redis: redis.url }, router: { encryptionKeys } })],
  ['the secrets of oauthSession', (secret) => ({ session: { redis: redis.url, secret } })],
])('while %s rotate', (_what, withKeys) => {
  let older: TestApp;
  let newer: TestApp;

  const start = (...keys: string[]) =>
    startApp({ lab, providers: [providerOf(lab, 'aliyun')], ...withKeys(keys) });

  afterEach(async () => {
    await Promise.all([older.close(), newer.close()]);
    await redis.flush();
  });

  /** A login whose token has expired, made at the older app: both know the signature of its cookie. */
  async function logIn() {
    const visitor = older.visitor();
    issueExpired(lab.provider('aliyun'));
    await visitor.logIn('aliyun');
    const cookie = visitor.cookie;
    return (app: TestApp, path: string, method = 'GET') =>
      fetch(app.url + path, { method, headers: { cookie, accept: 'application/json' }, redirect: 'manual' });
  }

  // In a rolling deploy, one process that lacked the newest key logged users out in all of them.
  it('a process that lacks the newest one answers 503 where it needs the tokens, and ends no login', async () => {
    [older, newer] = await Promise.all([start(OLD), start(NEW, OLD)]);
    const visit = await logIn();
    // Renewed, and with that sealed under the newer key.
    expect((await visit(newer, '/token')).status).toBe(200);
    for (let n = 0; n < 2; n++) {
      const refused = await visit(older, '/token');
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await refused.json()).toMatchObject({ error: 'store_unavailable' });
      expect((await visit(newer, '/token')).status).toBe(200);
      expect((await visit(newer, '/me')).status).toBe(200);
    }
    expect([...older.events, ...newer.events].map(({ type }) => type)).not.toContain('alert');
  });

  it('a logout from a process that lacks the newest one is a logout', async () => {
    [older, newer] = await Promise.all([start(OLD), start(NEW, OLD)]);
    const visit = await logIn();
    expect((await visit(newer, '/token')).status).toBe(200);
    expect((await visit(older, '/auth/logout', 'POST')).status).toBe(200);
    expect((await visit(newer, '/me')).status).toBe(401);
    expect((await redis.keys()).filter((key) => key.startsWith('oauth:login:'))).toEqual([]);
  });

  it('nobody notices, if the newest one was added at the end of the list first', async () => {
    [older, newer] = await Promise.all([start(OLD, NEW), start(NEW, OLD)]);
    const visit = await logIn();
    for (const app of [newer, older, newer, older]) {
      expect((await visit(app, '/token')).status).toBe(200);
      expect((await visit(app, '/me')).status).toBe(200);
    }
  });
});

it('a guard at which the token has expired answers 503 where the record cannot be opened', async () => {
  const start = (...encryptionKeys: string[]) =>
    startApp({
      lab,
      providers: [providerOf(lab, 'aliyun')],
      session: { redis: redis.url },
      router: { encryptionKeys },
    });
  const [older, newer] = await Promise.all([start(OLD), start(NEW, OLD)]);
  const visitor = newer.visitor();
  issueExpired(lab.provider('aliyun'));
  await visitor.logIn('aliyun');
  const headers = { cookie: visitor.cookie };
  lab.provider('aliyun').clearRequests();
  for (let n = 0; n < 2; n++) expect((await fetch(`${older.url}/me`, { headers })).status).toBe(503);
  expect(lab.provider('aliyun').tokenRequests()).toEqual([]);
  expect((await fetch(`${newer.url}/me`, { headers })).status).toBe(200);
  await Promise.all([older.close(), newer.close()]);
});
