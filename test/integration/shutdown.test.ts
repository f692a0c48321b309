import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { oauthRouter, oauthSession, requireLogin } from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import { issueExpired, providerOf, SECRET, Visitor, waitFor } from '../support/app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

let lab: Lab;
let redis: RedisServer;

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['aliyun'] }), startRedis()]);
});
afterAll(() => Promise.all([lab.close(), redis.stop()]));

async function start() {
  const app = express();
  const session = oauthSession({ redis: redis.url, secret: SECRET });
  const router = oauthRouter(providerOf(lab, 'aliyun'));
  app.use(session, router);
  app.get('/token', requireLogin, (req, res, next) => {
    // Express 4 leaves it to the app to pass errors on: nothing can be read once all is closed.
    req.oauth.getTokens().then((tokens) => res.json(tokens), next);
  });
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  lab.provider('aliyun').registerRedirectUri(`${url}/auth/callback/aliyun`);
  return { session, router, server, url };
}

it.each([
  ['the session first', ['session', 'router']],
  ['the router first', ['router', 'session']],
] as const)('closing %s waits for a refresh in flight, whose tokens are kept', async (_order, order) => {
  const aliyun = lab.provider('aliyun');
  Object.assign(aliyun.settings, { rotateRefreshTokens: true, reuseRevokesFamily: true, reuseGrace: 0 });
  const first = await start();
  const visitor = new Visitor(first.url, lab);
  issueExpired(aliyun);
  await visitor.logIn('aliyun');
  aliyun.clearRequests();
  aliyun.slow('token', 1500);
  // The browser goes away, the server is told to end, and the provider has not answered yet.
  const request = visitor.get('/token');
  request.then(
    () => {},
    () => {},
  );
  await waitFor(() => aliyun.tokenRequests('refresh_token').length === 1);
  request.abort();
  first.server.closeAllConnections();
  first.server.close();
  for (const one of order) await first[one].close();

  const second = await start();
  const answer = await fetch(`${second.url}/token`, { headers: { cookie: visitor.cookie } });
  expect(answer.status).toBe(200);
  expect(aliyun.tokenRequests('refresh_token')).toHaveLength(1);
  second.server.closeAllConnections();
  second.server.close();
  await second.router.close();
  await second.session.close();
});
