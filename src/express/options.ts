import type { Request } from 'express';
import session from 'express-session';
import { kind, OptionReader, parseSecureUrl } from '../config.js';
import { ConfigurationError } from '../errors.js';
import type { EventListener } from '../events.js';
import { parseReturnTo } from '../login/return-to.js';
import type { User } from '../login/user.js';
import { isProvider, type Provider } from '../provider.js';
import { parseRedisOption, type RedisOption } from '../stores/redis/client.js';
import type { TokenSet } from '../tokens/token-set.js';

/** A login of the session, as apps see it. */
export interface Login {
  /** The name of the provider. */
  readonly provider: string;
  /** The provider's stable id of the user. It means nothing without `provider`. */
  readonly sub: string;
  /** Who logged in. */
  readonly user: User;
  /** What was granted; what was asked for, where the provider does not say. */
  readonly scope: readonly string[];
  /** When the access token expires, in milliseconds since the epoch; absent where the provider does not say. */
  readonly expiresAt?: number;
  /** Milliseconds since the epoch. */
  readonly loggedInAt: number;
}

/**
 * Is awaited before a login is kept. It may add to `login.user`; leave `login.user.sub` as the provider said it, since
 * `login.sub`, by which logins are told apart and ended, does not change with it. What it returns does not matter: throw to
 * refuse a user (403 `login_vetoed`; an error with a `status` of its own is answered by that).
 */
export type OnLogin = (login: Login, context: { req: Request; tokens: TokenSet }) => unknown;

/** Options of {@link oauthRouter}. Durations are in seconds. */
export interface OAuthRouterOptions {
  /** With an `express-session` of your own: the ioredis client for login records. With `oauthSession`, leave it out. */
  redis?: RedisOption | undefined;
  /** The public origin of the app, such as `https://app.example.com`. Required under `NODE_ENV=production`. */
  baseUrl?: string | undefined;
  /** Where the routes are. Default `/auth`. */
  basePath?: string | undefined;
  /** Path to go to after a login that has no `returnTo`. Default `/`. */
  afterLogin?: string | undefined;
  /** Path to go to after a logout. Default `/`. */
  afterLogout?: string | undefined;
  /** Path of your own page on which a user chooses a provider. Default: a small page of ours. */
  loginPage?: string | undefined;
  /** From how many seconds before its expiry a token is refreshed in the background. Default 60. */
  leeway?: number | undefined;
  /** Keys of login records: the first seals, all of them open. Default: derived from the secrets of `oauthSession`. */
  encryptionKeys?: readonly (string | Uint8Array)[] | undefined;
  /**
   * Seconds: a call to the provider (10), a store command (2), waiting for a refresh (10). Behind `oauthSession`, which
   * has the connection, that of store commands counts for both, from the first request that reaches the router on.
   */
  timeouts?:
    | { provider?: number | undefined; store?: number | undefined; refresh?: number | undefined }
    | undefined;
  /** Called before a login is kept. Default: every user may log in. */
  onLogin?: OnLogin | undefined;
  /** Takes events, for logs and alarms. Default: none. */
  onEvent?: EventListener | undefined;
  /**
   * Names of session data that survive the change of the session id at login, unless the login is another person's.
   * Default: none.
   */
  keepSessionData?: readonly string[] | undefined;
}

/** The options, checked and complete. */
export interface RouterConfig {
  readonly providers: readonly Provider[];
  readonly redis: RedisOption | undefined;
  readonly origin: string | undefined;
  readonly basePath: string;
  readonly afterLogin: string;
  readonly afterLogout: string;
  readonly loginPage: string | undefined;
  readonly leeway: number;
  readonly encryptionKeys: readonly (string | Uint8Array)[] | undefined;
  readonly timeouts: {
    readonly provider: number;
    readonly store: number | undefined;
    readonly refresh: number;
  };
  readonly onLogin: OnLogin | undefined;
  readonly onEvent: EventListener | undefined;
  readonly keepSessionData: readonly string[];
}

/** @throws ConfigurationError naming the option and the fix. */
export function parseRouterOptions(providers: unknown, options: unknown): RouterConfig {
  const read = new OptionReader('oauthRouter', options === undefined ? {} : options);
  const timeouts = read.group('timeouts');
  const store = timeouts.any('store');
  const redis = read.any('redis');
  const config: RouterConfig = {
    providers: readProviders(providers),
    redis: redis === undefined ? undefined : parseRedisOption('oauthRouter', redis),
    origin: readOrigin(read),
    basePath: readBasePath(read),
    afterLogin: readPath(read, 'afterLogin') ?? '/',
    afterLogout: readPath(read, 'afterLogout') ?? '/',
    loginPage: readPath(read, 'loginPage'),
    leeway: read.seconds('leeway', 60, 0),
    encryptionKeys: readKeys(read),
    timeouts: {
      provider: timeouts.seconds('provider', 10, 0.001),
      store: store === undefined ? undefined : timeouts.seconds('store', 2, 0.001),
      refresh: timeouts.seconds('refresh', 10, 0.001),
    },
    onLogin: read.function<OnLogin>('onLogin', 'give a function'),
    onEvent: read.function<EventListener>('onEvent', 'give a function'),
    keepSessionData: readKeptNames(read),
  };
  timeouts.end();
  read.end();
  if (process.env.NODE_ENV === 'production') checkProduction(read, config);
  return Object.freeze(config);
}

