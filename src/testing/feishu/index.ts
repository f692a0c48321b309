import { type Answer, bearerToken, type Call, json } from '../http.js';
import { orRefusal, Refusal } from '../refusal.js';
import { type Bearer, bearerOf, whoami } from '../resources.js';
import { signInRoutes } from '../sign-in.js';
import type { Blueprint, Ground, Route, StandIn } from '../stand-in.js';
import { TokenBook } from '../token-book.js';
import { readAuthorizationRequest } from './authorization-request.js';
import { errorAnswer } from './errors.js';
import { token } from './token.js';
import { users } from './users.js';

/** Feishu: https://open.feishu.cn/document/common-capabilities/sso/api/obtain-oauth-code and the pages beside it. */
export const feishu: Blueprint = {
  name: 'feishu',
  title: 'Feishu (lab)',
  furtherSites: 1,
  settings: { accessTokenLifetime: 7200, codeLifetime: 300 },
  clients: {
    web: {
      clientId: 'cli_lab0000000001',
      clientSecret: 'lab-feishu-web-secret',
      tokenEndpointAuthMethod: 'client_secret_post',
    },
  },
  users,
  build,
};

function build(ground: Ground): StandIn {
  const { origin } = ground;
  const [open = origin] = ground.furtherOrigins;
  const book = new TokenBook(ground.settings);
  // Users sign in and tokens are issued on one host; the API is on another.
  const endpoints = {
    authorization: `${origin}/open-apis/authen/v1/authorize`,
    token: `${origin}/oauth/v3/token`,
    userinfo: `${open}/open-apis/authen/v1/user_info`,
  };
  const api = `${open}/api/whoami`;
  const protect = (call: Call, answer: (bearer: Bearer) => Answer) => {
    const bearer = bearerOf(bearerToken(call), ground, book);
    if (bearer) return answer(bearer);
    return json(401, { code: 99991668, msg: 'the access token is missing, unknown or expired' });
  };
  const routes: readonly Route[] = [
    ...signInRoutes(ground, book, {
      url: endpoints.authorization,
      read: (query) => readAuthorizationRequest(query, ground),
      granted: (code) => ({ code }),
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
      handle: (call) =>
        protect(call, ({ user }) => json(200, { code: 0, msg: 'success', data: user.claims })),
    },
    { url: api, endpoint: 'api', methods: ['GET'], handle: (call) => protect(call, whoami) },
  ];
  return {
    endpoints,
    api,
    routes,
    failure: () => errorAnswer(new Refusal('20050', 'the provider is in trouble', 500)),
    expireAccessTokens: () => book.expireAccessTokens(),
    revokeAll: () => book.expireRefreshTokens(),
  };
}
