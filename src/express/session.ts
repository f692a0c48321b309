import type { Request, RequestHandler } from 'express';
import type { CookieOptions } from 'express-session';
import { systemClock } from '../clock.js';
import { isLoopbackHost, OptionReader } from '../config.js';
import { ABSOLUTE_TIMEOUT, STORE_TIMEOUT } from '../limits.js';
import { createMemorySessions, createMemoryStores } from '../stores/memory.js';
import { connect, parseRedisOption, type RedisOption } from '../stores/redis/client.js';
import { createRedisSessions } from '../stores/redis/sessions.js';
import { createRedisStores } from '../stores/redis/stores.js';
import { readCookieOptions } from './cookie-options.js';
import { register } from './held-sessions.js';
import { isEncrypted } from './request-facts.js';
import { sessionMiddleware } from './session-middleware.js';
import { LoginSessionStore, type SessionHost } from './session-store.js';

/** Options of {@link oauthSession}. Durations are in seconds. */
export interface OAuthSessionOptions {
  /**
   * Where sessions and logins are kept: an ioredis `Redis` or `Cluster`, a URL, or ioredis options. Left out: in the
   * memory of this process, which is refused under `NODE_ENV=production`.
   */
  redis?: RedisOption | undefined;
  /**
   * Signs the cookie and seals login records. Of a list, the first does; all are accepted. 32 characters or more: with
   * fewer there is a warning in production.
   */
  secret: string | readonly string[];
  /** Seconds (not milliseconds) without a request after which a session ends. Default 86400, a day. */
  idleTimeout?: number | undefined;
  /** Seconds (not milliseconds) after the login after which a session ends in any case. Default 1209600, two weeks. */
  absoluteTimeout?: number | undefined;
  /**
   * What the keys of sessions begin with. Default `sess:`. Not `oauth:`, with which those of logins begin: two apps on one
   * Redis are kept apart by a `keyPrefix` or `db` of ioredis, not by this.
   */
  prefix?: string | undefined;
  /** The name of the cookie. Default `__Host-sid` over https, `sid` over http on loopback. */
  name?: string | undefined;
  /**
   * Cookie options of express-session, over the defaults: HttpOnly, SameSite=Lax, Path=/, and Secure over https. With
   * `sameSite: 'strict'` a browser that comes back from a provider on another site brings no session: the login is
   * made, but the page after it does not see it yet. It is for providers on the app's own site, and for apps whose
   * first page after a login needs none.
   */
  cookie?: CookieOptions | undefined;
  /** Accept process memory under `NODE_ENV=production`: one process, and a restart logs everybody out. Default `false`. */
  allowMemory?: boolean | undefined;
}

/** The session middleware, and a way to end the connection that it opened. */
export interface OAuthSession extends RequestHandler {
  /** Waits for the refreshes in flight, then closes the Redis connection if it was made from a URL or options. */
  close(): Promise<void>;
}

/** What the keys of all else begin with. */
const LOGIN_KEYS = 'oauth:';
/** Milliseconds in a second. */
const SECOND = 1000;

/**
 * `express-session` set up for logins. `req.session` is the real thing. A session that was destroyed is not brought
 * back by a request that is still running, the idle timeout moves with the one `GETEX` that reads the session, and
 * destroying a session ends its logins.
 *
 * @throws ConfigurationError naming the option and the fix.
 *
 * @example
 * app.use(oauthSession({ redis: process.env.REDIS_URL, secret: process.env.SESSION_SECRET! }));
 */
