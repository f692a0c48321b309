import { type Parameters, readParameters } from '../parameters.js';
import { readChallenge, securityParameters } from '../pkce.js';
import type { AuthorizationDetails, AuthorizationRequest } from '../sign-in.js';
import type { LabClient } from '../types.js';
import { complain, invalid } from './errors.js';
import type { PdsGround } from './ground.js';

const known = [
  'client_id',
  'redirect_uri',
  'response_type',
  'scope',
  'login_type',
  'state',
  'hide_consent',
  'lang',
  'prompt',
];

const loginTypes = ['default', 'ding', 'ding_sns', 'ram', 'wechat', 'wechat_app'];

/** Reads an authorization request. */
export function readAuthorizationRequest(query: URLSearchParams, ground: PdsGround): AuthorizationRequest {
  const { settings, registrations } = ground;
  const parameters = readParameters(query, complain);
  parameters.only(settings.acceptPkce ? [...known, ...securityParameters] : known);
  const client = clientOf(parameters.required('client_id'), ground);
  const redirectUri = parameters.required('redirect_uri');
  if (!isRegistered(redirectUri, client === ground.clients.native, registrations.redirectUris)) {
    throw invalid('redirect_uri', 'redirect_uri is not one of those registered for this app');
  }
  return { client, redirectUri, state: parameters.optional('state'), details: () => readDetails(parameters) };
}

function clientOf(clientId: string, { clients: { web, native } }: PdsGround): LabClient {
  const client = [web, native].find((candidate) => candidate.clientId === clientId);
  if (client) return client;
  throw invalid('client_id', 'unknown client_id, or an app that has no authorization page');
}

/** A desktop app listens on whatever port is free, so a loopback URI of a native app stands for all ports, RFC 8252 7.3. */
function isRegistered(uri: string, isNative: boolean, registered: ReadonlySet<string>): boolean {
  if (registered.has(uri)) return true;
  const anyPort = isNative ? withoutLoopbackPort(uri) : undefined;
  return anyPort !== undefined && [...registered].some((known) => withoutLoopbackPort(known) === anyPort);
}

function withoutLoopbackPort(uri: string): string | undefined {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url?.protocol !== 'http:' || !['127.0.0.1', '[::1]'].includes(url.hostname)) return undefined;
  url.port = '';
  return url.href;
}

function readDetails(parameters: Parameters): AuthorizationDetails {
  oneOf(parameters, 'response_type', ['code']);
  oneOf(parameters, 'login_type', loginTypes);
  const { optional } = parameters;
  const hideConsent = optional('hide_consent');
  if (hideConsent !== undefined) oneOf(parameters, 'hide_consent', ['true', 'false']);
  if ((optional('scope') ?? 'all') !== 'all') throw invalid('scope', 'scope must be all');
  const challenge = readChallenge(parameters, (message) => invalid('code_challenge', message));
  return {
    scopes: ['all'],
    offline: true,
    consent: hideConsent === 'true' ? 'never' : 'once',
    ...(challenge && { challenge }),
  };
}

function oneOf(parameters: Parameters, name: string, values: readonly string[]): void {
  const value = parameters.required(name);
  if (!values.includes(value)) throw invalid(name, `${name} must be ${values.join(' or ')}`);
}
