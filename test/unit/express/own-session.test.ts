import type { Request, RequestHandler } from 'express';
import { type OAuthRouterOptions, oauth2, oauthRouter } from '../../../src/index.js';
import { inDevelopment, inProduction } from '../config/node-env.js';
import { codesOfWarnings } from '../config/warnings.js';
import { ask } from './serve.js';

const provider = oauth2({
  name: 'p',
  clientId: 'app',
  endpoints: {
    authorization: 'https://op.example/authorize',
    token: 'https://op.example/token',
    userinfo: 'https://op.example/userinfo',
  },
});

/** As an express-session of the app's own would leave it. */
const ownSession: RequestHandler = (req, _res, next) => {
  Object.assign(req, { session: {}, sessionStore: { regenerate: () => {} }, sessionID: 'own' });
  next();
};

/** What the first request of a router behind it meets: the code of an error, and those of the warnings. */
async function firstRequest(under: <T>(run: () => T) => T, options: OAuthRouterOptions = {}) {
  const router = oauthRouter(provider, options);
  const met: { error?: string; warnings: unknown[] } = { warnings: [] };
  await ask((app) => {
    app.use(ownSession);
    app.use((req, res, next) => {
      // What is wrong shows before anything is waited for.
      met.warnings = codesOfWarnings(() => under(() => router(req as Request, res, next)));
    });
    app.use(((error, _req, res, _next) => {
      met.error = error.code;
      res.end();
    }) as import('express').ErrorRequestHandler);
  }, '/');
  await router.close();
  return met;
}

describe('a router behind an express-session of the app’s own', () => {
  const encryptionKeys = ['an encryption key of thirty-two bytes'];

  it('keeps its logins in process memory, and says that its keys are made up', async () => {
    expect(await firstRequest(inDevelopment)).toEqual({ warnings: ['EXPRESS_OAUTH_LOGIN_RANDOM_KEY'] });
  });

  it('says nothing where it has keys', async () => {
    expect(await firstRequest(inDevelopment, { encryptionKeys })).toEqual({ warnings: [] });
  });

  it('refuses process memory under NODE_ENV=production', async () => {
    expect(await firstRequest(inProduction, { encryptionKeys })).toEqual({
      error: 'missing_option',
      warnings: [],
    });
  });
});
