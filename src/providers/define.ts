import { isPlainObject, kind, OptionReader, parseSecureUrl } from '../config.js';
import { ConfigurationError } from '../errors.js';
import {
  type Endpoints,
  type IdentityMapping,
  type IdTokenPolicy,
  markChecked,
  type Provider,
  type ProviderDefinition,
  reservedParam,
  type TokenPlacement,
} from '../provider.js';
import { checkTogether } from './check-together.js';
import { readClientAuthentication } from './client-authentication.js';
import { readDialect, readUserCalls } from './dialect.js';
import { asymmetricAlg } from './signature-algs.js';

/**
 * Makes a provider from its definition: what the shipped factories are made of, and the way to describe a provider
 * that is not shipped. Everything is checked here, and frozen.
 *
 * @throws ConfigurationError naming the member and the fix.
 *
 * @example
 * const example = defineProvider({
 *   name: 'example',
 *   clientId: '…',
 *   clientAuthentication: { method: 'post', clientSecret: '…' },
 *   endpoints: {
 *     authorization: 'https://example.com/authorize',
 *     token: 'https://example.com/token',
 *     userinfo: 'https://example.com/me',
 *   },
 *   identity: { source: 'userinfo', subject: ['user_id'] },
 *   dialect: { answer: { expiresIn: ['expire_in'] } },
 * });
 */
export function defineProvider(definition: ProviderDefinition): Provider {
  const name = providerName(definition);
  const options = new OptionReader(`provider '${name}'`, definition);
  options.any('name');
  const dialect = readDialect(options);
  const discovery = options.boolean('discovery', false);
  const endpoints = readEndpoints(options, discovery ? ['issuer'] : needsLoginPage(definition));
  const authorizationParams = options.record('authorizationParams', 'give an object of strings');
  const taken = reservedParam(Object.keys(authorizationParams), dialect);
  if (taken !== undefined) {
    throw options.conflict(`authorizationParams may not name '${taken}': the library sets it. Remove it.`);
  }
  const idToken = readIdTokenPolicy(options);
  const provider: Provider = {
    name,
    title: options.string('title', 'give a name to show to users', name),
    clientId: options.string('clientId', "give the client id that the provider's console shows"),
    clientAuthentication: readClientAuthentication(options),
    discovery,
    endpoints,
    scope: options.words('scope', []),
    pkce: options.boolean('pkce', true),
    authorizationParams,
    responseMode: options.oneOf('responseMode', ['query', 'form_post'], 'query'),
    par: readPar(options),
    dpop: options.boolean('dpop', false),
    idToken,
    identity: readIdentity(options, idToken),
    revoke: options.oneOf('revoke', ['refresh_token', 'refresh_token_only'], 'refresh_token'),
    tokenPlacement: readTokenPlacement(options),
    apiOrigins: readOrigins(options),
    dialect,
    issuerId: endpoints.issuer ?? (endpoints.token as string),
    ...readRedirectUri(options),
    ...readAssertion(options),
  };
  options.end();
  checkTogether(options, provider, definition);
  return markChecked(provider);
}

function providerName(definition: ProviderDefinition): string {
  const name: unknown = isPlainObject(definition) ? definition.name : undefined;
  if (typeof name === 'string' && /^(?!\d+$)[a-z0-9][a-z0-9-]{0,31}$/.test(name)) return name;
  throw new ConfigurationError(
    name === undefined ? 'missing_option' : 'invalid_option',
    `A provider's option 'name' cannot be ${kind(name)}: give 1 to 32 lower-case letters, digits or hyphens, not digits alone. It becomes part of the routes.`,
  );
}

function readPar(options: OptionReader): Provider['par'] {
  const par = options.any('par');
  if (par === undefined) return 'auto';
  if (par === 'auto' || typeof par === 'boolean') return par;
  throw options.wrong('par', par, "give true, false or 'auto'");
}

function readIdTokenPolicy(options: OptionReader): IdTokenPolicy | undefined {
  if (options.any('idToken') === undefined) return undefined;
  const read = options.group('idToken');
  const fix = "give asymmetric algorithms only, such as ['RS256']";
  const algs = read.stringsOrNone('algs', fix) ?? [];
  if (!algs.every((alg) => asymmetricAlg.test(alg))) throw read.unfit('algs', algs, fix);
  const policy: IdTokenPolicy = {
    algs,
    nonce: read.oneOf('nonce', ['required', 'if-present'], 'required'),
    audiences: read.stringsOrNone('audiences', 'give audiences as strings') ?? [],
  };
  read.end();
  return Object.freeze(policy);
}

