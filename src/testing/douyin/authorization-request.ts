import { type Parameters, readParameters } from '../parameters.js';
import { Refusal } from '../refusal.js';
import type { AuthorizationDetails, AuthorizationRequest } from '../sign-in.js';
import type { Ground } from '../stand-in.js';
import { complain } from './errors.js';

/** Reads an authorization request. */
export function readAuthorizationRequest(
  query: URLSearchParams,
  { clients: { web: client }, registrations }: Ground,
): AuthorizationRequest {
  const parameters = readParameters(query, complain);
  parameters.only(['client_key', 'response_type', 'scope', 'redirect_uri', 'state']);
  if (parameters.required('client_key') !== client.clientId) {
    throw new Refusal('10003', 'unknown client_key');
  }
  const redirectUri = parameters.required('redirect_uri');
  if (!registrations.redirectUris.has(redirectUri)) {
    throw new Refusal('10006', 'redirect_uri is not one of those registered for this app');
  }
  return {
    client,
    redirectUri,
    state: parameters.optional('state'),
    details: () => readDetails(parameters),
  };
}

/** Scopes may have any name; commas are between them, and nothing else. */
function readDetails(parameters: Parameters): AuthorizationDetails {
  if (parameters.required('response_type') !== 'code') {
    throw complain('malformed', 'response_type', 'response_type must be code');
  }
  const scope = parameters.required('scope');
  if (!/^[\w.:-]+(,[\w.:-]+)*$/.test(scope)) {
    throw complain('malformed', 'scope', 'scope must be names with commas between them');
  }
  return { scopes: scope.split(','), offline: true, consent: 'once' };
}
