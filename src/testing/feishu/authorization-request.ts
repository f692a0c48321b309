import { type Parameters, readParameters } from '../parameters.js';
import { readChallenge } from '../pkce.js';
import type { AuthorizationDetails, AuthorizationRequest } from '../sign-in.js';
import type { Ground } from '../stand-in.js';
import { complain } from './errors.js';

const known = [
  'client_id',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
];

/** Reads an authorization request. */
export function readAuthorizationRequest(
  query: URLSearchParams,
  { clients: { web: client }, registrations }: Ground,
): AuthorizationRequest {
  const parameters = readParameters(query, complain);
  parameters.only(known);
  if (parameters.required('client_id') !== client.clientId) {
    throw complain('malformed', 'client_id', 'unknown client_id');
  }
  const redirectUri = parameters.required('redirect_uri');
  if (!registrations.redirectUris.has(redirectUri)) {
    throw complain('malformed', 'redirect_uri', 'redirect_uri is not one of those registered for this app');
  }
  return {
    client,
    redirectUri,
    state: parameters.optional('state'),
    details: () => readDetails(parameters),
  };
}

/** The documents show requests without a `response_type`, so it may be absent. Scopes may have any name. */
function readDetails(parameters: Parameters): AuthorizationDetails {
  if ((parameters.optional('response_type') ?? 'code') !== 'code') {
    throw complain('malformed', 'response_type', 'response_type must be code');
  }
  const scope = parameters.optional('scope') ?? '';
  if (!/^([\w.:-]+( [\w.:-]+)*)?$/.test(scope)) {
    throw complain('malformed', 'scope', 'scope must be names with spaces between them');
  }
  const scopes = scope.split(' ').filter((name) => name !== '');
  const challenge = readChallenge(parameters, (message) => complain('malformed', 'code_challenge', message));
  return {
    scopes,
    offline: scopes.includes('offline_access'),
    consent: 'once',
    ...(challenge && { challenge }),
  };
}
