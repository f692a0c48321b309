import type { OptionReader } from '../config.js';
import type { ClientAuthentication, Endpoints } from '../provider.js';

/** Options that every factory takes. */
export interface CommonOptions {
  /** The `:provider` of the routes: lower-case letters, digits and hyphens, at most 32. */
  name?: string;
  /** What the chooser page calls the provider. */
  title?: string;
  /** Overrides any URL: tests, private regions, proxies. https, or http on loopback. */
  endpoints?: Endpoints;
  /** PKCE with S256 [RFC 7636]. Default `true`. */
  pkce?: boolean;
  /** Further parameters of the authorization request; none may be one of ours (`state`, `scope`, …). */
  authorizationParams?: Record<string, string>;
  /** The registered redirect URI, when it is not `{baseUrl}{basePath}/callback/{name}`. */
  redirectUri?: string;
  /** Origins to which `req.oauth.fetch` may carry the token. Default: any https origin. */
  apiOrigins?: readonly string[];
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

/** The URLs that were given, an object of them. `defineProvider` checks each. */
export function readEndpointOverrides(options: OptionReader): Endpoints {
  return options.record('endpoints', 'give an object of URLs') as Endpoints;
}

/** A confidential client that sends its secret in the body, or a public one without a secret. */
export function secretInBody(options: OptionReader): ClientAuthentication {
  const fix = "give the secret that the provider's console shows, or leave it out for a native app";
  const clientSecret = options.optionalString('clientSecret', fix);
  return clientSecret === undefined ? { method: 'none' } : { method: 'post', clientSecret };
}
