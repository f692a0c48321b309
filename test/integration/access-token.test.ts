import type { Express, RequestHandler } from 'express';
import { Redis } from 'ioredis';
import { autoRefresh } from '../../src/index.js';
import { type Lab, type LabProvider, startLab } from '../../src/testing/index.js';
import { issueExpired, providerOf, startApp, type TestApp, type Visitor, waitFor } from '../support/app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

let lab: Lab;
let redis: RedisServer;
let client: Redis;
let app: TestApp;
let aliyun: LabProvider;
let visitor: Visitor;

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['aliyun', 'oidc'] }), startRedis()]);
  aliyun = lab.provider('aliyun');
});
beforeEach(async () => {
  await redis.flush();
  for (const provider of Object.values(lab.providers)) provider.clearFaults();
  client = new Redis(redis.url);
  app = await startApp({
    lab,
    providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')],
    session: { redis: client },
    router: { leeway: 0 },
    routes,
  });
  visitor = app.visitor();
});
afterEach(async () => {
  await app.close();
  client.disconnect();
});
afterAll(() => Promise.all([lab.close(), redis.stop()]));

/** What each method of `req.oauth` does when it is given more than it knows. */
const misspelt: Record<string, (oauth: Express.Request['oauth'], wrong: object) => unknown> = {
  getAccessToken: (oauth, wrong) => oauth.getAccessToken(wrong),
  getTokens: (oauth, wrong) => oauth.getTokens(wrong),
  fetch: (oauth, wrong) => oauth.fetch(aliyun.api, {}, wrong),
  loginUrl: (oauth, wrong) => oauth.loginUrl(wrong),
  redirectToLogin: (oauth, wrong) => oauth.redirectToLogin(wrong),
  logout: (oauth, wrong) => oauth.logout(wrong),
  sessions: (oauth, wrong) => oauth.sessions(wrong),
};

function routes(it: Express): void {
  it.get('/access-token', (req, res, next) => {
    const { minTtl, force } = req.query;
    const wanted = { ...(minTtl !== undefined && { minTtl: Number(minTtl) }), forceRefresh: force === 'yes' };
    req.oauth.getAccessToken({ provider: 'aliyun', ...wanted }).then((token) => res.json(token), next);
  });
  it.get('/access-token/:provider', (req, res) => {
    const { provider } = req.params;
    const wanted = provider === 'plain' ? {} : { provider };
    req.oauth.getAccessToken(wanted).then(
      (token) => res.json(token),
      ({ status, code, loginUrl }) => res.status(status).json({ code, loginUrl }),
    );
  });
  it.get('/login-at/:provider', (req, res) => void res.json({ login: req.oauth.login(req.params.provider) }));
  it.get('/end/:provider', (req, res, next) => {
    req.oauth.logout(req.params).then((answer) => res.json(answer), next);
  });
  it.get('/misspelt/:method', async (req, res, next) => {
    try {
      await misspelt[req.params.method]?.(req.oauth, { provder: 'aliyun' });
      res.json('done');
    } catch (error) {
      next(error);
    }
  });
  const logins: RequestHandler = (req, res) => void res.json(req.oauth.logins.length);
  it.get('/refreshed', autoRefresh, logins);
  it.get('/refreshed/aliyun', autoRefresh({ provider: 'aliyun' }), logins);
  it.get('/refreshed/early', autoRefresh({ leeway: 60 }), logins);
}

/** The next token that the provider issues lives for so many seconds. */
const issueFor = (seconds: number) => aliyun.alter('token', (answer) => ({ ...answer, expires_in: seconds }));
const accessToken = async (query = '') => (await visitor.get(`/access-token${query}`).expect(200)).body;

describe('getAccessToken({ minTtl })', () => {
  it('gives the token at hand as long as it lives long enough, and else another', async () => {
    issueFor(30);
    await visitor.logIn('aliyun');
    const first = await accessToken();
    expect(await accessToken('?minTtl=5')).toBe(first);
    const second = await accessToken('?minTtl=60');
    expect(second).not.toBe(first);
    expect(await accessToken('?minTtl=60')).toBe(second);
  });

  it('counts beside forceRefresh, where another request was faster', async () => {
    await visitor.logIn('aliyun');
    aliyun.clearRequests();
    issueFor(30);
    let met = 0;
    Object.assign(client, {
      async getBuffer(key: string) {
        const value = await Redis.prototype.getBuffer.call(client, key);
        // Somebody has looked at which token there is, and is about to want another.
        if (key.startsWith('oauth:login:') && met++ === 0) await accessToken('?force=yes');
        return value;
      },
    });
    const token = await accessToken('?force=yes&minTtl=60');
    expect(aliyun.tokenRequests('refresh_token')).toHaveLength(2);
    expect(await accessToken('?minTtl=60')).toBe(token);
  });
});

