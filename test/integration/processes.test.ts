import { type Lab, startLab } from '../../src/testing/index.js';
import { issueExpired, Visitor } from '../support/app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { type AppProcess, startAppProcess } from '../support/start-app-process.js';

let lab: Lab;
let redis: RedisServer;
let apps: [AppProcess, AppProcess];

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab(), startRedis()]);
  apps = await Promise.all([startAppProcess(lab, redis), startAppProcess(lab, redis)]);
}, 30_000);
afterAll(async () => {
  await Promise.all(apps.map((app) => app.stop()));
  await Promise.all([lab.close(), redis.stop()]);
});

describe.each(['aliyun', 'oidc'])(
  'two processes on one Redis, with refresh tokens of %s that work once',
  (name) => {
    it.each([0, 400])(
      'make one token request for 50 parallel requests, when the provider takes %i ms',
      async (milliseconds) => {
        const provider = lab.provider(name);
        Object.assign(provider.settings, {
          rotateRefreshTokens: true,
          reuseRevokesFamily: true,
          reuseGrace: 0,
        });
        const [first, second] = apps;
        const visitor = new Visitor(first.url, lab);
        issueExpired(provider);
        const callback = await visitor.logIn(name);
        expect(callback.status).toBe(303);
        provider.clearRequests();
        if (milliseconds > 0) provider.slow('token', milliseconds);
        const cookie = visitor.cookie;
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, index) =>
            fetch(`${index % 2 === 0 ? first.url : second.url}/token`, { headers: { cookie } }),
          ),
        );
        expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(200));
        const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as {
          accessToken: string;
          pid: number;
        }[];
        expect(new Set(bodies.map((body) => body.accessToken)).size).toBe(1);
        expect(new Set(bodies.map((body) => body.pid)).size).toBe(2);
        expect(provider.tokenRequests('refresh_token')).toHaveLength(1);
        for (const { url } of [first, second]) {
          const me = await fetch(`${url}/me`, { headers: { cookie } });
          expect(me.status).toBe(200);
        }
        expect(provider.tokenRequests('refresh_token')).toHaveLength(1);
      },
    );

    it('know of a logout in the other one', async () => {
      const [first, second] = apps;
      const visitor = new Visitor(first.url, lab);
      await visitor.logIn(name);
      const cookie = visitor.cookie;
      expect((await fetch(`${second.url}/me`, { headers: { cookie } })).status).toBe(200);
      await fetch(`${second.url}/auth/logout`, { method: 'POST', headers: { cookie }, redirect: 'manual' });
      await visitor.get('/me').expect(401);
      await visitor.get('/token').expect(401);
    });
  },
);

it('two processes know of a logout at the provider that the other one was told of', async () => {
  const [first, second] = apps;
  const oidc = lab.provider('oidc');
  oidc.registerBackchannelLogoutUri(`${second.url}/auth/backchannel-logout/oidc`);
  const visitor = new Visitor(first.url, lab);
  await visitor.logIn('oidc');
  const cookie = visitor.cookie;
  for (const { url } of apps) expect((await fetch(`${url}/me`, { headers: { cookie } })).status).toBe(200);
  const query = new URLSearchParams({
    client_id: oidc.clients.web.clientId,
    post_logout_redirect_uri: `${first.url}/`,
  });
  oidc.registerPostLogoutRedirectUri(`${first.url}/`);
  await oidc.signOut(`${oidc.endpoints.endSession}?${query}`, { user: 'alice' });
  for (const { url } of apps) {
    for (const path of ['/me', '/token']) {
      expect((await fetch(`${url}${path}`, { headers: { cookie } })).status).toBe(401);
    }
  }
});
