import { orRefusal, Refusal } from '../refusal.js';
import { signInRoutes } from '../sign-in.js';
import type { Blueprint, Route, StandIn } from '../stand-in.js';
import { TokenBook } from '../token-book.js';
import type { WelinkSettings } from '../types.js';
import { readAuthorizationRequest } from './authorization-request.js';
import { errorAnswer } from './errors.js';
import type { WelinkGround } from './ground.js';
import { isAdmin, userId, whoami } from './resources.js';
import { token } from './token.js';
import { users } from './users.js';

/**
 * Huawei WeLink, the login of admin consoles: https://open.welink.huaweicloud.com/wecode/docs/dev/serverapi/isv/step.html
 */
export const welink: Blueprint<WelinkSettings> = {
  name: 'welink',
  title: 'Huawei WeLink (lab)',
  furtherSites: 1,
  settings: {
    accessTokenLifetime: 28800,
    codeLifetime: 300,
    expiresInAsString: true,
    acceptPkce: false,
    acceptQuery: false,
    adminSpelling: 'isAdmin',
    adminAsString: false,
  },
  clients: {
    web: {
      clientId: '20250101000000001',
      clientSecret: 'lab-welink-web-secret',
      tokenEndpointAuthMethod: 'client_secret_post',
    },
  },
  users,
  build,
};

function build(ground: WelinkGround): StandIn {
  const { origin } = ground;
  const [login = origin] = ground.furtherOrigins;
  const book = new TokenBook(ground.settings);
  const endpoints = {
    authorization: `${login}/sso/oauth2/authorize`,
    token: `${origin}/api/oauth2/v1/token`,
    userinfo: `${origin}/api/auth/v1/userid`,
    admin: `${origin}/api/weopen/v1/isadmin`,
  };
  const api = `${origin}/api/whoami`;
  const routes: readonly Route[] = [
    // The host where users sign in is not the host of the API.
    ...signInRoutes(ground, book, {
      url: endpoints.authorization,
      read: (query) => readAuthorizationRequest(query, ground),
      granted: (code) => ({ code }),
      refused,
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
      handle: (call) => userId(call, ground, book),
    },
    {
      url: endpoints.admin,
      endpoint: 'admin',
      methods: ['GET'],
      handle: (call) => isAdmin(call, ground, book),
    },
    { url: api, endpoint: 'api', methods: ['GET'], handle: (call) => whoami(call, ground, book) },
  ];
  return {
    endpoints,
    api,
    routes,
    failure: () => errorAnswer(new Refusal('60012', 'temporarily unavailable', 503)),
    expireAccessTokens: () => book.expireAccessTokens(),
    revokeAll: () => book.expireRefreshTokens(),
  };
}

/**
 * An error comes to the client in `code`, where a code would be, and with a `message`. No error code is documented for a
 * user who says no; the one for a code that is not valid comes closest.
 */
function refused({ code, message }: Refusal): Record<string, string> {
  return { code: code === 'access_denied' ? '60008' : code, message };
}
