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
