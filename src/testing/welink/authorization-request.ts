import { type Parameters, readParameters } from '../parameters.js';
import { readChallenge, securityParameters } from '../pkce.js';
import { Refusal } from '../refusal.js';
import type { AuthorizationDetails, AuthorizationRequest } from '../sign-in.js';
import { checkLength, complain } from './errors.js';
import type { WelinkGround } from './ground.js';

const known = ['client_id', 'response_type', 'redirect_uri', 'scope', 'state'];

/** Reads an authorization request. */
export function readAuthorizationRequest(query: URLSearchParams, ground: WelinkGround): AuthorizationRequest {
  const { settings, registrations } = ground;
  const client = ground.clients.web;
  const parameters = readParameters(query, complain);
  parameters.only(settings.acceptPkce ? [...known, ...securityParameters] : known);
  for (const name of ['client_id', 'response_type', 'redirect_uri', 'scope']) parameters.required(name);
  const { optional } = parameters;
  checkLength('client_id', optional('client_id'), 255, '60004');
  if (optional('client_id') !== client.clientId) throw new Refusal('60010', 'unknown client_id');

  const redirectUri = parameters.required('redirect_uri');
  if (redirectUri.includes('?')) throw new Refusal('60019', 'redirect_uri must not have a query', 404);
  if (!registrations.redirectUris.has(redirectUri)) {
    throw new Refusal('60019', 'redirect_uri is not one of those registered for this app');
  }
  if (optional('response_type') !== 'code') throw complain('malformed', '', 'response_type must be code');
  if (optional('scope') !== 'backendlogin') throw complain('malformed', '', 'scope must be backendlogin');
  return { client, redirectUri, state: optional('state'), details: () => readDetails(parameters) };
}

function readDetails(parameters: Parameters): AuthorizationDetails {
  checkLength('state', parameters.optional('state'), 255, '60006');
  const challenge = readChallenge(parameters, (message) => complain('malformed', 'code_challenge', message));
  return { scopes: ['backendlogin'], offline: false, consent: 'once', ...(challenge && { challenge }) };
}
