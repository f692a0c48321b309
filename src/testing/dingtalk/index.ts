import { orRefusal, Refusal } from '../refusal.js';
import { signInRoutes } from '../sign-in.js';
import type { Blueprint, Ground, Route, StandIn } from '../stand-in.js';
import { TokenBook } from '../token-book.js';
import { readAuthorizationRequest } from './authorization-request.js';
import { errorAnswer } from './errors.js';
import { me, whoami } from './resources.js';
import { token } from './token.js';
import { users } from './users.js';

/** DingTalk, the new API: https://help.dingtalk.io/open/development/obtain-user-token and the pages beside it. */
export const dingtalk: Blueprint = {
  name: 'dingtalk',
  title: 'DingTalk (lab)',
  furtherSites: 1,
  settings: { accessTokenLifetime: 7200 },
  clients: {
    web: {
      clientId: 'dinglabapp000001',
      clientSecret: 'lab-dingtalk-web-secret',
      tokenEndpointAuthMethod: 'client_secret_post',
    },
  },
  users,
  build,
};

function build(ground: Ground): StandIn {
  const { origin } = ground;
  const [login = origin] = ground.furtherOrigins;
  const book = new TokenBook(ground.settings);
  const endpoints = {
    authorization: `${login}/oauth2/auth`,
    token: `${origin}/v1.0/oauth2/userAccessToken`,
    userinfo: `${origin}/v1.0/contact/users/me`,
  };
  const api = `${origin}/api/whoami`;
  const routes: readonly Route[] = [
    // The host where users sign in is not the host of the API.
    ...signInRoutes(ground, book, {
      url: endpoints.authorization,
      read: (query) => readAuthorizationRequest(query, ground),
      granted: (authCode) => ({ authCode }),
      refused: ({ code }) => (code === 'access_denied' ? { error: code } : undefined),
    }),
    {
      url: endpoints.token,
      endpoint: 'token',
      methods: ['POST'],
      handle: (call) => orRefusal(() => token(call, ground, book), errorAnswer),
    },
    {
      url: endpoints.userinfo,
      endpoint: 'userinfo',
      methods: ['GET'],
      handle: (call) => orRefusal(() => me(call, ground, book), errorAnswer),
    },
    {
      url: api,
      endpoint: 'api',
      methods: ['GET'],
      handle: (call) => orRefusal(() => whoami(call, ground, book), errorAnswer),
    },
  ];
  return {
    endpoints,
    api,
    routes,
    failure: () => errorAnswer(new Refusal('ServiceUnavailable', 'the provider is in trouble', 503)),
    expireAccessTokens: () => book.expireAccessTokens(),
    revokeAll: () => book.expireRefreshTokens(),
  };
}
