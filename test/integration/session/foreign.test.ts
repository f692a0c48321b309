import { RedisStore } from 'connect-redis';
import type { Express } from 'express';
import expressSession from 'express-session';
import { Redis } from 'ioredis';
import request from 'supertest';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { cookieOf, dataOf, SECRET, type SessionApp, startSessionApp } from '../../support/session-app.js';

const routes = (app: Express) => {
  app.get('/set/:n', (req, res) => {
    dataOf(req).n = Number(req.params.n);
    res.json({ id: req.sessionID });
  });
  app.get('/drop-oauth', (req, res) => {
    delete req.session.oauth;
    res.json({});
  });
  app.get('/read', (req, res) => void res.json({ id: req.sessionID, n: dataOf(req).n ?? null }));
};

describe('a session that another program has written', () => {
  let redis: RedisServer;
  let client: Redis;
  let app: SessionApp;
  beforeAll(async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
    app = await startSessionApp({ redis: client, secret: SECRET }, routes);
  });
  afterAll(async () => {
    await app.close();
    client.disconnect();
    await redis.stop();
  });

  it('express-session and connect-redis: it lives on, both ways', async () => {
    const theirs = await startSessionApp(
      expressSession({
        name: 'sid',
        secret: SECRET,
        resave: false,
        saveUninitialized: false,
        store: new RedisStore({ client }),
      }),
      routes,
    );
    const before = await request(theirs.url).get('/set/5').expect(200);
    const cookie = cookieOf(before) as string;
    const read = async ({ url }: SessionApp) => (await request(url).get('/read').set('Cookie', cookie)).body;
    expect(await read(app)).toEqual({ id: before.body.id, n: 5 });
    await request(app.url).get('/set/6').set('Cookie', cookie).expect(200);
    expect(await read(theirs)).toEqual({ id: before.body.id, n: 6 });
    // By this others see that its logins have changed.
    expect(await client.get(`sess:${before.body.id}`)).toMatch(/^\{"oauth":\{"rev":"[\w-]{12}"/);
    expect(await read(app)).toEqual({ id: before.body.id, n: 6 });
    await theirs.close();
  });

  it.each([
    ['without a cookie', (text: string) => text.replace(/"cookie":\{[^}]*\},/, '')],
    ['of another layout', (text: string) => JSON.stringify(JSON.parse(text), null, 1)],
    ['with sizes that no longer fit', (text: string) => text.replace('"logins":{}', '"logins":{ }')],
    [
      'with sizes out of bounds',
      (text: string) => text.replace(/"sizes":\[\d+,\d+\]/, '"sizes":[9999,9999]'),
    ],
  ])('%s: it is read and saved', async (_what, change) => {
    const agent = app.agent();
    const { id } = (await agent.get('/set/1')).body;
    const text = (await client.get(`sess:${id}`)) as string;
    expect(change(text)).not.toBe(text);
    await client.set(`sess:${id}`, change(text), 'KEEPTTL');
    await agent.get('/read').expect(200, { id, n: 1 });
    await agent.get('/set/2').expect(200);
    await agent.get('/read').expect(200, { id, n: 2 });
  });

  it.each(['null', '0', '[]', 'true', '"text"'])('that is no object, %s: there is none', async (text) => {
    const agent = app.agent();
    const { id } = (await agent.get('/set/1')).body;
    await client.set(`sess:${id}`, text, 'KEEPTTL');
    expect((await agent.get('/read').expect(200)).body).toEqual({
      id: expect.not.stringMatching(id),
      n: null,
    });
    const anew = (await agent.get('/set/2').expect(200)).body.id;
    expect(anew).not.toBe(id);
    await agent.get('/read').expect(200, { id: anew, n: 2 });
  });

  it.each([
    ['with logins that are none', { rev: 'r', since: Date.now(), sizes: [1, 1], logins: { a: 1, b: null } }],
    ['with a list of logins', { rev: 'r', since: 'yesterday', logins: [1] }],
    ['with a number for logins', { logins: 5 }],
    ['with `oauth` null', null],
  ])('%s: it is read and saved', async (_what, oauth) => {
    const agent = app.agent();
    const { id } = (await agent.get('/set/1')).body;
    await client.set(`sess:${id}`, JSON.stringify({ oauth, cookie: 'none', n: 1 }), 'KEEPTTL');
    await agent.get('/read').expect(200, { id, n: 1 });
    await agent.get('/set/2').expect(200);
    await agent.get('/read').expect(200, { id, n: 2 });
  });

  it('with an `oauth` of its own: it is read, and never lost without a word', async () => {
    const agent = app.agent();
    const { id } = (await agent.get('/set/1')).body;
    // That of passport-oauth1.
    await client.set(`sess:${id}`, JSON.stringify({ n: 1, oauth: { oauth_token: 'x' } }), 'KEEPTTL');
    await agent.get('/read').expect(200, { id, n: 1 });
    await agent.get('/set/1').expect(200);
    await agent.get('/set/2').expect(500, /req\.session\.oauth is where/);
    expect(await client.get(`sess:${id}`)).toContain('oauth_token');
    await agent.get('/drop-oauth').expect(200);
    await agent.get('/read').expect(200, { id, n: 1 });
    await agent.get('/set/2').expect(200);
    expect(await client.get(`sess:${id}`)).not.toContain('oauth_token');
  });

  it('that is no JSON: an error, and nothing is destroyed', async () => {
    const agent = app.agent();
    const { id } = (await agent.get('/set/1')).body;
    await client.set(`sess:${id}`, 'nonsense', 'KEEPTTL');
    const answer = await agent.get('/read').expect(500);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(await client.get(`sess:${id}`)).toBe('nonsense');
  });
});
