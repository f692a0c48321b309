// better-auth with its generic OAuth plugin. Users are in its memory adapter, sessions there too, or with `variant.redis`
// in Redis as its `secondaryStorage`.
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';
import { genericOAuth } from 'better-auth/plugins';
import express from 'express';
import { DAY, redis, SECRET, serve, settings } from './support/bench.js';

const { url, issuer, clientId, clientSecret, scope, variant } = settings;

function secondaryStorage(client) {
  return {
    get: (key) => client.get(key),
    set: async (key, value, ttl = DAY) => void (await client.set(key, value, 'EX', ttl)),
    delete: async (key) => void (await client.del(key)),
  };
}

const auth = betterAuth({
  baseURL: url,
  secret: SECRET,
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  ...(variant.redis && { secondaryStorage: secondaryStorage(redis()) }),
  rateLimit: { enabled: false },
  user: { additionalFields: { sub: { type: 'string', required: false } } },
  session: { expiresIn: DAY },
  plugins: [
    genericOAuth({
      config: [
        {
          providerId: 'oidc',
          discoveryUrl: `${issuer}/.well-known/openid-configuration`,
          clientId,
          clientSecret,
          authentication: 'basic',
          scopes: scope.split(' '),
          pkce: true,
          mapProfileToUser: (profile) => ({ sub: profile.sub }),
        },
      ],
    }),
  ],
});

const app = express();
app.all('/api/auth/*path', toNodeHandler(auth));

// Sign-in is a call from a script in its documentation; this is the same call from the server.
app.get('/login', async (req, res) => {
  const { headers, response } = await auth.api.signInSocial({
    body: { provider: 'oidc', callbackURL: '/' },
    headers: fromNodeHeaders(req.headers),
    returnHeaders: true,
  });
  for (const cookie of headers.getSetCookie()) res.append('Set-Cookie', cookie);
  res.redirect(response.url);
});

app.get('/me', async (req, res) => {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) });
  if (!session) return res.sendStatus(401);
  res.json({ sub: session.user.sub });
});

serve(app);
