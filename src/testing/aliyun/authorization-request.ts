import { type Parameters, readParameters } from '../parameters.js';
import { readChallenge } from '../pkce.js';
import { Refusal } from '../refusal.js';
import type { AuthorizationDetails, AuthorizationRequest } from '../sign-in.js';
import type { Registrations } from '../stand-in.js';
import type { LabClient } from '../types.js';
import { complain } from './errors.js';

/** The scopes of the application; one that asks for no scope gets them all. */
export const applicationScopes = ['openid', 'aliuid', 'profile', '/acs/ccc', '/acs/alidns'] as const;

/** Reads an authorization request. */
export function readAuthorizationRequest(
  query: URLSearchParams,
  clients: readonly LabClient[],
  { redirectUris }: Registrations,
): AuthorizationRequest {
  const parameters = readParameters(query, complain);
  const client = clients.find(({ clientId }) => clientId === parameters.optional('client_id'));
  if (client === undefined) throw new Refusal('invalid_client', 'unknown client_id');
  const redirectUri = parameters.optional('redirect_uri');
  if (redirectUri === undefined || !redirectUris.has(redirectUri)) {
    throw new Refusal('invalid_request', 'redirect_uri is not one of those registered for this application');
  }
  const state = parameters.optional('state');
  return { client, redirectUri, state, details: () => readDetails(parameters) };
}

function readDetails(parameters: Parameters): AuthorizationDetails {
  if (parameters.optional('response_type') !== 'code') {
    throw new Refusal('unsupported_response_type', 'response_type must be code');
  }
  const access = oneOf(parameters, 'access_type', ['online', 'offline']);
  const prompt = oneOf(parameters, 'prompt', ['admin_consent']);
  const challenge = readChallenge(parameters, (message) => new Refusal('invalid_request', message));
  const nonce = parameters.optional('nonce');
  return {
    scopes: readScopes(parameters.optional('scope')),
    offline: access === 'offline',
    consent: prompt === undefined ? 'once' : 'always',
    ...(challenge && { challenge }),
    ...(nonce !== undefined && { nonce }),
  };
}

function readScopes(scope = ''): readonly string[] {
  const scopes = scope.split(' ').filter((name) => name !== '');
  const unknown = scopes.find((name) => !applicationScopes.some((known) => known === name));
  if (unknown !== undefined) throw new Refusal('invalid_scope', `unknown scope ${unknown}`);
  return scopes.length > 0 ? scopes : applicationScopes;
}

function oneOf<Value extends string>(
  parameters: Parameters,
  name: string,
  values: readonly Value[],
): Value | undefined {
  const given = parameters.optional(name);
  if (given === undefined) return undefined;
  const value = values.find((candidate) => candidate === given);
  if (value === undefined) throw new Refusal('invalid_request', `${name} must be ${values.join(' or ')}`);
  return value;
}
