import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { ConfigurationError, StoreUnavailableError } from '../../errors.js';

/**
 * An ioredis `Redis` or `Cluster`, version 5 or 6, Sentinel included. Described by shape, so that the client may
 * come from another copy of ioredis than ours.
 */
export interface RedisClient {
  readonly status: string;
  defineCommand(name: string, definition: { lua: string; numberOfKeys?: number }): void;
  getBuffer(key: string): Promise<Buffer | null>;
}

/** A client, or what ioredis needs to make one: a URL or its options. */
export type RedisOption = RedisClient | string | RedisOptions;

/** Runs a command with a deadline. Every failure is a `StoreUnavailableError`: it says nothing about any login. */
export type RunCommand = <T>(command: (client: Redis) => Promise<T>) => Promise<T>;

export interface Connection {
  readonly client: Redis;
  readonly run: RunCommand;
  /** Sets the deadline of commands, in seconds. */
  setTimeout(seconds: number): void;
  /** Ends the connection if it was opened here. */
  close(): Promise<void>;
}

/**
 * Takes the user's client as it is, or opens one that fails fast. ioredis would let a command wait for a server that
 * is gone: 10 s and more for a refused connection, for ever for a frozen one. So every command here has a deadline.
 *
 * @param timeout seconds for one command.
 */
export function connect(redis: RedisOption, timeout: number): Connection {
  let deadline = timeout;
  const given = isClient(redis);
  const client = given ? (redis as unknown as Redis) : open(redis, timeout);
  let ready: Promise<void> | undefined;

  /**
   * Without an offline queue a command fails at once while the connection is being made; wait for that instead, but no
   * longer than a command may take: what was given up must not run, nor pile up, until the server is back.
   */
  const untilReady = () => {
    ready ??= new Promise<void>((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        client.off('ready', settle);
        ready = undefined;
        resolve();
      };
      const timer = setTimeout(settle, deadline * 1000);
      client.once('ready', settle);
    });
    return ready;
  };

  return {
    client,
    run: (command) => {
      const running =
        given || client.status === 'ready'
          ? attempt(command, client)
          : untilReady().then(() => command(client));
      return withDeadline(running, deadline);
    },
    setTimeout(seconds) {
      deadline = seconds;
    },
    async close() {
      if (!given) client.disconnect();
    },
  };
}

function open(redis: string | RedisOptions, timeout: number): Redis {
  const options: RedisOptions = {
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    connectTimeout: timeout * 1000,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 50, 1000),
  };
  const client = typeof redis === 'string' ? new Redis(redis, options) : new Redis({ ...options, ...redis });
  // Each command reports its own failure; without a listener ioredis would print every retry.
  client.on('error', () => {});
  return client;
}

/** Whether the value is a client of ioredis. Other clients speak another dialect of the same commands. */
export function isClient(redis: unknown): redis is RedisClient {
  return (
    redis instanceof Redis ||
    redis instanceof Cluster ||
    (typeof redis === 'object' &&
      redis !== null &&
      typeof (redis as RedisClient).defineCommand === 'function')
  );
}

/** Checks an option `redis` by shape. */
export function parseRedisOption(where: string, redis: unknown): RedisOption {
  if (isClient(redis)) return redis;
  if (typeof redis === 'string' && /^rediss?:\/\//.test(redis)) return redis;
  const looksLikeOptions =
    typeof redis === 'object' && redis !== null && Object.getPrototypeOf(redis) === Object.prototype;
  if (looksLikeOptions && !('sendCommand' in redis)) return redis as RedisOptions;
  throw new ConfigurationError(
    'invalid_option',
    `${where}: the option 'redis' must be an ioredis client (Redis or Cluster), a URL that begins with redis:// or rediss://, or ioredis options. A client of the package 'redis' does not fit: use ioredis.`,
  );
}

async function attempt<T>(command: (client: Redis) => Promise<T>, client: Redis): Promise<T> {
  return command(client);
}

function withDeadline<T>(running: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(unavailable(`did not answer within ${timeout} s`)), timeout * 1000);
    running.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(unavailable('cannot be used', error));
      },
    );
  });
}

function unavailable(how: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError('store_unavailable', `Redis ${how}.`, {
    cause,
    headers: { 'Retry-After': '1' },
  });
}
