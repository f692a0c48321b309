import { type Parameters, readParameters } from '../parameters.js';
import { readChallenge, securityParameters } from '../pkce.js';
import { Refusal } from '../refusal.js';
import type { AuthorizationDetails, AuthorizationRequest } from '../sign-in.js';
import { complain } from './errors.js';
import type { OpenPlatformGround } from './ground.js';

const known = ['client_id', 'response_type', 'redirect_url', 'state', 'scope'];

/** Reads an authorization request. */
export function readAuthorizationRequest(
  query: URLSearchParams,
  { settings, clients: { web: client }, registrations }: OpenPlatformGround,
): AuthorizationRequest {
  const parameters = readParameters(query, complain);
  parameters.only(settings.acceptPkce ? [...known, ...securityParameters] : known);
  if (parameters.required('client_id') !== client.clientId) {
    throw new Refusal('invalid_client', 'unknown client_id');
  }
  const redirectUri = parameters.required('redirect_url');
  if (!registrations.redirectUris.has(redirectUri)) {
    throw new Refusal('invalid_request', 'redirect_url is not one of those registered for this app');
  }
  return { client, redirectUri, state: parameters.optional('state'), details: () => readDetails(parameters) };
}

function readDetails(parameters: Parameters): AuthorizationDetails {
  if (parameters.optional('response_type') !== 'code') {
    throw new Refusal('unsupported_response_type', 'response_type must be code');
  }
  const challenge = readChallenge(parameters, (message) => new Refusal('invalid_request', message));
  return {
    scopes: readScopes(parameters.optional('scope')),
    offline: true,
    consent: 'once',
    ...(challenge && { challenge }),
  };
}

/** Scopes may have any name; commas are between them, and nothing else. */
function readScopes(scope = 'user_info'): readonly string[] {
  if (/^[\w.:-]+(,[\w.:-]+)*$/.test(scope)) return scope.split(',');
  throw new Refusal('invalid_scope', 'scope must be names with commas between them');
}
