import { orRefusal, Refusal } from '../refusal.js';
import { signInRoutes } from '../sign-in.js';
import type { Blueprint, Ground, Route, StandIn } from '../stand-in.js';
import { TokenBook } from '../token-book.js';
import { readAuthorizationRequest } from './authorization-request.js';
import { apiError, errorAnswer } from './errors.js';
import { userinfo, whoami } from './resources.js';
import { refresh, token } from './token.js';
import { users } from './users.js';

/**
 * Douyin:
 * https://developer.open-douyin.com/docs/resource/zh-CN/dop/develop/openapi/account-permission/get-access-token and the
 * pages beside it.
 */
export const douyin: Blueprint = {
  name: 'douyin',
  title: 'Douyin (lab)',
  furtherSites: 0,
  settings: { accessTokenLifetime: 15 * 24 * 3600, rotateRefreshTokens: false },
  clients: {
    web: {
      clientId: 'awlabdouyin00001',
      clientSecret: 'lab-douyin-web-secret',
      tokenEndpointAuthMethod: 'client_secret_post',
    },
  },
  users,
  build,
};

function build(ground: Ground): StandIn {
  const { origin } = ground;
  const book = new TokenBook(ground.settings);
  const endpoints = {
    authorization: `${origin}/platform/oauth/connect/`,
    token: `${origin}/oauth/access_token/`,
    refresh: `${origin}/oauth/refresh_token/`,
    userinfo: `${origin}/oauth/userinfo/`,
  };
  const api = `${origin}/api/whoami`;
  const routes: readonly Route[] = [
    ...signInRoutes(ground, book, {
      url: endpoints.authorization,
      read: (query) => readAuthorizationRequest(query, ground),
      granted: (code) => ({ code }),
      // Of a user who says no the documents do not tell: this is the way of RFC 6749.
      refused: ({ code }) => (code === 'access_denied' ? { error: code } : undefined),
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
      methods: ['POST'],
      handle: (call) => orRefusal(() => userinfo(call, ground, book), apiError),
    },
    {
      url: api,
      endpoint: 'api',
      methods: ['GET'],
      handle: (call) => orRefusal(() => whoami(call, ground, book), apiError),
    },
  ];
  return {
    endpoints,
    api,
    routes,
    failure: () => ({ ...errorAnswer(new Refusal('10001', 'the provider is in trouble')), status: 500 }),
    expireAccessTokens: () => book.expireAccessTokens(),
    revokeAll: () => book.expireRefreshTokens(),
  };
}
