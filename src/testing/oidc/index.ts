import type Provider from 'oidc-provider';

import { toNode } from '../embed.js';
import { type Answer, bearerToken, type Call, type Handle, invalidToken, json } from '../http.js';
import { jwtClient } from '../jwt-client.js';
import type { Blueprint, Route, StandIn } from '../stand-in.js';
import type { OidcClients, OidcSettings } from '../types.js';
import { clientMetadata } from './clients.js';
import { configure, failure } from './configuration.js';
import type { OidcGround } from './ground.js';
import { interact } from './interaction.js';
import { loadOidcProvider } from './load.js';
import { ProofChecker } from './proof.js';
import { Store } from './store.js';
import { users } from './users.js';

/**
 * A certified OpenID Provider, npm `oidc-provider`, with pages of our own. As OpenID Connect Core 11 has it, the scope
 * `offline_access` counts only with `prompt=consent`.
 */
export const oidc: Blueprint<OidcSettings, OidcClients> = {
  name: 'oidc',
  title: 'OpenID Provider (lab)',
  furtherSites: 0,
  settings: { requirePar: false, requireDpop: false, requireDpopNonce: false, secondFactor: true },
  clients: {
    web: {
      clientId: 'lab-web',
      clientSecret: 'lab-oidc-web-secret-of-some-length',
      tokenEndpointAuthMethod: 'client_secret_basic',
    },
    native: { clientId: 'lab-native', tokenEndpointAuthMethod: 'none' },
    jwt: jwtClient('lab-jwt', 'lab-oidc-jwt'),
  },
  users,
  build,
};

async function build(ground: OidcGround): Promise<StandIn> {
  const { origin, settings } = ground;
  const store = new Store(settings, clientMetadata(ground));
  // Both take a while: the package is loaded while the signing key is made.
  const [{ Provider }, configuration] = await Promise.all([loadOidcProvider(), configure(ground, store)]);
  const provider = new Provider(origin, configuration);
  applySettings(provider, settings);

  const listener = provider.callback();
  const serve: Handle = async (call) => {
    const { request, response, answered } = toNode(call);
    listener(request, response);
    return answered;
  };
  const endpoints = {
    issuer: origin,
    authorization: provider.urlFor('authorization'),
    token: provider.urlFor('token'),
    userinfo: provider.urlFor('userinfo'),
    revocation: provider.urlFor('revocation'),
    jwks: provider.urlFor('jwks'),
    endSession: provider.urlFor('end_session'),
    pushedAuthorization: provider.urlFor('pushed_authorization_request'),
  };
  const proofs = new ProofChecker(() => settings.requireDpopNonce);
  const api = `${origin}/api/whoami`;
  const routes: readonly Route[] = [
    { url: endpoints.authorization, endpoint: 'authorization', handle: serve },
    { url: endpoints.token, endpoint: 'token', handle: serve },
    { url: endpoints.userinfo, endpoint: 'userinfo', handle: serve },
    { url: endpoints.revocation, endpoint: 'revocation', handle: serve },
    { url: endpoints.jwks, endpoint: 'jwks', handle: serve },
    { url: endpoints.endSession, endpoint: 'endSession', handle: serve },
    { url: endpoints.pushedAuthorization, endpoint: 'pushedAuthorization', handle: serve },
    { url: `${origin}/.well-known/openid-configuration`, endpoint: 'discovery', handle: serve },
    { url: api, endpoint: 'api', methods: ['GET'], handle: (call) => whoami(call, provider, proofs, ground) },
    {
      url: `${origin}/interaction/*`,
      endpoint: 'login-page',
      methods: ['GET', 'POST'],
      handle: (call) => interact(call, provider, ground),
    },
    // The way back from these pages, and the pages at the end of a session.
    { url: `${endpoints.authorization}/*`, endpoint: 'login-page', handle: serve },
    { url: `${endpoints.endSession}/*`, endpoint: 'login-page', handle: serve },
    { url: `${origin}/*`, endpoint: 'other', handle: serve },
  ];
  return {
    endpoints,
    api,
    routes,
    failure,
    expireAccessTokens: () => store.deleteAll('AccessToken'),
    revokeAll: () => store.deleteAll('RefreshToken'),
  };
}

/** The settings that change an answer; the rest is in the configuration, the clients and the store. */
function applySettings(provider: Provider, settings: OidcSettings): void {
  provider.use(async (ctx, next) => {
    await next();
    const answer = ctx.body as Record<string, unknown>;
    if (ctx.oidc?.route === 'discovery' && settings.requirePar) {
      answer.require_pushed_authorization_requests = true;
    }
    if (ctx.oidc?.route !== 'token' || ctx.status !== 200) return;
    if (settings.expiresInAsString) answer.expires_in = String(answer.expires_in);
    if (!settings.idTokenOnRefresh && ctx.oidc.params?.grant_type === 'refresh_token') delete answer.id_token;
  });
}

async function whoami(
  call: Call,
  provider: Provider,
  proofs: ProofChecker,
  { users }: OidcGround,
): Promise<Answer> {
  const bound = /^DPoP (\S+)$/i.exec(call.headers.authorization ?? '')?.[1];
  const token = await provider.AccessToken.find(bound ?? bearerToken(call) ?? '');
  const user = users.find(({ sub }) => sub === token?.accountId);
  const description = 'the access token is missing, unknown, expired, or not sent as its type wants it';
  // A token that is bound is no bearer token, nor the other way round [RFC 9449 7.1, 7.2].
  if (token === undefined || user === undefined || (token.jkt === undefined) !== (bound === undefined)) {
    return bound === undefined
      ? invalidToken({ error_description: description })
      : proofs.refuse('invalid_token');
  }
  if (bound !== undefined) {
    const proof = await proofs.check(call, bound);
    if ('refusal' in proof) return proofs.refuse(proof.refusal);
    if (proof.jkt !== token.jkt) return proofs.refuse('invalid_token');
  }
  return json(200, { sub: user.sub, name: user.name, client_id: token.clientId, scope: token.scope ?? '' });
}
