import { OptionReader } from '../config.js';
import type { Endpoints, Provider } from '../provider.js';
import { readClient, readCommon, readEndpointOverrides, type StandardOptions } from './common.js';
import { defineProvider } from './define.js';
import { asymmetricAlg } from './signature-algs.js';

/** Options of {@link oidc}. */
export interface OidcOptions extends StandardOptions {
  /** The `:provider` of the routes: lower-case letters, digits and hyphens, at most 32. */
  name: string;
  /** The issuer identifier, exactly as the provider's metadata has it as `issuer`, to the last slash. */
  issuer: string;
  /** Default `openid profile email`. Must hold `openid`. */
  scope?: string | readonly string[] | undefined;
  /** How the callback comes back. Default `query`. */
  responseMode?: 'query' | 'form_post' | undefined;
  /** Signature algorithms of id_tokens. Default: the asymmetric ones that the metadata announces. */
  idTokenAlgs?: readonly string[] | undefined;
  /** Further trusted audiences, besides the client id, that an id_token may name. */
  audiences?: readonly string[] | undefined;
  /**
   * `auto`: userinfo is called when a granted scope promises claims that the id_token lacks. If that fails, so does the
   * login. Default `auto`.
   */
  userinfo?: 'auto' | 'always' | 'never' | undefined;
}

/**
 * Any OpenID Provider, by discovery [OpenID Connect Core 1.0, Discovery 1.0].
 *
 * @throws ConfigurationError naming the option and the fix.
 *
 * @example
 * const example = oidc({ name: 'example', issuer: 'https://id.example.com', clientId: '…', clientSecret: '…' });
 */
export function oidc(options: OidcOptions): Provider {
  const read = new OptionReader('oidc', options);
  const issuer = read.string('issuer', "give the provider's issuer identifier, an https URL");
  // With a template or the URL of the metadata every login would fail, and not say why.
  if (/\/\.well-known\/|[{}]/.test(issuer)) {
    throw read.unfit(
      'issuer',
      issuer,
      "give the issuer identifier itself, without '/.well-known/…' and without placeholders such as {tenant}",
    );
  }
  const overrides: Endpoints = readEndpointOverrides(read);
  if (overrides.issuer !== undefined && overrides.issuer !== issuer) {
    throw read.conflict("the options 'issuer' and 'endpoints.issuer' differ. Leave out the latter.");
  }
  const scope = read.words('scope', ['openid', 'profile', 'email']);
  if (!scope.includes('openid')) {
    throw read.conflict(
      "the option 'scope' lacks 'openid', which makes it OpenID Connect. Add it, with spaces between scopes, or use oauth2().",
    );
  }
  const algs = read.strings('idTokenAlgs', "give algorithms such as ['RS256']") ?? [];
  const weak = algs.find((alg) => !asymmetricAlg.test(alg));
  if (weak !== undefined)
    throw read.unfit('idTokenAlgs', algs, 'give asymmetric algorithms only, such as RS256 or ES256');
  const provider = defineProvider({
    ...readCommon(read),
    name: read.string('name', 'give a name for the routes'),
    ...readClient(read, 'announced'),
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
