import type { Registrations } from '../stand-in.js';
import type { Grant } from '../token-book.js';
import type { LabClient } from '../types.js';
import { Refusal } from './errors.js';

/** The scopes of the application; one that asks for no scope gets them all. */
export const applicationScopes = ['openid', 'aliuid', 'profile', '/acs/ccc', '/acs/alidns'] as const;

/** An authorization request that may be answered with a redirect. */
export interface AuthorizationRequest {
  readonly client: LabClient;
  readonly redirectUri: string;
  readonly state: string | null;
  /** Checks the rest of it. What it throws goes to the client. */
  details(): AuthorizationDetails;
}

/** What the client wants. */
export interface AuthorizationDetails extends Omit<Grant, 'clientId' | 'userId' | 'redirectUri'> {
  /** Whether to ask the user even if the user allowed this before. */
  readonly forceConsent: boolean;
}

/**
 * Reads the part that decides where an answer may go.
 *
 * @throws Refusal to be shown to the user: an unknown redirect URI must not be followed, RFC 6749 4.1.2.1
 */
export function readAuthorizationRequest(
  query: URLSearchParams,
  clients: readonly LabClient[],
  { redirectUris }: Registrations,
): AuthorizationRequest {
  for (const name of query.keys()) {
    if (query.getAll(name).length > 1) throw new Refusal('invalid_request', `${name} is there twice`);
  }
  const client = clients.find(({ clientId }) => clientId === query.get('client_id'));
  if (client === undefined) throw new Refusal('invalid_client', 'unknown client_id');
  const redirectUri = query.get('redirect_uri');
  if (redirectUri === null || !redirectUris.has(redirectUri)) {
    throw new Refusal('invalid_request', 'redirect_uri is not one of those registered for this application');
  }
  return { client, redirectUri, state: query.get('state'), details: () => readDetails(query) };
}

function readDetails(query: URLSearchParams): AuthorizationDetails {
  if (query.get('response_type') !== 'code') {
    throw new Refusal('unsupported_response_type', 'response_type must be code');
  }
  const access = oneOf(query, 'access_type', ['online', 'offline']);
  const prompt = oneOf(query, 'prompt', ['admin_consent']);
  const challenge = readChallenge(query);
  const nonce = query.get('nonce');
  return {
    scopes: readScopes(query.get('scope')),
    offline: access === 'offline',
    forceConsent: prompt !== undefined,
    ...(challenge && { challenge }),
    ...(nonce !== null && { nonce }),
  };
}

function readScopes(scope: string | null): readonly string[] {
  const scopes = (scope ?? '').split(' ').filter((name) => name !== '');
  const unknown = scopes.find((name) => !applicationScopes.some((known) => known === name));
  if (unknown !== undefined) throw new Refusal('invalid_scope', `unknown scope ${unknown}`);
  return scopes.length > 0 ? scopes : applicationScopes;
}

function readChallenge(query: URLSearchParams): Grant['challenge'] {
  const value = query.get('code_challenge');
  const method = oneOf(query, 'code_challenge_method', ['plain', 'S256']);
  if (value === null) {
    if (method === undefined) return undefined;
    throw new Refusal('invalid_request', 'code_challenge_method without code_challenge');
  }
  // RFC 7636 4.2: a plain challenge is the verifier itself, an S256 one is 32 bytes in base64url.
  const form = method === 'S256' ? /^[\w-]{43}$/ : /^[\w.~-]{43,128}$/;
  if (!form.test(value)) throw new Refusal('invalid_request', 'code_challenge is malformed');
  return { value, method: method ?? 'plain' };
}

function oneOf<Value extends string>(
  query: URLSearchParams,
  name: string,
  values: readonly Value[],
): Value | undefined {
  const given = query.get(name);
  if (given === null) return undefined;
  const value = values.find((candidate) => candidate === given);
  if (value === undefined) throw new Refusal('invalid_request', `${name} must be ${values.join(' or ')}`);
  return value;
}
