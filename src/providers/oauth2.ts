import { OptionReader } from '../config.js';
import type { Endpoints, IdentityMapping, Provider } from '../provider.js';
import { type CommonOptions, readCommon, readEndpointOverrides } from './common.js';
import { defineProvider } from './define.js';

/** Options of {@link oauth2}. */
export interface OAuth2Options extends CommonOptions {
  name: string;
  /** `authorization`, `token` and `userinfo` are needed; `revocation` where there is one. */
  endpoints: Endpoints & { authorization: string; token: string; userinfo: string };
  clientId: string;
  /** Left out for a public client. */
  clientSecret?: string;
  /** How the secret travels [RFC 6749 2.3.1]. Default `basic`. */
  clientAuth?: 'basic' | 'post';
  scope?: string | readonly string[];
  /** The members of the userinfo answer that make the subject (`sub`), name, email and picture. Default: OpenID Connect's. */
  claims?: Partial<Pick<IdentityMapping, 'subject' | 'name' | 'email' | 'picture'>>;
}

/**
 * A plain OAuth 2.0 server [RFC 6749] with an endpoint that says who the user is.
 *
 * @throws ConfigurationError naming the option and the fix.
 */
export function oauth2(options: OAuth2Options): Provider {
  const read = new OptionReader('oauth2', options);
  const clientSecret = read.optionalString(
    'clientSecret',
    'give the secret, or leave it out for a public client',
  );
  if (read.any('clientAuth') !== undefined && clientSecret === undefined) {
    throw read.missing('clientSecret', "give the secret that the option 'clientAuth' is about");
  }
  const method = read.oneOf('clientAuth', ['basic', 'post'], 'basic');
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
    clientId: read.string('clientId', 'give the client id under which the app is registered'),
    clientAuthentication: clientSecret === undefined ? { method: 'none' } : { method, clientSecret },
    endpoints: readEndpointOverrides(read),
    scope: read.words('scope', []),
    identity: { ...identity, source: 'userinfo', userinfo: 'always' },
  });
  read.end();
  return provider;
}
