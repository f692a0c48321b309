import { isPlainObject, kind, OptionReader, parseSecureUrl } from '../config.js';
import { ConfigurationError } from '../errors.js';
import {
  type Endpoints,
  markChecked,
  type Provider,
  type ProviderDefinition,
  reservedParam,
} from '../provider.js';

/**
 * Makes a provider from its definition: what the shipped factories are made of, and the way to describe a provider
 * that is not shipped. Everything is checked here, and frozen.
 *
 * @throws ConfigurationError naming the member and the fix.
 */
export function defineProvider(definition: ProviderDefinition): Provider {
  const name = providerName(definition);
  const options = new OptionReader(`provider '${name}'`, definition);
  options.any('name');
  const dialect = Object.freeze({ ...((options.any('dialect') as ProviderDefinition['dialect']) ?? {}) });
  const discovery = options.boolean('discovery', false);
  const endpoints = readEndpoints(options, discovery);
  const authorizationParams = options.record('authorizationParams', 'give an object of strings');
  const taken = reservedParam(Object.keys(authorizationParams), dialect);
  if (taken !== undefined) {
    throw options.conflict(`authorizationParams may not name '${taken}': the library sets it. Remove it.`);
  }
  const idToken = options.any('idToken') as ProviderDefinition['idToken'];
  const identity = options.any('identity') as ProviderDefinition['identity'];
  const provider: Provider = {
    name,
    title: options.string('title', 'give a name for people', name),
    clientId: options.string('clientId', "give the client id that the provider's console shows"),
    clientAuthentication: readClientAuthentication(options),
    discovery,
    endpoints,
    scope: options.words('scope', []),
    pkce: options.boolean('pkce', true),
    authorizationParams,
    responseMode: options.oneOf('responseMode', ['query', 'form_post'], 'query'),
    idToken: idToken && Object.freeze({ algs: [], nonce: 'required' as const, audiences: [], ...idToken }),
    identity: Object.freeze({
      source: idToken ? ('id_token' as const) : ('userinfo' as const),
      userinfo: 'auto' as const,
      subject: ['sub'],
      name: ['name', 'preferred_username'],
      email: ['email'],
      picture: ['picture'],
      ...identity,
    }),
    revoke: options.oneOf('revoke', ['refresh_token', 'refresh_token_only'], 'refresh_token'),
    tokenPlacement: Object.freeze({
      header: 'Authorization',
      prefix: 'Bearer ',
      ...(options.any('tokenPlacement') as ProviderDefinition['tokenPlacement']),
    }),
    apiOrigins: readOrigins(options),
    dialect,
    issuerId: endpoints.issuer ?? (endpoints.token as string),
    ...readRedirectUri(options),
  };
  options.end();
  checkIdentitySource(options, provider);
  return markChecked(provider);
}

function providerName(definition: ProviderDefinition): string {
  const name: unknown = isPlainObject(definition) ? definition.name : undefined;
  if (typeof name === 'string' && /^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) return name;
  throw new ConfigurationError(
    name === undefined ? 'missing_option' : 'invalid_option',
    `A provider's option 'name' cannot be ${kind(name)}: give 1 to 32 lower-case letters, digits or hyphens. It becomes part of the routes.`,
  );
}

function readClientAuthentication(options: OptionReader): Provider['clientAuthentication'] {
  const given = options.any('clientAuthentication') as Provider['clientAuthentication'] | undefined;
  if (given === undefined) return Object.freeze({ method: 'none' });
  if (!isPlainObject(given) || !['none', 'post', 'basic', 'announced'].includes(given.method)) {
    throw options.wrong(
      'clientAuthentication',
      given,
      "give { method: 'none' }, or 'post' or 'basic' and a clientSecret",
    );
  }
  if (given.method !== 'none' && (typeof given.clientSecret !== 'string' || given.clientSecret === '')) {
    throw options.wrong(
      'clientSecret',
      given.clientSecret,
      "give the secret that the provider's console shows",
    );
  }
  return Object.freeze({ ...given });
}

function readEndpoints(options: OptionReader, discovery: boolean): Readonly<Endpoints> {
  const endpoints = options.any('endpoints');
  const fix = 'give an object of URLs, such as { authorization, token }';
  if (!isPlainObject(endpoints)) throw options.wrong('endpoints', endpoints, fix);
  const kept: Endpoints = {};
  for (const [key, value] of Object.entries(endpoints)) {
    if (value === undefined) continue;
    const url = parseSecureUrl(value);
    if (!url || url.hash) {
      throw options.wrong(
        `endpoints.${key}`,
        value,
        'give an absolute https URL (http for loopback hosts only)',
      );
    }
    kept[key] = value as string;
  }
  for (const needed of discovery ? ['issuer'] : ['authorization', 'token']) {
    if (kept[needed] === undefined) throw options.missing(`endpoints.${needed}`, 'give its URL');
  }
  return Object.freeze(kept);
}

function readOrigins(options: OptionReader): readonly string[] | undefined {
  const fix = "give origins, such as ['https://api.example.com']";
  const origins = options.strings('apiOrigins', fix);
  if (!origins?.every((origin) => parseSecureUrl(origin)?.origin === origin)) {
    if (origins) throw options.wrong('apiOrigins', origins, fix);
  }
  return origins;
}

function readRedirectUri(options: OptionReader): { redirectUri?: string } {
  const fix = 'give an absolute https URL (http for loopback hosts only) without a query or a fragment';
  const redirectUri = options.optionalString('redirectUri', fix);
  if (redirectUri === undefined) return {};
  const url = parseSecureUrl(redirectUri);
  if (!url || url.search || url.hash) throw options.wrong('redirectUri', redirectUri, fix);
  return { redirectUri };
}

/** A provider of which nothing could ever say who the user is would fail at every login: say so now. */
function checkIdentitySource(options: OptionReader, provider: Provider): void {
  const { source } = provider.identity;
  if (source === 'userinfo' && !provider.discovery && provider.endpoints.userinfo === undefined) {
    throw options.missing('endpoints.userinfo', 'give the URL that says who the user is');
  }
  if (source === 'id_token' && !provider.discovery) {
    for (const needed of ['issuer', 'jwks']) {
      if (provider.endpoints[needed] === undefined) {
        throw options.missing(`endpoints.${needed}`, 'give its URL: id_tokens are checked against it');
      }
    }
  }
}
