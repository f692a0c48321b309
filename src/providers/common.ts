import type { ClientAuthentication, ClientKey } from '../client-authentication.js';
import { isPlainObject, type OptionReader } from '../config.js';
import type { EndpointOverrides, Endpoints, ProviderDefinition } from '../provider.js';
import { readClientKey } from './client-authentication.js';

/** Options that every factory takes. */
export interface CommonOptions {
  /** The `:provider` of the routes: lower-case letters, digits and hyphens, at most 32. */
  name?: string | undefined;
  /** What the chooser page calls the provider. */
  title?: string | undefined;
  /** Overrides any URL: tests, private regions, proxies. https, or http on loopback. */
  endpoints?: EndpointOverrides | undefined;
  /** PKCE with S256 [RFC 7636]. Default `true`; `false` at PDS, WeLink and open platforms. */
  pkce?: boolean | undefined;
  /** Further parameters of the authorization request; none may be one of ours (`state`, `scope`, …). */
  authorizationParams?: Record<string, string> | undefined;
  /** The registered redirect URI, when it is not `{baseUrl}{basePath}/callback/{name}`. */
  redirectUri?: string | undefined;
  /** Origins to which `req.oauth.fetch` may carry the token. Default: any https origin, and loopback. */
  apiOrigins?: readonly string[] | undefined;
}

/** Options of the factories for servers that follow the standards. */
export interface StandardOptions extends CommonOptions {
  /** The client id under which the app is registered. */
  clientId: string;
  /** Left out for a public client, and for one that has a key. */
  clientSecret?: string | undefined;
  /**
   * How the app proves at the provider who it is: by its secret, as `basic` or `post` [RFC 6749 2.3.1], or by its key
   * (`private_key_jwt`) [RFC 7523 2.2]. Default: `basic`; at `oidc` `post`, where the metadata announces no `basic`.
   */
  clientAuth?: 'basic' | 'post' | ClientKey | undefined;
  /** Push authorization requests [RFC 9126]. Default `auto`: where the metadata requires it. */
  par?: boolean | 'auto' | undefined;
  /**
   * Bind the tokens of each login to a key of its own, so that nobody else can use them [RFC 9449]. Tokens that come
   * unbound are refused. Default `false`.
   */
  dpop?: boolean | undefined;
}

/**
 * Reads how the app proves who it is, and how it protects requests and tokens.
 *
 * @param unsaid how a secret travels where the options do not say.
 */
export function readClient(
  options: OptionReader,
  unsaid: 'basic' | 'announced',
): Pick<ProviderDefinition, 'clientId' | 'clientAuthentication' | 'par' | 'dpop'> {
  const par = options.any('par');
  return {
    clientId: options.string('clientId', 'give the client id under which the app is registered'),
    clientAuthentication: readClientAuth(options, unsaid),
    ...(par !== undefined && { par: par as boolean | 'auto' }),
    dpop: options.boolean('dpop', false),
  };
}

function readClientAuth(options: OptionReader, unsaid: 'basic' | 'announced'): ClientAuthentication {
  const clientSecret = options.optionalString(
    'clientSecret',
    'give the secret, or leave it out for a public client',
  );
  const clientAuth = options.any('clientAuth');
  if (isPlainObject(clientAuth)) {
    if (clientSecret === undefined) {
      return { method: 'private_key_jwt', ...readClientKey(options.group('clientAuth')) };
    }
    throw options.conflict(
      "the options 'clientSecret' and 'clientAuth' give a secret and a key. Give only one: where the provider accepts it, the key is safer.",
    );
  }
  const known = clientAuth === undefined || clientAuth === 'basic' || clientAuth === 'post';
  if (!known) throw options.wrong('clientAuth', clientAuth, "give 'basic', 'post' or { privateKey }");
  if (clientSecret !== undefined) return { method: clientAuth ?? unsaid, clientSecret };
  if (clientAuth === undefined) return { method: 'none' };
  throw options.missing('clientSecret', "give the secret that the option 'clientAuth' needs");
}

/** Reads the options that every factory takes. `defineProvider` checks their values. */
export function readCommon(options: OptionReader) {
  const common: Record<string, unknown> = {};
  for (const name of ['title', 'redirectUri', 'apiOrigins', 'pkce']) {
    const value = options.any(name);
    if (value !== undefined) common[name] = value;
  }
  // A factory may add to these, so they must be an object by now.
  common.authorizationParams = options.record('authorizationParams', 'give an object of strings');
  return common as Omit<CommonOptions, 'name' | 'endpoints'>;
}

/** Refuses parameters of the authorization request that a factory has options for. */
export function refuseParams(
  options: OptionReader,
  { authorizationParams = {} }: Pick<CommonOptions, 'authorizationParams'>,
  optionOf: Readonly<Record<string, string>>,
): void {
  for (const [param, option] of Object.entries(optionOf)) {
    if (authorizationParams[param] === undefined) continue;
    throw options.conflict(`authorizationParams may not name '${param}'. Use the option '${option}'.`);
  }
}

/** The URLs that some provider of ours has. */
const knownEndpoints: readonly string[] = [
  'issuer',
  'authorization',
  'token',
  'userinfo',
  'revocation',
  'jwks',
  'endSession',
  'pushedAuthorization',
  'admin',
];

/** The URLs that were given, an object of them. `defineProvider` checks each. */
export function readEndpoints(options: OptionReader): Endpoints {
  const endpoints = options.any('endpoints');
  if (endpoints === undefined) return {};
  if (!isPlainObject(endpoints)) throw options.wrong('endpoints', endpoints, 'give an object of URLs');
  return given(endpoints) as Endpoints;
}

/**
 * The same where all names are known: a mistyped one would leave the URL to the real provider, which a test or a private
 * region is to be kept from.
 */
export function readEndpointOverrides(options: OptionReader): Endpoints {
  const endpoints = readEndpoints(options);
  const unknown = Object.keys(endpoints).find((name) => !knownEndpoints.includes(name));
  if (unknown === undefined) return endpoints;
  throw options.conflict(
    `there is no URL 'endpoints.${unknown}'. Remove it, or use one of: ${knownEndpoints.join(', ')}.`,
  );
}

/** The members that were given: `undefined`, as an environment variable may be, says nothing. */
export function given<Value>(
  members: Readonly<Record<string, Value>>,
): Record<string, Exclude<Value, undefined>> {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Record<string, Exclude<Value, undefined>>;
}

/** A confidential client that sends its secret in the body, or a public one without a secret. */
export function secretInBody(options: OptionReader): ClientAuthentication {
  const fix = "give the secret that the provider's console shows, or leave it out for a native app";
  const clientSecret = options.optionalString('clientSecret', fix);
  return clientSecret === undefined ? { method: 'none' } : { method: 'post', clientSecret };
}
