import { jest } from '@jest/globals';
import express, { type RequestHandler } from 'express';
import request from 'supertest';
import * as first from '../../../src/index.js';
import { dataOf } from '../../support/session-app.js';

/** What npm does where two packages want different versions of this one. */
async function anotherCopy(): Promise<typeof first> {
  jest.resetModules();
  return import('../../../src/index.js');
}

const count: RequestHandler = (req, res) => {
  const data = dataOf(req);
  data.n = (data.n ?? 0) + 1;
  res.json([data.n, req.session.id === req.sessionID, req.oauth.loggedIn]);
};

/** All apps of a process lend their requests the same properties. */
function appOf({ oauthSession, oauthRouter, oidc }: typeof first) {
  const app = express();
  app.use(oauthSession({ secret: 'a secret of thirty-two characters' }));
  app.use(
    oauthRouter(oidc({ name: 'oidc', issuer: 'https://id.example.com', clientId: 'c', clientSecret: 's' })),
  );
  app.get('/count', count);
  app.get('/replace', (req, res) => {
    req.oauth = { loggedIn: 'replaced' } as never;
    Object.assign(req, { session: null });
    res.json([req.oauth, req.session]);
  });
  app.get('/nonsense', (req, res) => {
    Object.assign(req, { session: {} });
    res.json('sent');
  });
  return app;
}

it('apps on two copies of this package do not get into each other’s way', async () => {
  const second = await anotherCopy();
  expect(second.oauthSession).not.toBe(first.oauthSession);
  const agents = [appOf(first), appOf(second), appOf(first)].map((app) => request.agent(app));
  for (const visit of [1, 2, 3]) {
    for (const agent of agents) await agent.get('/count').expect(200, [visit, true, false]);
  }
  for (const agent of agents) await agent.get('/replace').expect(200, [{ loggedIn: 'replaced' }, null]);
  // Only who knows of it can refuse it.
  for (const agent of agents)
    await agent.get('/nonsense').expect(500, /was replaced by something that is not a session/);
  // What was set is the request's own, and no other's.
  for (const agent of agents) await agent.get('/count').expect(200, [4, true, false]);
});
