import { hash } from 'node:crypto';
import {
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  type Configuration,
  type ServerMetadata,
} from 'openid-client';
import type { Provider } from '../provider.js';
import { toAuthorizationUrl } from './dialect.js';
import { type ProofKey, thumbprint } from './dpop.js';
import { required } from './metadata.js';
import { perform } from './token-endpoint.js';

/** What makes one authorization request different from the next. */
export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** The key to which the tokens will be bound. */
  readonly proofKey?: ProofKey;
  /** Ways of authentication of which the login must use one [OpenID Connect Core 2, `acr`]. */
  readonly acr?: readonly string[];
  /** Further parameters, already known not to be ours. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The URL to which the browser is sent: with everything in it, or with a reference to what was pushed to the provider
 * before [RFC 9126].
 */
export async function authorizationUrl(
  provider: Provider,
  server: ServerMetadata,
  config: Configuration,
  request: AuthorizationRequest,
): Promise<URL> {
  required(server, 'authorization_endpoint', provider);
  const parameters = await parametersOf(provider, server, request);
  if (!isPushed(provider, server)) {
    return toAuthorizationUrl(buildAuthorizationUrl(config, parameters), provider.dialect);
  }
  required(server, 'pushed_authorization_request_endpoint', provider);
  const url = await perform(() => buildAuthorizationUrlWithPAR(config, parameters));
  return toAuthorizationUrl(url, provider.dialect);
}

function isPushed({ par }: Provider, server: ServerMetadata): boolean {
  return par === 'auto' ? server.require_pushed_authorization_requests === true : par;
}

async function parametersOf(
  provider: Provider,
  server: ServerMetadata,
  { redirectUri, state, nonce, codeVerifier, proofKey, acr, params }: AuthorizationRequest,
): Promise<Record<string, string>> {
  const further = { ...provider.authorizationParams, ...params };
  return {
    ...(acr && server.claims_parameter_supported === true && { claims: essentialAcr(acr) }),
    ...further,
    redirect_uri: redirectUri,
    ...(provider.scope.length > 0 && { scope: provider.scope.join(' ') }),
    state,
    ...(provider.idToken && { nonce }),
    ...(provider.responseMode !== 'query' && { response_mode: provider.responseMode }),
    ...(provider.pkce && {
      code_challenge: s256(codeVerifier),
      code_challenge_method: 'S256',
    }),
    ...(proofKey && { dpop_jkt: await thumbprint(proofKey) }),
  };
}

/**
 * `acr_values` is a wish, to which a provider may answer with less. This makes it comply, or refuse [OpenID Connect
 * Core 5.5.1.1].
 */
function essentialAcr(values: readonly string[]): string {
  return JSON.stringify({ id_token: { acr: { essential: true, values } } });
}

/** The code challenge [RFC 7636 4.2]. openid-client's own way waits for a thread, to hash 43 characters. */
function s256(codeVerifier: string): string {
  return hash('sha256', codeVerifier, 'base64url');
}