function readIdentity(options: OptionReader, idToken: IdTokenPolicy | undefined): IdentityMapping {
  const read = options.group('identity');
  const fix = 'give the name of a claim, or several';
  const refuse = read.function<IdentityMapping['refuse']>('refuse', 'give a function of the claims');
  const source = idToken ? 'id_token' : 'userinfo';
  const identity: IdentityMapping = {
    source: read.oneOf('source', ['id_token', 'token_answer', 'userinfo'], source),
    userinfo: read.oneOf('userinfo', ['auto', 'always', 'never'], 'auto'),
    subject: read.strings('subject', fix) ?? ['sub'],
    name: read.stringsOrNone('name', fix) ?? ['name', 'preferred_username'],
    email: read.stringsOrNone('email', fix) ?? ['email'],
    picture: read.stringsOrNone('picture', fix) ?? ['picture'],
    calls: readUserCalls(read),
    ...(refuse && { refuse }),
  };
  read.end();
  return Object.freeze(identity);
}

function readAssertion(options: OptionReader): Pick<ProviderDefinition, 'assertion'> {
  const fix = 'give a function that signs an assertion about a user';
  const assertion = options.function<NonNullable<ProviderDefinition['assertion']>>('assertion', fix);
  return assertion ? { assertion } : {};
}

function readTokenPlacement(options: OptionReader): TokenPlacement {
  const read = options.group('tokenPlacement');
  const query = read.optionalString('query', 'give the name of a parameter');
  if (query !== undefined) {
    read.end();
    return Object.freeze({ query });
  }
  const header = read.string('header', 'give the name of a header', 'Authorization');
  const prefix = read.any('prefix') ?? 'Bearer ';
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(header)) throw read.unfit('header', header, 'give the name of a header');
  if (typeof prefix !== 'string' || !/^[\x20-\x7e]*$/.test(prefix)) {
    throw read[typeof prefix === 'string' ? 'unfit' : 'wrong'](
      'prefix',
      prefix,
      "give what stands before the token, such as 'Bearer ', or ''",
    );
  }
  read.end();
  return Object.freeze({ header, prefix });
}

/** Where the app vouches for its users, nobody is sent to the provider. */
function needsLoginPage({ assertion }: ProviderDefinition): readonly string[] {
  return assertion ? ['token'] : ['authorization', 'token'];
}

function readEndpoints(options: OptionReader, needed: readonly string[]): Readonly<Endpoints> {
  const endpoints = options.any('endpoints');
  const fix = 'give an object of URLs, such as { authorization, token }';
  if (!isPlainObject(endpoints)) throw options.wrong('endpoints', endpoints, fix);
  const kept: Endpoints = {};
  for (const [key, value] of Object.entries(endpoints)) {
    if (value === undefined) continue;
    const url = parseSecureUrl(value);
    if (!url || url.hash) {
      throw options[typeof value === 'string' ? 'unfit' : 'wrong'](
        `endpoints.${key}`,
        value,
        'give an absolute https URL (http for loopback hosts only)',
      );
    }
    kept[key] = value as string;
  }
  for (const key of needed) {
    if (kept[key] === undefined) throw options.missing(`endpoints.${key}`, 'give its URL');
  }
  return Object.freeze(kept);
}

function readOrigins(options: OptionReader): readonly string[] | undefined {
  const fix = "give origins, such as ['https://api.example.com']";
  const origins = options.strings('apiOrigins', fix);
  if (!origins?.every((origin) => parseSecureUrl(origin)?.origin === origin)) {
    if (origins) throw options.unfit('apiOrigins', origins, fix);
  }
  return origins;
}

function readRedirectUri(options: OptionReader): { redirectUri?: string } {
  const fix = 'give an absolute https URL (http for loopback hosts only) without a query or a fragment';
  const redirectUri = options.optionalString('redirectUri', fix);
  if (redirectUri === undefined) return {};
  const url = parseSecureUrl(redirectUri);
  if (!url || url.search || url.hash) throw options.unfit('redirectUri', redirectUri, fix);
  return { redirectUri };
}
