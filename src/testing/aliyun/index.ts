import { json } from '../http.js';
import { orRefusal, Refusal } from '../refusal.js';
import { signInRoutes } from '../sign-in.js';
import type { Blueprint, Route, StandIn } from '../stand-in.js';
import { TokenBook } from '../token-book.js';
import type { LabSettings, LabWebAndNative } from '../types.js';
import { readAuthorizationRequest } from './authorization-request.js';
import { errorAnswer } from './errors.js';
import type { AliyunGround } from './ground.js';
import { keySet } from './id-token.js';
import { users } from './identity.js';
import { userinfo, whoami } from './resources.js';
import { revoke, token } from './tokens.js';

/** Alibaba Cloud RAM OAuth, https://help.aliyun.com/document_detail/93696.html and the pages beside it. */
export const aliyun: Blueprint<LabSettings, LabWebAndNative> = {
  name: 'aliyun',
  title: 'Alibaba Cloud (lab)',
  furtherSites: 1,
  settings: { rotateRefreshTokens: false, echoNonce: false, idTokenOnRefresh: false },
  clients: {
    web: {
      clientId: '4567890123456789001',
      clientSecret: 'lab-aliyun-web-secret',
      tokenEndpointAuthMethod: 'client_secret_post',
    },
    native: { clientId: '4567890123456789002', tokenEndpointAuthMethod: 'none' },
  },
  users,
  build,
};

function build(ground: AliyunGround): StandIn {
  const { origin, settings, clients, registrations } = ground;
  const [signIn = origin] = ground.furtherOrigins;
  const book = new TokenBook(settings);
  const endpoints = {
    issuer: origin,
    authorization: `${signIn}/oauth2/v1/auth`,
    token: `${origin}/v1/token`,
    userinfo: `${origin}/v1/userinfo`,
    revocation: `${origin}/v1/revoke`,
    jwks: `${origin}/v1/keys`,
  };
  const api = `${origin}/api/whoami`;
  const routes: readonly Route[] = [
    // The host where users sign in is not the host of the issuer.
    ...signInRoutes(ground, book, {
      url: endpoints.authorization,
      read: (query) => readAuthorizationRequest(query, [clients.web, clients.native], registrations),
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
      url: endpoints.revocation,
      endpoint: 'revocation',
      methods: ['POST'],
      handle: (call) => orRefusal(() => revoke(call, ground, book), errorAnswer),
    },
    {
      url: endpoints.userinfo,
      endpoint: 'userinfo',
      methods: ['GET'],
      handle: (call) => userinfo(call, ground, book),
    },
    {
      url: endpoints.jwks,
      endpoint: 'jwks',
      methods: ['GET'],
      handle: async () => json(200, await keySet()),
    },
    {
      url: `${origin}/.well-known/openid-configuration`,
      endpoint: 'discovery',
      methods: ['GET'],
      handle: () => json(200, metadata(endpoints)),
    },
    { url: api, endpoint: 'api', methods: ['GET'], handle: (call) => whoami(call, ground, book) },
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

/** The metadata as it is printed in the documentation, which has no userinfo_endpoint. */
function metadata(endpoints: Readonly<Record<string, string>>): Record<string, unknown> {
  return {
    code_challenge_methods_supported: ['plain', 'S256'],
    subject_types_supported: ['public'],
    response_types_supported: ['code'],
    issuer: endpoints.issuer,
    jwks_uri: endpoints.jwks,
    revocation_endpoint: endpoints.revocation,
    token_endpoint: endpoints.token,
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'aliuid', 'profile'],
    authorization_endpoint: endpoints.authorization,
  };
}
