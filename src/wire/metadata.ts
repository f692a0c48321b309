import { allowInsecureRequests, customFetch, discovery, None, type ServerMetadata } from 'openid-client';
import type { Clock } from '../clock.js';
import { mayBeThisMachine, parseSecureUrl } from '../config.js';
import { isOAuthLoginError, ProviderProtocolError, ProviderUnavailableError, retryAfter } from '../errors.js';
import type { Endpoints, Provider } from '../provider.js';
import type { ProviderFetch } from './http.js';

/** Metadata is read anew after this long, in milliseconds; until that succeeds, what is known goes on serving. */
const FRESH = 60 * 60_000;

/** Our name of an endpoint → its name in the metadata [RFC 8414 2]. */
const members: Record<string, keyof ServerMetadata> = {
  authorization: 'authorization_endpoint',
  token: 'token_endpoint',
  userinfo: 'userinfo_endpoint',
  revocation: 'revocation_endpoint',
  jwks: 'jwks_uri',
  endSession: 'end_session_endpoint',
  pushedAuthorization: 'pushed_authorization_request_endpoint',
};

/** The other members that we go by, and what each must be: nothing else checks it. */
const types: Record<string, (value: unknown) => boolean> = {
  authorization_response_iss_parameter_supported: isBoolean,
  claims_parameter_supported: isBoolean,
  require_pushed_authorization_requests: isBoolean,
  id_token_signing_alg_values_supported: isListOfStrings,
  token_endpoint_auth_methods_supported: isListOfStrings,
  token_endpoint_auth_signing_alg_values_supported: isListOfStrings,
};

/** Gives a provider's metadata: what the configuration says, and behind it what discovery found. */
export function createMetadata(
  provider: Provider,
  fetch: ProviderFetch,
  clock: Clock,
): () => Promise<ServerMetadata> {
  if (!provider.discovery) {
    const known = configured(provider);
    return async () => known;
  }
  let found: { at: number; metadata: ServerMetadata } | undefined;
  let loading: Promise<ServerMetadata> | undefined;
  const load = async () => {
    const metadata = await discover(provider, fetch);
    found = { at: clock.now(), metadata };
    return metadata;
  };
  return async () => {
    if (found && clock.now() - found.at < FRESH) return found.metadata;
    loading ??= load().finally(() => {
      loading = undefined;
    });
    if (!found) return loading;
    // Nobody waits for what may hang.
    loading.catch(() => {});
    return found.metadata;
  };
}

function configured({ endpoints, idToken }: Provider): ServerMetadata {
  const metadata: Record<string, unknown> = {
    // openid-client wants an issuer; where none is known, nothing is ever compared with this one.
    issuer: endpoints.issuer ?? new URL(endpoints.token as string).origin,
  };
  for (const [ours, theirs] of Object.entries(members)) {
    if (endpoints[ours] !== undefined) metadata[theirs] = endpoints[ours];
  }
  if (idToken && idToken.algs.length > 0) metadata.id_token_signing_alg_values_supported = [...idToken.algs];
  return metadata as unknown as ServerMetadata;
}

async function discover(provider: Provider, fetch: ProviderFetch): Promise<ServerMetadata> {
  const issuer = (provider.endpoints as Endpoints & { issuer: string }).issuer;
  let unreachable: unknown;
  const config = await discovery(new URL(issuer), provider.clientId, undefined, None(), {
    [customFetch]: async (url, { method, headers }) => {
      const answer = await fetch(url, { method, headers }).catch((error: unknown) => {
        unreachable = error;
        throw error;
      });
      if (answer.status >= 500 || answer.status === 429) {
        unreachable = new ProviderUnavailableError(
          'provider_unavailable',
          `The metadata of '${provider.name}' cannot be read now (HTTP ${answer.status}).`,
          { headers: retryAfter(1000) },
        );
        throw unreachable;
      }
      return new Response(answer.text || null, { status: answer.status });
    },
    execute: [allowInsecureRequests],
  }).catch((error: unknown) => {
    if (isOAuthLoginError(unreachable)) throw unreachable;
    if ((error as { code?: unknown } | null)?.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED')
      throw foreignIssuer(provider);
    throw new ProviderProtocolError(
      'provider_protocol',
      `The metadata of '${provider.name}' cannot be read. Check the issuer.`,
      {
        cause: error,
      },
    );
  });
  const metadata: ServerMetadata = { ...config.serverMetadata() };
  // openid-client compares parsed URLs; the issuer is to be compared as a string [RFC 8414 3.3].
  if (metadata.issuer !== issuer) {
    throw foreignIssuer(provider);
  }
  const local = mayBeThisMachine(new URL(issuer).hostname);
  for (const member of Object.values(members)) {
    if (metadata[member] !== undefined && !isSafe(metadata[member], local)) {
      throw new ProviderProtocolError(
        'provider_protocol',
        `The metadata of '${provider.name}' has an unsafe ${member}.`,
      );
    }
  }
  const known: ServerMetadata = { ...metadata, ...configured(provider), issuer };
  // After the merge: what the configuration replaces is not used.
  for (const [member, isRight] of Object.entries(types)) {
    if (known[member] !== undefined && !isRight(known[member])) {
      throw new ProviderProtocolError(
        'provider_protocol',
        `The metadata of '${provider.name}' has a ${member} of the wrong type.`,
      );
    }
  }
  return known;
}

function foreignIssuer({ name }: Provider): ProviderProtocolError {
  return new ProviderProtocolError(
    'provider_protocol',
    `The metadata of '${name}' names another issuer. Compare the option 'issuer' with \`issuer\` in the metadata: they must be the same to the last slash.`,
  );
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** A provider elsewhere has no business with what listens on this machine. */
function isSafe(value: unknown, local: boolean): boolean {
  const url = parseSecureUrl(value);
  return url !== undefined && (local || !mayBeThisMachine(url.hostname));
}

/** The URL of an endpoint that a login cannot do without. */
export function required(metadata: ServerMetadata, member: keyof ServerMetadata, provider: Provider): string {
  const url = metadata[member];
  if (typeof url === 'string') return url;
  const option = Object.keys(members).find((ours) => members[ours] === member);
  throw new ProviderProtocolError(
    'provider_protocol',
    `The provider '${provider.name}' has no ${String(member)}. Give its URL as the option 'endpoints.${option}'.`,
  );
}
