import { type Parameters, readParameters } from '../parameters.js';
import type { AuthorizationDetails, AuthorizationRequest } from '../sign-in.js';
import type { Ground } from '../stand-in.js';
import { complain } from './errors.js';

const known = [
  'client_id',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
  'prompt',
  'nonce',
  'org_type',
  'corpId',
  'exclusiveLogin',
  'exclusiveCorpId',
];

/** Reads an authorization request. */
export function readAuthorizationRequest(
  query: URLSearchParams,
  { clients: { web: client }, registrations }: Ground,
): AuthorizationRequest {
  const parameters = readParameters(query, complain);
  parameters.only(known);
  if (parameters.required('client_id') !== client.clientId) {
    throw complain('malformed', 'clientId', 'unknown client_id');
  }
  const redirectUri = parameters.required('redirect_uri');
  if (!registrations.redirectUris.has(redirectUri)) {
    throw complain('malformed', 'redirectUri', 'redirect_uri is not one of those registered for this app');
  }
  return {
    client,
    redirectUri,
    state: parameters.optional('state'),
    details: () => readDetails(parameters),
  };
}

function readDetails(parameters: Parameters): AuthorizationDetails {
  oneOf(parameters, 'response_type', ['code']);
  oneOf(parameters, 'prompt', ['consent']);
  const scope = oneOf(parameters, 'scope', ['openid', 'openid corpid']);
  return { scopes: scope.split(' '), offline: true, consent: 'always' };
}

function oneOf(parameters: Parameters, name: string, values: readonly string[]): string {
  const value = parameters.required(name);
  if (values.includes(value)) return value;
  throw complain('malformed', name, `${name} must be ${values.join(' or ')}`);
}
