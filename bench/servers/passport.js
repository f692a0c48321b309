// passport with passport-oauth2 (its OpenID Connect strategy knows no PKCE), on express-session, connect-redis and ioredis.
// Like all strategies of passport it believes the id_token without looking at its signature.
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy } from 'passport-oauth2';
import { DAY, redis, SECRET, serve, settings } from './support/bench.js';

const { url, issuer, endpoints, clientId, clientSecret, scope } = settings;
const app = express();
const store = new RedisStore({ client: redis(), ttl: DAY });
app.use(session({ store, secret: SECRET, resave: false, saveUninitialized: false }));
app.use(passport.session());

const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
passport.use(
  'oidc',
  new Strategy(
    {
      authorizationURL: endpoints.authorization,
      tokenURL: endpoints.token,
      clientID: clientId,
      // It would send the secret in the body, and this client is registered for HTTP Basic.
      clientSecret: '',
      customHeaders: { Authorization: `Basic ${basic}` },
      callbackURL: `${url}/callback`,
      scope: scope.split(' '),
      state: true,
      pkce: true,
    },
    (_accessToken, _refreshToken, { id_token }, _profile, done) => {
      const claims = JSON.parse(Buffer.from(id_token.split('.')[1], 'base64url'));
      if (claims.iss !== issuer || claims.aud !== clientId)
        return done(new Error('the id_token is meant for another'));
      done(null, claims);
    },
  ),
);
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));

app.get('/me', (req, res) => {
  if (!req.isAuthenticated()) return res.sendStatus(401);
  res.json({ sub: req.user.sub });
});
app.get('/login', passport.authenticate('oidc'));
app.get('/callback', passport.authenticate('oidc', { successRedirect: '/' }));

serve(app);
