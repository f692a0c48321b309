import { orRefusal, Refusal } from '../refusal.js';
import { signInRoutes } from '../sign-in.js';
import type { Blueprint, Route, StandIn } from '../stand-in.js';
import { TokenBook } from '../token-book.js';
import type { PdsClients, PdsSettings } from '../types.js';
import { getUser, revoke } from './account.js';
import { Assertions } from './assertion.js';
import { readAuthorizationRequest } from './authorization-request.js';
import { clients, nativeSecret } from './clients.js';
import { errorAnswer, gatewayError } from './errors.js';
import { domainId, type PdsGround } from './ground.js';
import { token } from './token.js';
import { Directory, users } from './users.js';

/**
 * Alibaba Cloud Drive and Photo Service, one domain of it:
 * https://help.aliyun.com/zh/pds/drive-and-photo-service-dev/user-guide/application-overview and the pages beside it.
 */
export const pds: Blueprint<PdsSettings, PdsClients> = {
  name: 'pds',
  title: 'Alibaba PDS (lab)',
  furtherSites: 0,
  settings: {
    accessTokenLifetime: 7200,
    rotateRefreshTokens: false,
    acceptPkce: false,
    expirySpelling: 'all',
  },
  clients,
  users,
  details: { domainId, nativeSecret },
  build,
};

function build(ground: PdsGround): StandIn {
  const { origin } = ground;
  const book = new TokenBook(ground.settings);
  const directory = new Directory(ground.users);
  const assertions = new Assertions();
  const endpoints = {
    authorization: `${origin}/v2/oauth/authorize`,
    token: `${origin}/v2/oauth/token`,
    userinfo: `${origin}/v2/user/get`,
    revocation: `${origin}/v2/account/revoke`,
  };
  const routes: readonly Route[] = [
    ...signInRoutes(ground, book, {
      url: endpoints.authorization,
      read: (query) => readAuthorizationRequest(query, ground),
      granted: (code) => ({ code }),
      // The documents know no redirect with an error: if the user says no, the flow ends there.
      refused: () => undefined,
    }),
    {
      url: endpoints.token,
      endpoint: 'token',
      methods: ['POST'],
      handle: (call) => orRefusal(() => token(call, ground, { book, directory, assertions }), errorAnswer),
    },
    {
      url: endpoints.userinfo,
      endpoint: 'userinfo',
      methods: ['POST'],
      handle: (call) => orRefusal(() => getUser(call, book, directory), errorAnswer),
    },
    {
      url: endpoints.revocation,
      endpoint: 'revocation',
      methods: ['POST'],
      handle: (call) => orRefusal(() => revoke(call, book), errorAnswer),
    },
  ];
  return {
    endpoints,
    api: endpoints.userinfo,
    routes,
    failure: (source) =>
      source === 'gateway'
        ? gatewayError()
        : errorAnswer(new Refusal('InternalError', 'the provider is in trouble', 500)),
    expireAccessTokens: () => book.expireAccessTokens(),
    revokeAll: () => book.expireRefreshTokens(),
  };
}
