import { RedisStore } from 'connect-redis';
import type { Express } from 'express';
import session from 'express-session';
import { Redis } from 'ioredis';
import { type Lab, type LabProvider, startLab } from '../../src/testing/index.js';
import { type AppOptions, issueExpired, providerOf, SECRET, startApp, type TestApp } from '../support/app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

let lab: Lab;
let redis: RedisServer;
let client: Redis;

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab(), startRedis()]);
  client = new Redis(redis.url);
});
afterAll(async () => {
  client.disconnect();
  await Promise.all([lab.close(), redis.stop()]);
});

/** The ways in which an app can keep its sessions. */
const sessions: Record<string, () => Partial<AppOptions>> = {
  'oauthSession in memory': () => ({}),
  'oauthSession on a Redis URL': () => ({ session: { redis: redis.url } }),
  'oauthSession on an ioredis client': () => ({ session: { redis: client } }),
  'an express-session of its own on Redis': () => ({
    router: { redis: client, encryptionKeys: ['an encryption key of thirty-two bytes'] },
    useSession: (app: Express) =>
      app.use(
        session({
          secret: SECRET,
          resave: false,
          saveUninitialized: false,
          store: new RedisStore({ client, prefix: 'own:' }),
        }),
      ),
  }),
};

const cases = Object.keys(sessions).flatMap((kind) => [['aliyun', kind] as const, ['oidc', kind] as const]);

describe.each(cases)('a user of %s, with %s', (name, kind) => {
  let app: TestApp;
  let provider: LabProvider;

  beforeAll(async () => {
    provider = lab.provider(name);
    app = await startApp({ lab, providers: [providerOf(lab, name)], ...sessions[kind]?.() });
  });
  beforeEach(() => {
    provider.clearRequests();
  });
  afterAll(() => app.close());

  it('logs in, is known, and calls the API', async () => {
    const visitor = app.visitor();
    await visitor.get('/me').expect(401);
    const callback = await visitor.logIn(name, { returnTo: '/me?tab=1#top' });
    expect(callback.headers.location).toBe('/me?tab=1#top');
    const { body } = await visitor.get('/me').expect(200);
    expect(body.user).toMatchObject({
      provider: name,
      sub: provider.users[0]?.sub,
      name: expect.any(String),
    });
    expect(body.logins).toHaveLength(1);
    const call = await visitor.get(`/call/${name}`).expect(200);
    expect(call.body.sub).toBe(body.user.sub);
  });

  it('is renewed without noticing when the token has expired', async () => {
    const visitor = app.visitor();
    issueExpired(provider);
    await visitor.logIn(name);
    const before = provider.tokenRequests('refresh_token').length;
    const { body } = await visitor.get('/token').expect(200);
    expect(body.expiresAt).toBeGreaterThan(Date.now() + 3_000_000);
    expect(provider.tokenRequests('refresh_token')).toHaveLength(before + 1);
    await visitor.get('/me').expect(200);
    await visitor.get(`/call/${name}`).expect(200);
    expect(provider.tokenRequests('refresh_token')).toHaveLength(before + 1);
  });

  it('logs out, and the provider sees the revocation of the refresh token', async () => {
    const visitor = app.visitor();
    await visitor.logIn(name);
    const { refreshToken } = (await visitor.get('/token').expect(200)).body;
    await visitor.post('/auth/logout').expect(303);
    await visitor.get('/me').expect(401);
    const revocations = provider.requests.filter((one) => one.endpoint === 'revocation');
    expect(revocations).toHaveLength(1);
    expect(revocations[0]?.form?.token).toBe(refreshToken);
    expect(revocations[0]?.status).toBe(200);
  });

  it('has a new session id after the login, and the old one is dead', async () => {
    const visitor = app.visitor();
    await visitor.logIn(name);
    const first = cookieOf(visitor.agent);
    await visitor.logIn(name);
    expect(cookieOf(visitor.agent)).not.toBe(first);
    await app.visitor().get('/me', { Cookie: first }).expect(401);
    await visitor.get('/me').expect(200);
  });
});

describe.each(['aliyun', 'oidc'])('what Redis shows of a login at %s', (name) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ lab, providers: [providerOf(lab, name)], session: { redis: redis.url } });
  });
  beforeEach(() => redis.flush());
  afterAll(() => app.close());

  it('is no token, and no secret of a login that has begun', async () => {
    const visitor = app.visitor();
    await visitor.get(`/auth/login/${name}`).expect(302);
    await visitor.logIn(name);
    const { body: tokens } = await visitor.get('/token').expect(200);
    const secrets = [tokens.accessToken, tokens.refreshToken, tokens.idToken].filter(Boolean);
    expect(secrets.length).toBeGreaterThanOrEqual(3);
    const dump = await redis.dump();
    expect(dump).toContain('"logins"');
    for (const secret of secrets) {
      expect(dump).not.toContain(secret);
      expect(dump).not.toContain(Buffer.from(secret).toString('base64').slice(0, 40));
    }
    expect(dump).not.toMatch(/code_?verifier/i);
  });

  it('is nothing of the login after the logout, and everything has a time to live before', async () => {
    const visitor = app.visitor();
    await visitor.logIn(name);
    const { user } = (await visitor.get('/me').expect(200)).body;
    const keys = await redis.keys();
    expect(keys.filter((key) => key.startsWith('oauth:login:'))).toHaveLength(1);
    expect(keys.filter((key) => key.startsWith('sess:'))).toHaveLength(1);
    for (const key of keys) expect(await client.pttl(key)).toBeGreaterThan(0);
    await visitor.post('/auth/logout').expect(303);
    const left = await redis.keys();
    expect(left.filter((key) => key.startsWith('oauth:login:') || key.startsWith('sess:'))).toEqual([]);
    expect(await redis.dump()).not.toContain(user.sub);
  });
});

function cookieOf(agent: unknown): string {
  const { jar } = agent as { jar: { getCookies(access: unknown): { toValueString(): string }[] } };
  const access = { path: '/', domain: '127.0.0.1', secure: false, script: false };
  return (
    jar
      .getCookies(access)
      .find((one) => one.toValueString().match(/^(?:connect\.)?sid=/) !== null)
      ?.toValueString() ?? ''
  );
}