/** What a session has of its own beside its methods. */
const OWN_NAMES: readonly string[] = ['id', 'req', 'cookie', 'oauth'];

function readKeptNames(read: OptionReader): readonly string[] {
  const names =
    read.stringsOrNone('keepSessionData', 'give names of session data, as an array of strings') ?? [];
  for (const name of names) {
    if (!OWN_NAMES.includes(name) && !(name in session.Session.prototype)) continue;
    const fix = 'leave that name out, since the new session has its own';
    throw read.wrong('keepSessionData', names, fix, `a list with '${name}'`);
  }
  return names;
}

function checkProduction(read: OptionReader, config: RouterConfig): void {
  if (config.origin === undefined) {
    throw read.missing('baseUrl', "give the app's public origin, such as 'https://app.example.com'");
  }
  if (config.redis !== undefined && !config.encryptionKeys) {
    throw read.missing(
      'encryptionKeys',
      'give at least one key, such as the output of `openssl rand -base64 32`. (With oauthSession, leave out `redis`; then the keys come from its secret.)',
    );
  }
}

function readProviders(given: unknown): readonly Provider[] {
  const providers: unknown[] = Array.isArray(given) ? given : [given];
  if (providers.length === 0) {
    throw new ConfigurationError(
      'missing_option',
      'oauthRouter: the list of providers is empty. Give at least one.',
    );
  }
  const names = new Set<string>();
  for (const provider of providers) {
    if (!isProvider(provider)) {
      throw new ConfigurationError(
        'invalid_option',
        `oauthRouter: a provider cannot be ${kind(provider)}. Make it with oidc(), another factory, or defineProvider().`,
      );
    }
    if (names.has(provider.name)) {
      throw new ConfigurationError(
        'conflicting_options',
        `oauthRouter: two providers are named '${provider.name}'. Give one of them another \`name\`.`,
      );
    }
    names.add(provider.name);
  }
  return Object.freeze([...(providers as Provider[])]);
}

function readOrigin(read: OptionReader): string | undefined {
  const fix =
    "give the app's public origin, such as 'https://app.example.com': https, or http on loopback, without a path";
  const baseUrl = read.optionalString('baseUrl', fix);
  if (baseUrl === undefined) return undefined;
  const url = parseSecureUrl(baseUrl);
  if (url?.pathname !== '/' || url.search || url.hash) throw read.unfit('baseUrl', baseUrl, fix);
  return url.origin;
}

function readBasePath(read: OptionReader): string {
  const fix = "give a path such as '/auth'";
  const basePath = read.string('basePath', fix, '/auth');
  if (!/^(?:\/[A-Za-z0-9._~-]+)+$/.test(basePath) || basePath.split('/').some((part) => /^\.+$/.test(part))) {
    throw read.unfit('basePath', basePath, fix);
  }
  return basePath;
}

function readPath(read: OptionReader, name: string): string | undefined {
  const fix = "give a path of this app, such as '/'";
  const given = read.optionalString(name, fix);
  const path = parseReturnTo(given);
  if (given !== undefined && path === undefined) throw read.unfit(name, given, fix);
  return path;
}

function readKeys(read: OptionReader): readonly (string | Uint8Array)[] | undefined {
  const keys = read.any('encryptionKeys');
  if (keys === undefined) return undefined;
  const list: unknown[] = Array.isArray(keys) ? keys : [keys];
  // A short key protects nothing; on a developer's own machine there is nothing to protect.
  const least = process.env.NODE_ENV === 'production' ? 32 : 1;
  const fix = `give strings or buffers${least > 1 ? ` of at least ${least} bytes` : ''}, the first of which seals, such as the output of \`openssl rand -base64 32\``;
  const isKey = (key: unknown) => typeof key === 'string' || key instanceof Uint8Array;
  if (list.length === 0 || !list.every(isKey)) throw read.wrong('encryptionKeys', keys, fix);
  if ((list as (string | Uint8Array)[]).some((key) => Buffer.byteLength(key) < least)) {
    throw read.unfit('encryptionKeys', keys, fix);
  }
  return list as (string | Uint8Array)[];
}