it('getAccessToken asks for no other token unless it is told to, and says when the login has ended', async () => {
  await visitor.logIn('aliyun');
  aliyun.clearRequests();
  const first = (await visitor.get('/access-token/plain').expect(200)).body;
  expect(aliyun.requests).toEqual([]);
  expect(await accessToken('?force=yes')).not.toBe(first);
  expect(aliyun.tokenRequests('refresh_token')).toHaveLength(1);
  await client.del(...(await redis.keys()).filter((key) => key.startsWith('oauth:login:')));
  const answer = await visitor.get('/access-token?force=yes', { Accept: 'application/json' }).expect(401);
  expect(answer.body.error).toBe('login_ended');
});

it('a login at a provider that nobody is logged in at is missed by those who need it, and by nobody else', async () => {
  await visitor.logIn('aliyun');
  const { body } = await visitor.get('/access-token/oidc').expect(401);
  expect(body).toEqual({ code: 'login_required', loginUrl: '/auth/login/oidc' });
  expect((await visitor.get('/login-at/oidc').expect(200)).body).toEqual({});
  expect((await visitor.get('/login-at/aliyun').expect(200)).body.login).toMatchObject({
    provider: 'aliyun',
    loggedInAt: expect.any(Number),
  });
  await visitor.get('/end/oidc').expect(200);
  await visitor.get('/me').expect(200);
});

it('a login at a provider that is no longer configured is none', async () => {
  await visitor.logIn('oidc');
  await visitor.logIn('aliyun');
  const left = await startApp({ lab, session: { redis: client }, routes });
  const { body } = await left.visitor().get('/me', { Cookie: visitor.cookie }).expect(200);
  expect(body.logins.map(({ provider }: { provider: string }) => provider)).toEqual(['aliyun']);
  await left.close();
});

it('a login that the provider has ended is in the session no more', async () => {
  issueExpired(aliyun);
  await visitor.logIn('aliyun');
  aliyun.fail('token', { status: 400, body: { error: 'invalid_grant' } });
  await visitor.get('/access-token').expect(401);
  expect((await visitor.get('/login-at/aliyun').expect(200)).body).toEqual({});
});

it.each(Object.keys(misspelt))(
  '%s refuses options that it does not know, and does nothing',
  async (method) => {
    await visitor.logIn('aliyun');
    aliyun.clearRequests();
    const { body } = await visitor.get(`/misspelt/${method}`, { Accept: 'application/json' }).expect(500);
    expect(body.error).toBe('unknown_option');
    await visitor.get('/me').expect(200);
    expect(aliyun.requests).toEqual([]);
  },
);

it('autoRefresh renews the tokens of all logins, also where the first is good', async () => {
  const oidc = lab.provider('oidc');
  await visitor.logIn('aliyun');
  issueExpired(oidc);
  await visitor.logIn('oidc');
  oidc.clearRequests();
  expect((await visitor.get('/refreshed').expect(200)).body).toBe(2);
  expect(oidc.tokenRequests('refresh_token')).toHaveLength(1);
});

it('autoRefresh of one provider leaves the others alone', async () => {
  const oidc = lab.provider('oidc');
  for (const provider of [aliyun, oidc]) {
    issueExpired(provider);
    await visitor.logIn(provider.name);
    provider.clearRequests();
  }
  expect((await visitor.get('/refreshed/aliyun').expect(200)).body).toBe(2);
  expect(aliyun.tokenRequests('refresh_token')).toHaveLength(1);
  expect(oidc.tokenRequests('refresh_token')).toEqual([]);
});

it('autoRefresh has a leeway of its own, within which nobody waits for a refresh', async () => {
  issueFor(30);
  await visitor.logIn('aliyun');
  aliyun.clearRequests();
  await visitor.get('/refreshed').expect(200);
  expect(aliyun.tokenRequests('refresh_token')).toEqual([]);
  // A failure shows that nobody waits for it.
  aliyun.fail('token');
  await visitor.get('/refreshed/early').expect(200);
  await waitFor(() => aliyun.tokenRequests('refresh_token').length === 1);
});
