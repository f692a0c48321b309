import { OptionReader } from '../config.js';
import type { Endpoints, Provider } from '../provider.js';
import { type CommonOptions, readCommon, readEndpointOverrides } from './common.js';
import { defineProvider } from './define.js';

/** Options of {@link oidc}. */
export interface OidcOptions extends CommonOptions {
  name: string;
  /** The issuer identifier, exactly as the provider's metadata has it. */
  issuer: string;
  clientId: string;
  /** Left out for a public client. */
  clientSecret?: string;
  /** How the secret travels [RFC 6749 2.3.1]. Default: `basic` where the metadata announces it (or nothing), else `post`. */
  clientAuth?: 'basic' | 'post';
  /** Default `openid profile email`. Must hold `openid`. */
  scope?: string | readonly string[];
  /** How the callback comes back. Default `query`. */
  responseMode?: 'query' | 'form_post';
  /** Signature algorithms of id_tokens. Default: the asymmetric ones that the metadata announces. */
  idTokenAlgs?: readonly string[];
  /** Further trusted audiences, besides the client id, that an id_token may name. */
  audiences?: readonly string[];
  /** `auto`: userinfo is called when a granted scope promises claims that the id_token lacks. Its failure fails the login. */
  userinfo?: 'auto' | 'always' | 'never';
}

const asymmetric = /^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$|^Ed25519$/;

/**
 * Any OpenID Provider, by discovery [OpenID Connect Core 1.0, Discovery 1.0].
 *
 * @throws ConfigurationError naming the option and the fix.
 */
export function oidc(options: OidcOptions): Provider {
  const read = new OptionReader('oidc', options);
  const issuer = read.string('issuer', "give the provider's issuer identifier, an https URL");
  const overrides: Endpoints = readEndpointOverrides(read);
  if (overrides.issuer !== undefined && overrides.issuer !== issuer) {
    throw read.conflict("the options 'issuer' and 'endpoints.issuer' differ. Leave out the latter.");
  }
  const scope = read.words('scope', ['openid', 'profile', 'email']);
  if (!scope.includes('openid')) {
    throw read.conflict(
      "the option 'scope' lacks 'openid', which makes it OpenID Connect. Add it, or use oauth2().",
    );
  }
  const algs = read.strings('idTokenAlgs', "give algorithms such as ['RS256']") ?? [];
  const weak = algs.find((alg) => !asymmetric.test(alg));
  if (weak !== undefined)
    throw read.wrong('idTokenAlgs', algs, 'give asymmetric algorithms only, such as RS256 or ES256');
  const clientSecret = read.optionalString(
    'clientSecret',
    'give the secret, or leave it out for a public client',
  );
  const clientAuth = read.any('clientAuth');
  if (clientAuth !== undefined && clientSecret === undefined) {
    throw read.missing('clientSecret', "give the secret that the option 'clientAuth' is about");
  }
  const method =
    clientAuth === undefined ? 'announced' : read.oneOf('clientAuth', ['basic', 'post'], 'basic');
  const provider = defineProvider({
    ...readCommon(read),
    name: read.string('name', 'give a name for the routes'),
    clientId: read.string('clientId', 'give the client id under which the app is registered'),
    clientAuthentication: clientSecret === undefined ? { method: 'none' } : { method, clientSecret },
    discovery: true,
    endpoints: { ...overrides, issuer },
    scope,
    responseMode: read.oneOf('responseMode', ['query', 'form_post'], 'query'),
    idToken: {
      algs,
      nonce: 'required',
      audiences: read.stringsOrNone('audiences', 'give audiences as strings') ?? [],
    },
    identity: { source: 'id_token', userinfo: read.oneOf('userinfo', ['auto', 'always', 'never'], 'auto') },
  });
  read.end();
  return provider;
}
