// Auth.js for Express, with its default session: an encrypted cookie.
import { ExpressAuth, getSession } from '@auth/express';
import express from 'express';
import { SECRET, serve, settings } from './support/bench.js';

const { issuer, clientId, clientSecret, scope } = settings;
const config = {
  basePath: '/auth',
  secret: SECRET,
  trustHost: true,
  providers: [
    {
      id: 'oidc',
      name: 'OpenID Provider',
      type: 'oidc',
      issuer,
      clientId,
      clientSecret,
      authorization: { params: { scope } },
      checks: ['pkce', 'state', 'nonce'],
    },
  ],
  callbacks: {
    jwt: ({ token, profile }) => (profile ? { ...token, sub: profile.sub } : token),
    session: ({ session, token }) => ({ ...session, sub: token.sub }),
  },
};

const app = express();
app.use('/auth', ExpressAuth(config));

app.get('/me', async (req, res) => {
  const session = await getSession(req, config);
  if (!session) return res.sendStatus(401);
  res.json({ sub: session.sub });
});

serve(app);
