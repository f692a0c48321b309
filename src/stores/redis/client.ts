import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { ConfigurationError, retryAfter, StoreUnavailableError } from '../../errors.js';

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
  /** Why a connection that was opened here is down now, as far as is known. */
  trouble(): StoreUnavailableError | undefined;
  /** Sets the deadline of commands, in seconds. */
  setTimeout(seconds: number): void;
  /** Ends the connection if it was opened here. */
  close(): Promise<void>;
}

/**
 * Takes the user's client as it is, or opens one that comes back fast. ioredis would let a command wait for a server
 * that is gone: 10 s and more for a refused connection, for ever for a frozen one. So every command here has a
 * deadline, and waits outside of ioredis until the client is ready: what was given up must neither pile up nor run once
 * the server is back.
 *
 * @param timeout seconds for one command.
 */
export function connect(redis: RedisOption, timeout: number): Connection {
  let deadline = timeout;
  const given = isClient(redis);
  const client = given ? (redis as unknown as Redis) : open(redis);
  const waiting = new Set<() => void>();
  let lastError: unknown;
  // Each command reports its own failure; without a listener ioredis would print every retry, as it does for the
  // clients of users who want that.
  if (!given) {
    client.on('error', (error: unknown) => {
      lastError = error;
    });
  }
  const goOn = () => {
    lastError = undefined;
    for (const send of waiting) send();
    waiting.clear();
  };
  client.on('ready', goOn);
  const watch = () => watchHandshake(client);
  if (!isCluster(client)) client.on('connect', watch);

  const run: RunCommand = (command) =>
    new Promise((resolve, reject) => {
      const heard = listen(client);
      let over = false;
      const fail = (how: string, cause?: unknown) => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        reject(unavailable(how, cause));
      };
      const send = (how = attempt) => {
        how(command, client).then(
          (value) => {
            clearTimeout(timer);
            resolve(value);
          },
          (error: unknown) => {
            const again = how === attempt && !over && client.status === 'ready';
            if (again && isCluster(client) && wasElsewhere(error)) {
              send(attemptAlone);
              return;
            }
            if (isReplica(error)) reconnect(client);
            fail('cannot be used', error);
          },
        );
      };
      const timer = setTimeout(() => {
        waiting.delete(send);
        if (!heard()) reconnect(client);
        fail(`did not answer within ${deadline} s`);
      }, deadline * 1000);
      if (client.status === 'wait') client.connect().catch(() => {});
      if (UNDER_WAY.includes(client.status)) waiting.add(send);
      else send();
    });

  return {
    client,
    run,
    trouble() {
      if (client.status === 'ready' || lastError === undefined) return undefined;
      return unavailable('cannot be reached', lastError);
    },
    setTimeout(seconds) {
      deadline = seconds;
    },
    async close() {
      client.off('ready', goOn);
      client.off('connect', watch);
      if (!given) client.disconnect();
    },
  };
}

/** States of a client that lead to `ready`; from `end` nothing does. */
const UNDER_WAY: readonly string[] = ['connecting', 'connect', 'close', 'reconnecting', 'disconnecting'];

/** Milliseconds for a connection to be made, and for the first words on it. */
const HANDSHAKE = 1000;

function open(redis: string | RedisOptions): Redis {
  const options: RedisOptions = {
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    connectTimeout: HANDSHAKE,
    maxRetriesPerRequest: 0,
    // Steady: even after an hour's outage the client must be back at once.
    retryStrategy: (times) => Math.min(times * 50, 250),
    maxLoadingRetryTime: 250,
    sentinelRetryStrategy: (times) => Math.min(times * 50, 250),
    sentinelCommandTimeout: HANDSHAKE / 2,
  };
  return typeof redis === 'string' ? new Redis(redis, options) : new Redis({ ...options, ...redis });
}

/** A frozen server still accepts connections. So the client connects again: another server may have taken its place. */
function watchHandshake(client: Redis): void {
  const heard = listen(client);
  const look = () => {
    if (client.status === 'connect' && !heard()) reconnect(client);
  };
  setTimeout(look, HANDSHAKE).unref();
}

function isCluster(client: Redis | Cluster): client is Cluster {
  return 'slots' in client;
}

/** Whether anything has come over the connection since now; yes, if it is another connection by then. */
function listen(client: Redis): () => boolean {
  const { stream } = client;
  const before = stream?.bytesRead;
  return () => client.stream !== stream || stream?.bytesRead !== before;
}

/**
 * Leaves a server that is silent, or a mere replica: the one to talk to may be elsewhere by now. The client stays the
 * same, with its listeners, its subscriptions, and what waits in it; one that never reconnects is left alone. A cluster
 * has many connections, and is told to look which of its nodes have which slots.
 */
function reconnect(client: Redis | Cluster): void {
  if (isCluster(client)) {
    if (client.status === 'ready') client.refreshSlotsCache?.();
    return;
  }
  // While a Sentinel is asked, `disconnect` would end an ioredis client for good.
  const connected = client.status === 'ready' || client.status === 'connect';
  if (!connected || client.stream?.destroyed || typeof client.options?.retryStrategy !== 'function') return;
  client.disconnect(true);
  // `disconnect` waits for the other side to agree.
  client.stream?.destroy();
}

/**
 * Whether a command was not executed where it was sent, since the slots are not where the client believed. ioredis
 * redirects a command that is alone in its pipeline. Of several, as auto-pipelining sends them, it fails those that
 * went astray, and does not even learn where their slots are now.
 */
function wasElsewhere(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b|^All keys in the pipeline should belong to the same slots/.test(
      error.message,
    )
  );
}

/** Redis' error codes are the first word of a message; Redis 6.2 wraps those that come from a script. */
function isReplica(error: unknown): boolean {
  return error instanceof Error && /\bREADONLY\b/.test(error.message);
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

function attempt<T>(command: (client: Redis) => Promise<T>, client: Redis): Promise<T> {
  try {
    return command(client);
  } catch (error) {
    return Promise.reject(error);
  }
}

function attemptAlone<T>(command: (client: Redis) => Promise<T>, client: Redis): Promise<T> {
  return alone(client, () => attempt(command, client));
}

/** Gives a command to ioredis outside of the pipelines of auto-pipelining: in a Cluster it is redirected where need be. */
export function alone<T>(client: Redis, command: () => Promise<T>): Promise<T> {
  const { options } = client;
  const { enableAutoPipelining } = options;
  // ioredis looks at it when a command is given to it.
  options.enableAutoPipelining = false;
  try {
    return command();
  } finally {
    options.enableAutoPipelining = enableAutoPipelining;
  }
}

/** Whether Redis said 1. A client with the option `stringNumbers` says it in a string. */
export function isOne(reply: unknown): boolean {
  return Number(reply) === 1;
}

function unavailable(how: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError('store_unavailable', `Redis ${how}.`, {
    cause,
    headers: retryAfter(1000),
  });
}
