/** An app in a process of its own: `node --import tsx app-process.ts`, options as JSON in the environment. */
import express from 'express';
import { aliyun, oauthErrorPage, oauthRouter, oauthSession, oidc, requireLogin } from '../../src/index.js';

const {
  redis,
  secret,
  aliyun: aliyunOptions,
  oidc: oidcOptions,
  api,
} = JSON.parse(process.env.APP_OPTIONS as string);

const app = express();
app.use(oauthSession({ redis, secret }));
app.use(oauthRouter([aliyun(aliyunOptions), oidc(oidcOptions)]));
app.get('/token', requireLogin, async (req, res, next) => {
  try {
    res.json({ accessToken: await req.oauth.getAccessToken(), pid: process.pid });
  } catch (error) {
    next(error);
  }
});
app.get('/call', requireLogin, async (req, res, next) => {
  try {
    res.status((await req.oauth.fetch(api)).status).end();
  } catch (error) {
    next(error);
  }
});
app.get('/me', requireLogin, (req, res) => {
  res.json(req.oauth.user);
});
app.use(oauthErrorPage());

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify(server.address())}\n`);
});
