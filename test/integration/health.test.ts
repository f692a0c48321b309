import express from 'express';
import { Redis } from 'ioredis';
import request from 'supertest';
import { oauthHealth, oauthRouter, oauthSession } from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import { providerOf, SECRET, startApp, type TestApp, waitFor } from '../support/app.js';
import { freePort } from '../support/free-port.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

let lab: Lab;
let redis: RedisServer;
let app: TestApp;

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['aliyun'] }), startRedis({ own: true })]);
  app = await startApp({
    lab,
    session: { redis: redis.url },
    routes: (on) => on.get('/healthz', oauthHealth()),
  });
});
afterAll(async () => {
  await app.close();
  await Promise.all([redis.stop(), lab.close()]);
});

it('a process that can keep logins is ready', async () => {
  const answer = await request(app.url).get('/healthz').expect(200);
  expect(answer.body).toEqual({ ready: true, checks: { store: 'ok', router: 'ok' } });
  expect(answer.headers['cache-control']).toBe('no-store');
  await request(app.url).head('/healthz').expect(200);
});

it('a process whose Redis is frozen says so within a second, and is ready as soon as it answers', async () => {
  process.kill(redis.pid, 'SIGSTOP');
  try {
    const startedAt = Date.now();
    const answer = await request(app.url).get('/healthz').expect(503);
    expect(answer.body).toEqual({ ready: false, checks: { store: 'timeout', router: 'ok' } });
    expect(answer.headers['retry-after']).toBe('1');
    expect(Date.now() - startedAt).toBeLessThan(1500);
  } finally {
    process.kill(redis.pid, 'SIGCONT');
  }
  await waitFor(async () => (await request(app.url).get('/healthz')).status === 200);
});

it.each([
  ['a replica', ['replicaof', '127.0.0.1 1'], 'readonly'],
  ['full', ['maxmemory', '1'], 'oom'],
  ['asking for a password', ['requirepass', 'a-password-of-some-length'], 'noauth'],
] as const)(
  'a Redis that is %s is named, and nothing else of what it says',
  async (_how, setting, reason) => {
    const other = await startRedis({ own: true });
    const admin = new Redis(other.url);
    if (setting[0] === 'replicaof') await admin.replicaof('127.0.0.1', 1);
    else await admin.config('SET', ...setting);
    const own = express();
    const session = oauthSession({ redis: other.url, secret: SECRET });
    own.use(session, oauthRouter(providerOf(lab, 'aliyun')));
    own.get('/healthz', oauthHealth());
    const ask = () => request(own).get('/healthz').expect(503);
    // A connection that fails needs a moment to do so.
    await waitFor(async () => (await ask()).body.checks.store === reason);
    expect((await ask()).body).toEqual({ ready: false, checks: { store: reason, router: 'ok' } });
    await session.close();
    admin.disconnect();
    await other.stop();
  },
);

it('a Redis that is gone is unreachable', async () => {
  const own = express();
  const session = oauthSession({ redis: `redis://127.0.0.1:${await freePort()}`, secret: SECRET });
  own.use(session, oauthRouter(providerOf(lab, 'aliyun')));
  own.get('/healthz', oauthHealth());
  await waitFor(async () => (await request(own).get('/healthz')).body.checks.store === 'unreachable');
  await session.close();
});

it('a router that is closing is not ready, so that no more requests come', async () => {
  const own = express();
  const router = oauthRouter(providerOf(lab, 'aliyun'));
  own.use(oauthSession({ secret: SECRET }), router);
  own.get('/healthz', oauthHealth());
  await request(own).get('/healthz').expect(200);
  await router.close();
  const answer = await request(own).get('/healthz').expect(503);
  expect(answer.body.checks).toEqual({ store: 'ok', router: 'closing' });
});

it('a probe without a router in front is an error, and no answer', async () => {
  const own = express();
  own.get('/healthz', oauthHealth());
  await request(own).get('/healthz').expect(500);
});
