import { OptionReader } from '../config.js';
import type { EndpointOverrides, IdentityOptions, Provider } from '../provider.js';
import { readClient, readCommon, readEndpointOverrides, type StandardOptions } from './common.js';
import { defineProvider } from './define.js';

/** Options of {@link oauth2}. */
export interface OAuth2Options extends StandardOptions {
  /** The `:provider` of the routes: lower-case letters, digits and hyphens, at most 32. */
  name: string;
  /** `authorization`, `token` and `userinfo` are needed; `revocation` where there is one. */
  endpoints: EndpointOverrides & { authorization: string; token: string; userinfo: string };
  /** Scopes, as a list or with spaces between them. Default: none. */
  scope?: string | readonly string[] | undefined;
  /** The members of the userinfo answer that make the subject (`sub`), name, email and picture. Default: OpenID Connect's. */
  claims?: Pick<IdentityOptions, 'subject' | 'name' | 'email' | 'picture'> | undefined;
}

/**
 * A plain OAuth 2.0 server [RFC 6749] with an endpoint that says who the user is.
 *
 * @throws ConfigurationError naming the option and the fix.
 *
 * @example
 * const example = oauth2({
 *   name: 'example',
 *   clientId: '…',
 *   clientSecret: '…',
 *   endpoints: {
 *     authorization: 'https://example.com/oauth/authorize',
 *     token: 'https://example.com/oauth/token',
 *     userinfo: 'https://example.com/api/user',
 *   },
 *   claims: { subject: ['id'], name: ['display_name'] },
 * });
 */
export function oauth2(options: OAuth2Options): Provider {
  const read = new OptionReader('oauth2', options);
  const claims = read.group('claims');
  const identity = Object.fromEntries(
    (['subject', 'name', 'email', 'picture'] as const).flatMap((claim) => {
      const members = claims.strings(claim, 'give the name of a member, or several');
      return members ? [[claim, members]] : [];
    }),
  );
  claims.end();
  const provider = defineProvider({
    ...readCommon(read),
    name: read.string('name', 'give a name for the routes'),
    ...readClient(read, 'basic'),
    endpoints: readEndpointOverrides(read),
    scope: read.words('scope', []),
    identity: { ...identity, source: 'userinfo', userinfo: 'always' },
  });
  read.end();
  return provider;
}
