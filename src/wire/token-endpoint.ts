import { allowInsecureRequests, Configuration, customFetch, type ServerMetadata } from 'openid-client';
import type { Dialect, WireRequest, WireResponse } from '../dialect.js';
import { isOAuthLoginError, ProviderProtocolError } from '../errors.js';
import type { Provider } from '../provider.js';
import { readSuccess, readTokenAnswer, type TokenAnswer } from './answer.js';
import { clientAuthentication } from './client-authentication.js';
import { firstOf, toWireRequest } from './dialect.js';
import type { ProofKey, Proofs } from './dpop.js';
import { type ProviderFetch, parsedResponse, parseJson } from './http.js';

/** How one call of openid-client reaches the provider, in the provider's dialect, and what came back. */
export interface TokenEndpointCall {
  readonly config: Configuration;
  /** The answer, once the call has returned. */
  answer(): TokenAnswer;
}

/** What one call needs besides the provider and its metadata. */
export interface TokenEndpointContext {
  readonly fetch: ProviderFetch;
  readonly now: () => number;
  readonly proofs: Proofs;
  /** The key to which the tokens are to be bound, or are bound. */
  readonly proofKey?: ProofKey | undefined;
  /**
   * Whether openid-client is to judge the id_token too. It cannot where the provider may leave out the nonce, and must
   * not after a refresh: it would throw away tokens that are good.
   */
  readonly showIdToken?: boolean;
  /** As the authorization request named it: openid-client normalizes it as a URL, which may change the text. */
  readonly redirectUri?: string;
}

/**
 * Sets up one call to a token or revocation endpoint: openid-client speaks the standard, and its `customFetch`
 * translates both ways. Failures are recognised here, by status and code, before openid-client sees the answer. Proofs
 * are ours, not openid-client's, as they are for resources: so all share the nonces that servers want.
 */
export function tokenEndpointCall(
  provider: Provider,
  metadata: ServerMetadata,
  { fetch, now, proofs, proofKey, showIdToken = false, redirectUri }: TokenEndpointContext,
): TokenEndpointCall {
  const { dialect, clientId } = provider;
  const config = new Configuration(
    metadata,
    clientId,
    undefined,
    clientAuthentication(provider, metadata, now),
  );
  // Every URL was checked when it was configured or discovered: https, or http on loopback.
  allowInsecureRequests(config);
  // Our own fetch has a deadline, and one that begins earlier.
  config.timeout = 0;
  let answer: TokenAnswer | undefined;
  config[customFetch] = async (url, options) => {
    const body = new URLSearchParams(String(options.body ?? ''));
    if (redirectUri !== undefined) body.set('redirect_uri', redirectUri);
    const params = [...body];
    const endpoint = endpointOf(url, metadata);
    const grant = params.find(([name]) => name === 'grant_type')?.[1];
    const { url: target, init } = toWireRequest(
      {
        endpoint,
        ...(grant !== undefined && { grant }),
        method: options.method,
        url,
        headers: Object.fromEntries(Object.entries(options.headers)),
        params,
      },
      dialect,
      provider.endpoints,
    );
    const sentAt = now();
    if (proofKey && endpoint === 'token') {
      const proof = await proofs.prove(proofKey, { method: init.method ?? 'POST', url: target });
      init.headers = { ...(init.headers as Record<string, string>), dpop: proof };
    }
    const { status, headers, text } = await fetch(target, init);
    if (proofKey) proofs.noteNonce(target, headers);
    const received: WireResponse = { status, headers, body: parseJson(text) };
    const response = dialect.hooks?.response?.(received) ?? received;
    if (endpoint === 'pushedAuthorization') return parsedResponse(readSuccess(response, {}), 201);
    if (endpoint === 'revocation') {
      readRevocation(response, text, dialect);
      return new Response(null, { status: 200 });
    }
    answer = readTokenAnswer(readSuccess(response, dialect), dialect, sentAt, proofKey ? 'DPoP' : 'Bearer');
    return parsedResponse({
      access_token: answer.accessToken,
      token_type: answer.tokenType,
      ...(showIdToken && answer.idToken !== undefined && { id_token: answer.idToken }),
    });
  };
  return {
    config,
    answer: () => {
      if (!answer) throw new ProviderProtocolError('provider_protocol', 'The provider gave no token answer.');
      return answer;
    },
  };
}

/**
 * Throws what an answer means, unless it says that the token is revoked. Any 2xx says so, and nothing is required in
 * the body [RFC 7009 2.2], unless an error is named there. Where a dialect tells success in its own way, a 200 alone
 * says nothing: the body must pass that rule, and one that cannot be read does not. Without a body there is nothing to
 * judge by it, and the status counts.
 */
function readRevocation(response: WireResponse, text: string, dialect: Dialect): void {
  const { status, body } = response;
  const error = firstOf(body, ['error']);
  const clear = dialect.answer?.success
    ? body === undefined && text.trim() === ''
    : typeof error !== 'string' || error === '';
  if (status < 200 || status >= 300 || !clear) readSuccess(response, dialect);
}

function endpointOf(url: string, metadata: ServerMetadata): WireRequest['endpoint'] {
  // openid-client calls an endpoint by its normalized URL, which may differ from the text in the metadata.
  const is = (endpoint: string | undefined) => endpoint !== undefined && new URL(endpoint).href === url;
  if (is(metadata.revocation_endpoint)) return 'revocation';
  return is(metadata.pushed_authorization_request_endpoint) ? 'pushedAuthorization' : 'token';
}

/**
 * Lets openid-client do one call. A server may refuse it only to say which nonce it wants in the proof [RFC 9449 8]: then
 * it is done once more, from the beginning, as an assertion of the client must not be used twice either.
 */
export async function perform<T>(call: () => Promise<T>): Promise<T> {
  const attempt = () =>
    call().catch((error: unknown) => {
      throw asOurError(error);
    });
  try {
    return await attempt();
  } catch (error) {
    if ((error as { providerCode?: unknown }).providerCode === 'use_dpop_nonce') return attempt();
    throw error;
  }
}

/** Our own error, wherever openid-client wrapped it; for what openid-client itself refused, a protocol error. */
export function asOurError(error: unknown): Error {
  for (
    let cause: unknown = error, depth = 0;
    cause instanceof Error && depth < 5;
    cause = cause.cause, depth += 1
  ) {
    if (isOAuthLoginError(cause)) return cause as Error;
  }
  const code = (error as { code?: unknown })?.code;
  const aboutIdToken = typeof code === 'string' && code.startsWith('OAUTH_JWT_');
  return new ProviderProtocolError(
    aboutIdToken ? 'id_token_invalid' : 'provider_protocol',
    aboutIdToken
      ? "The provider's id_token is not valid."
      : "The provider's answer does not follow the protocol.",
    // openid-client puts the answer itself into its errors' causes, tokens and all: its code will do.
    { cause: typeof code === 'string' ? new Error(code) : undefined },
  );
}
