// This library, as it ships: from dist/. `variant.session` says whose session it stands on.
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { oauthErrorPage, oauthRouter, oauthSession, oidc, requireLogin } from '../../dist/index.js';
import { DAY, redis, SECRET, serve, settings } from './support/bench.js';
import { fill } from './support/session-data.js';

const { url, issuer, clientId, clientSecret, scope, prompt, variant } = settings;
const app = express();
const routerOptions = { baseUrl: url };

if (variant.session === 'own') {
  const client = redis();
  const store = new RedisStore({ client, ttl: DAY });
  app.use(session({ store, secret: SECRET, resave: false, saveUninitialized: false }));
  Object.assign(routerOptions, { redis: client, encryptionKeys: [SECRET] });
} else {
  app.use(oauthSession({ redis: settings.redis, secret: SECRET }));
}

const authorizationParams = prompt ? { prompt } : {};
const provider = oidc({ name: 'oidc', issuer, clientId, clientSecret, scope, authorizationParams });
app.use(oauthRouter(provider, routerOptions));

app.get('/me', requireLogin, (req, res) => {
  res.json({ sub: req.oauth.user.sub });
});
app.get('/token', requireLogin, async (req, res) => {
  await req.oauth.getAccessToken();
  res.json({ sub: req.oauth.user.sub });
});
app.get('/fill', requireLogin, fill);
app.use(oauthErrorPage());

serve(app);
