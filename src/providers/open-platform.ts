import { isPlainObject, OptionReader } from '../config.js';
import type { Dialect } from '../dialect.js';
import type { EndpointOverrides, IdentityOptions, Provider, ProviderDefinition } from '../provider.js';
import { type CommonOptions, given, readCommon, readEndpoints } from './common.js';
import { defineProvider } from './define.js';

/** Options of {@link openPlatform}. */
export interface OpenPlatformOptions extends CommonOptions {
  /** The `:provider` of the routes: lower-case letters, digits and hyphens, at most 32. */
  name: string;
  /** The application's id, whatever the platform calls it. */
  clientId: string;
  /** The application's secret, whatever the platform calls it. */
  clientSecret: string;
  /** `authorization` and `token` are needed; further ones where the dialect or a user call names them. */
  endpoints: EndpointOverrides & { authorization: string; token: string };
  /** The scopes to ask for, as a list, which may be empty, or with spaces between them. */
  scope: string | readonly string[];
  /** Where this platform differs from the common shape. A part that is given takes the place of the common one, member by member. */
  dialect?: Dialect | undefined;
  /** Who the user is. Default: the token answer says so, by `open_id`. */
  identity?: IdentityOptions | undefined;
  /** How the access token travels to the API. Default: `Authorization: Bearer`. */
  tokenPlacement?: NonNullable<ProviderDefinition['tokenPlacement']> | undefined;
}

/** What most "open platforms" have in common, and RFC 6749 does not. */
const common: Dialect = {
  authorization: { rename: { redirect_uri: 'redirect_url' }, scopeDelimiter: ',' },
  request: { omit: ['redirect_uri', 'token_type_hint'] },
  answer: { scopeDelimiter: ',' },
};

/**
 * The common "open platform" shape: `redirect_url`, scopes with commas, `open_id`, `refresh_expires_in`, a refresh
 * that returns the same token or a new one. Each deviation is an option, so that a further platform is a description
 * and no code: see `examples/`. No PKCE unless `pkce: true`.
 *
 * @throws ConfigurationError naming the option and the fix.
 *
 * @example
 * const example = openPlatform({
 *   name: 'example',
 *   clientId: '…',
 *   clientSecret: '…',
 *   endpoints: { authorization: 'https://open.example.com/authorize', token: 'https://open.example.com/token' },
 *   scope: ['user_info'],
 *   dialect: { authorization: { rename: { client_id: 'client_key' } } },
 * });
 */
export function openPlatform(options: OpenPlatformOptions): Provider {
  const read = new OptionReader('openPlatform', options);
  const dialect = read.any('dialect') ?? {};
  if (!isPlainObject(dialect)) throw read.wrong('dialect', dialect, 'give an object, or leave it out');
  const identity = read.any('identity') ?? {};
  if (!isPlainObject(identity)) throw read.wrong('identity', identity, 'give an object, or leave it out');
  const tokenPlacement = read.any('tokenPlacement');
  const provider = defineProvider({
    pkce: false,
    ...readCommon(read),
    name: read.string('name', 'give a name for the routes'),
    clientId: read.string('clientId', "give the client id that the platform's console shows"),
    clientAuthentication: {
      method: 'post',
      clientSecret: read.string('clientSecret', "give the secret that the platform's console shows"),
    },
    endpoints: readEndpoints(read),
    scope: read.words('scope', []),
    identity: {
      source: 'token_answer',
      userinfo: 'never',
      subject: ['open_id'],
      name: ['nickname', 'name'],
      email: [],
      picture: ['avatar'],
      ...given(identity),
    },
    ...(tokenPlacement !== undefined && {
      tokenPlacement: tokenPlacement as NonNullable<ProviderDefinition['tokenPlacement']>,
    }),
    dialect: merge(common, dialect),
  });
  read.end();
  return provider;
}

/** Part by part: a member that the platform gives takes the place of the common one. */
function merge(base: Dialect, dialect: Dialect): Dialect {
  const parts = new Set([...Object.keys(base), ...Object.keys(dialect)]) as Set<keyof Dialect>;
  const merged = [...parts].map((part) => {
    const own: unknown = dialect[part];
    // What is none is for `defineProvider` to refuse.
    if (own !== undefined && !isPlainObject(own)) return [part, own];
    return [part, { ...base[part], ...given(own ?? {}) }];
  });
  return Object.fromEntries(merged);
}