export function oauthSession(options: OAuthSessionOptions): OAuthSession {
  const read = new OptionReader('oauthSession', options);
  const secrets = readSecrets(read);
  const idleTimeout = read.seconds('idleTimeout', 86_400);
  const absoluteTimeout = read.seconds('absoluteTimeout', ABSOLUTE_TIMEOUT);
  const prefix = read.string('prefix', 'give the beginning of a Redis key', 'sess:');
  // Else the list of all sessions would hold what is no session, and to clear it would end what is not in one.
  if (prefix.startsWith(LOGIN_KEYS) || LOGIN_KEYS.startsWith(prefix)) {
    const fix = `give another, such as 'sess:': the keys of logins begin with '${LOGIN_KEYS}'`;
    throw read.wrong('prefix', prefix, fix, 'where logins are kept');
  }
  const name = read.optionalString('name', 'give a cookie name');
  // A token [RFC 6265 4.1.1]; anything else would fail at the first answer.
  if (name !== undefined && !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    throw read.unfit('name', name, 'give a cookie name: letters, digits, hyphens');
  }
  const cookie = readCookieOptions(read, name);
  const allowMemory = read.boolean('allowMemory', false);
  const redis = read.any('redis');
  read.end();
  if (redis === undefined && process.env.NODE_ENV === 'production' && !allowMemory) {
    throw read.missing(
      'redis',
      'give an ioredis client or a URL, so that logins survive a restart and all processes share them, or set allowMemory: true',
    );
  }
  const opened = openStores(redis, { idleTimeout: idleTimeout * SECOND, prefix });
  const host: SessionHost = { ...opened, secrets, clock: systemClock, absoluteTimeout, users: new Set() };
  const retire = register(host);

  // The name of the cookie depends on how a request came: so there are two.
  const overHttps = (secure: boolean) => {
    const cookieName = name ?? (secure ? '__Host-sid' : 'sid');
    return sessionMiddleware({
      name: cookieName,
      secrets,
      store: new LoginSessionStore(host, cookieName),
      cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure, ...cookie },
    });
  };
  const secure = overHttps(true);
  const plain = overHttps(false);
  const isPlainLoopback = createPlainLoopback();
  const handler: RequestHandler = (req, res, next) => (isPlainLoopback(req) ? plain : secure)(req, res, next);
  const close = async () => {
    retire();
    await Promise.all([...host.users].map((finish) => finish()));
    await opened.close();
  };
  return Object.assign(handler, { close });
}

function openStores(redis: unknown, { idleTimeout, prefix }: { idleTimeout: number; prefix: string }) {
  if (redis === undefined) {
    return {
      stores: createMemoryStores(),
      backend: createMemorySessions(idleTimeout),
      setTimeout: () => {},
      close: async () => {},
    };
  }
  const connection = connect(parseRedisOption('oauthSession', redis), STORE_TIMEOUT);
  return {
    stores: createRedisStores(connection),
    backend: createRedisSessions(connection, { prefix, idleTimeout }),
    setTimeout: connection.setTimeout,
    close: connection.close,
  };
}

/**
 * Without https a cookie is safe on the way to this very machine only. Requests come with the same Host time and again,
 * and a URL takes long to parse; and without a proxy's header there is no need to ask Express whom it trusts.
 */
function createPlainLoopback(): (req: Request) => boolean {
  let last: { host: string | undefined; loopback: boolean } = { host: undefined, loopback: false };
  return (req) => {
    const { headers } = req;
    const throughProxy = headers['x-forwarded-proto'] !== undefined;
    if (throughProxy ? req.secure : isEncrypted(req)) return false;
    const { host } = headers;
    if (host !== last.host) last = { host, loopback: isLoopbackHost(hostnameOf(host)) };
    return last.loopback;
  };
}

function hostnameOf(host: string | undefined): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function readSecrets(read: OptionReader): readonly string[] {
  const fix =
    'give a long random string, such as the output of `openssl rand -base64 32`, or a list of them, of which the first signs';
  const secrets = read.strings('secret', fix);
  if (!secrets) throw read.missing('secret', fix);
  // No more than a warning: express-session takes any secret, and an app that switches over must not go down for its own.
  if (process.env.NODE_ENV === 'production' && secrets.some((secret) => secret.length < 32)) {
    process.emitWarning(
      'oauthSession: the secret is shorter than 32 characters. Use `openssl rand -base64 32`.',
      {
        code: 'EXPRESS_OAUTH_LOGIN_SHORT_SECRET',
      },
    );
  }
  return secrets;
}
