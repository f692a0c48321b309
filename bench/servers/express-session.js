// express-session, connect-redis and ioredis as their documentation has them, a one-line guard, and a login written by
// hand on openid-client. With `variant.tokens` the tokens are in the session, as most such apps have them.
import { promisify } from 'node:util';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { DAY, redis, SECRET, serve, settings } from './support/bench.js';
import { begin, finish, refresh } from './support/openid.js';
import { fill } from './support/session-data.js';

const app = express();
const store = new RedisStore({ client: redis(), ttl: DAY });
app.use(session({ store, secret: SECRET, resave: false, saveUninitialized: false }));

const requireUser = (req, res, next) => (req.session.user ? next() : res.sendStatus(401));

app.get('/me', requireUser, (req, res) => {
  res.json({ sub: req.session.user.sub });
});
app.get('/fill', requireUser, fill);

app.get('/login', async (req, res) => {
  const { remember, to } = await begin();
  req.session.login = remember;
  res.redirect(to);
});

app.get('/callback', async (req, res) => {
  const { login } = req.session;
  if (!login) return res.sendStatus(400);
  const tokens = await finish(req, login);
  await promisify(req.session.regenerate).call(req.session);
  req.session.user = tokens.claims();
  if (settings.variant.tokens) req.session.tokens = toKeep(tokens);
  res.redirect('/');
});

// As such apps do it: who finds the token expired refreshes it.
app.get('/token', requireUser, async (req, res) => {
  const { tokens } = req.session;
  if (tokens.expires_at <= Date.now()) {
    req.session.tokens = { ...tokens, ...toKeep(await refresh(tokens.refresh_token)) };
  }
  res.json({ sub: req.session.user.sub });
});

function toKeep({ access_token, refresh_token, id_token, expires_in }) {
  return { access_token, refresh_token, id_token, expires_at: Date.now() + expires_in * 1000 };
}
// A refresh that is refused is logged by Express with its stack, 50 times over; the answer stays the same.
app.use((_error, _req, res, _next) => res.sendStatus(500));

serve(app);
