import { type Answer, bearerToken, type Call, invalidToken, json } from '../http.js';
import { orRefusal, Refusal } from '../refusal.js';
import { type Bearer, bearerOf, whoami } from '../resources.js';
import { signInRoutes } from '../sign-in.js';
import type { Blueprint, Route, StandIn } from '../stand-in.js';
import { TokenBook } from '../token-book.js';
import type { OpenPlatformSettings } from '../types.js';
import { readAuthorizationRequest } from './authorization-request.js';
import { errorAnswer } from './errors.js';
import type { OpenPlatformGround } from './ground.js';
import { refresh, token } from './token.js';
import { users } from './users.js';

/**
 * No provider in particular, but the shape that many open platforms share: `redirect_url`, scopes with commas, an
 * `open_id` in the token answer, a refresh token that may stay the same.
 */
export const openPlatform: Blueprint<OpenPlatformSettings> = {
  name: 'open-platform',
  title: 'Open platform (lab)',
  furtherSites: 0,
  settings: { acceptPkce: false, refreshReturns: 'new-token' },
  clients: {
    web: {
      clientId: 'lab-open-app-1',
      clientSecret: 'lab-open-platform-secret',
      tokenEndpointAuthMethod: 'client_secret_post',
    },
  },
  users,
  build,
};

function build(ground: OpenPlatformGround): StandIn {
  const { origin } = ground;
  const book = new TokenBook(ground.settings);
  const endpoints = {
    authorization: `${origin}/oauth/authorize`,
    token: `${origin}/oauth/token`,
    refresh: `${origin}/oauth/refresh_token`,
    userinfo: `${origin}/userinfo`,
  };
  const api = `${origin}/api/whoami`;
  const protect = (call: Call, answer: (bearer: Bearer) => Answer) => {
    const bearer = bearerOf(bearerToken(call), ground, book);
    return bearer ? answer(bearer) : invalidToken();
  };
  const routes: readonly Route[] = [
    ...signInRoutes(ground, book, {
      url: endpoints.authorization,
      read: (query) => readAuthorizationRequest(query, ground),
      granted: (code) => ({ code }),
      refused: ({ code, message }) => ({ error: code, error_description: message }),
    }),
    {
      url: endpoints.token,
      endpoint: 'token',
      methods: ['POST'],
      handle: (call) => orRefusal(() => token(call, ground, book), errorAnswer),
    },
    {
      url: endpoints.refresh,
      endpoint: 'token',
      methods: ['POST'],
      handle: (call) => orRefusal(() => refresh(call, ground, book), errorAnswer),
    },
    {
      url: endpoints.userinfo,
      endpoint: 'userinfo',
      methods: ['GET'],
      handle: (call) => protect(call, ({ user }) => json(200, user.claims)),
    },
    { url: api, endpoint: 'api', methods: ['GET'], handle: (call) => protect(call, whoami) },
  ];
  return {
    endpoints,
    api,
    routes,
    failure: () => errorAnswer(new Refusal('server_error', 'the provider is in trouble', 500)),
    expireAccessTokens: () => book.expireAccessTokens(),
    revokeAll: () => book.expireRefreshTokens(),
  };
}
