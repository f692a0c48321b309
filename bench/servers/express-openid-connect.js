// express-openid-connect: its session in an encrypted cookie, or with `variant.redis` in Redis.
import { RedisStore } from 'connect-redis';
import express from 'express';
import openid from 'express-openid-connect';
import { DAY, redis, SECRET, serve, settings } from './support/bench.js';

const { url, issuer, clientId, clientSecret, scope, prompt, variant } = settings;
const { auth, requiresAuth } = openid;
const app = express();
app.use(
  auth({
    issuerBaseURL: issuer,
    baseURL: url,
    clientID: clientId,
    clientSecret,
    secret: SECRET,
    authRequired: false,
    // So that a request without a login is refused and not redirected.
    errorOnRequiredAuth: true,
    enableTelemetry: false,
    authorizationParams: { response_type: 'code', scope, ...(prompt && { prompt }) },
    session: variant.redis ? { store: new RedisStore({ client: redis(), ttl: DAY }) } : {},
  }),
);

app.get('/me', requiresAuth(), (req, res) => {
  res.json({ sub: req.oidc.user.sub });
});
app.get('/token', requiresAuth(), async (req, res) => {
  // As its documentation has it.
  let { accessToken } = req.oidc;
  if (accessToken.isExpired()) accessToken = await accessToken.refresh();
  res.json({ sub: req.oidc.user.sub });
});
app.use((error, _req, res, _next) => res.sendStatus(error.status ?? 500));

serve(app);
