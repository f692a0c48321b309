import { randomBytes } from 'node:crypto';
import type { Request } from 'express';
import { systemClock } from '../clock.js';
import { ConfigurationError } from '../errors.js';
import { createEmit, type Emit } from '../events.js';
import { ABSOLUTE_TIMEOUT, STORE_TIMEOUT } from '../limits.js';
import { createTransactions, type Transactions } from '../login/transaction.js';
import type { BackchannelDependencies } from '../logout/backchannel.js';
import { createRevocations, type Revocations } from '../logout/revocations.js';
import type { Provider } from '../provider.js';
import type { LoginIndex, Stores } from '../stores/contracts.js';
import { createMemoryStores } from '../stores/memory.js';
import { connect } from '../stores/redis/client.js';
import { createRedisStores } from '../stores/redis/stores.js';
import { createSealer } from '../stores/sealing.js';
import { createLoginRecords, type LoginRecords } from '../tokens/login-record.js';
import { createTokenSource, type TokenSource } from '../tokens/token-source.js';
import { createProviderClient, type ProviderClient } from '../wire/client.js';
import { heldSessions, liveHosts } from './held-sessions.js';
import type { RouterConfig } from './options.js';
import { asleepStore } from './session-request.js';
import { LoginSessionStore, type SessionHost } from './session-store.js';

/**
 * The services of all routers behind one session middleware, by provider. A request that a router answers never reaches
 * those after it, and yet a logout ends their logins too.
 */
const servicesBehind = new WeakMap<SessionHost, Map<string, Services>>();

/** One router, put together: the stores are known once the first request shows which session middleware is in use. */
export interface Runtime {
  readonly config: RouterConfig;
  readonly emit: Emit;
  client(provider: string): ProviderClient | undefined;
  /** @throws ConfigurationError when no session middleware runs before the router. */
  services(req: Request): Services;
  /**
   * The services where logins of this router may be, without a request.
   *
   * @throws ConfigurationError while no request has shown which of several session middlewares is in use.
   */
  allServices(): readonly Services[];
  /** Whether `close` was called. */
  readonly closing: boolean;
  /** Closes the Redis connection if it was made from a URL or options, after the refreshes in flight. */
  close(): Promise<void>;
}

/** What works on stores. */
export interface Services {
  readonly records: LoginRecords;
  readonly transactions: Transactions;
  readonly tokens: TokenSource;
  readonly revocations: Revocations;
  readonly logout: BackchannelDependencies;
  readonly index: LoginIndex;
  client(provider: string): ProviderClient | undefined;
  /** The services of another router behind the same `oauthSession`, by one of its providers. */
  sibling(provider: string): Services | undefined;
  /** Whether the stores can be used now; throws StoreUnavailableError when not. */
  readonly probe: () => Promise<void>;
  /** Whether a session says by itself that a login still exists, or its record must be asked. */
  readonly trustsSession: boolean;
  /** Milliseconds for which a new session can last. */
  readonly absoluteLifetime: number;
}

export function createRuntime(config: RouterConfig): Runtime {
  const clock = systemClock;
  const emit = createEmit(config.onEvent, () => clock.now());
  const clients = new Map(
    config.providers.map((provider) => [
      provider.name,
      createProviderClient(provider, { timeout: config.timeouts.provider }),
    ]),
  );
  const byHost = new WeakMap<SessionHost, Services>();
  let ownStores: { stores: Stores; close: () => Promise<void> } | undefined;
  let withOwnSession: Services | undefined;
  const built: Services[] = [];
  let closing = false;

  const build = (stores: Stores, secrets: readonly (string | Uint8Array)[], host?: SessionHost): Services => {
    const sealer = createSealer(secrets);
    const records = createLoginRecords(stores.records, sealer, clock);
    const sibling = (name: string) => host && servicesBehind.get(host)?.get(name);
    const revocations = createRevocations({ store: stores.revocations, sealer, clients, clock, emit });
    const tokens = createTokenSource(
      {
        ...stores,
        records,
        client: (name) => clients.get(name) ?? unknownProvider(name, config.providers),
        revoke: async (record, answer) => void (await revocations.revoke(record, answer)),
        clock,
        emit,
      },
      { refresh: config.timeouts.refresh, store: config.timeouts.store ?? STORE_TIMEOUT },
    );
    const services: Services = {
      records,
      transactions: createTransactions(stores.transactions, sealer),
      tokens,
      revocations,
      logout: {
        records,
        revocations,
        emit,
        clock,
        index: stores.index,
        replays: stores.replays,
        sessions: heldSessions(host),
      },
      index: stores.index,
      client: (name) => clients.get(name),
      sibling,
      probe: () => stores.probe(),
      trustsSession: host !== undefined,
      absoluteLifetime: (host?.absoluteTimeout ?? ABSOLUTE_TIMEOUT) * 1000,
    };
    built.push(services);
    revocations.start();
    return services;
  };

  let warned = config.redis === undefined;
  const warnOfUnusedRedis = () => {
    if (warned) return;
    warned = true;
    process.emitWarning(
      "oauthRouter: the option 'redis' is not used behind oauthSession, whose Redis keeps the logins too. Leave it out.",
      { code: 'EXPRESS_OAUTH_LOGIN_REDIS_UNUSED' },
    );
  };

  const ofHost = (host: SessionHost): Services => {
    let services = byHost.get(host);
    if (!services) {
      warnOfUnusedRedis();
      if (config.timeouts.store !== undefined) host.setTimeout(config.timeouts.store);
      services = build(host.stores, config.encryptionKeys ?? host.secrets, host);
      byHost.set(host, services);
      const mine = [...clients.keys()].map((name) => [name, services as Services] as const);
      servicesBehind.set(host, new Map([...(servicesBehind.get(host) ?? []), ...mine]));
      host.users.add(finish);
    }
    return services;
  };

  const ofOwnSession = (): Services => {
    ownStores ??= openOwnStores(config);
    withOwnSession ??= build(ownStores.stores, config.encryptionKeys ?? [madeUpKey()]);
    return withOwnSession;
  };

  const finish = async () => {
    // A refresh that comes too late for its login has something to revoke.
    await Promise.all(built.map(({ tokens }) => tokens.settled()));
    await Promise.all(built.map(({ revocations }) => revocations.stop()));
  };

  return {
    config,
    emit,
    client: (name) => clients.get(name),
    services(req) {
      const asleep = asleepStore(req);
      if (!asleep && !req.session) {
        throw new ConfigurationError(
          'session_missing',
          'oauthRouter found no session. Mount oauthSession(…), or your own express-session, before it.',
        );
      }
      const store = asleep ?? req.sessionStore;
      if (store instanceof LoginSessionStore) return ofHost(store.host);
      if (typeof store?.regenerate === 'function') return ofOwnSession();
      throw new ConfigurationError(
        'session_missing',
        'oauthRouter found a session without a store. It needs oauthSession(…) or express-session: cookie-session and the like keep no session on the server that a login could renew.',
      );
    },
    allServices() {
      if (built.length > 0) return built;
      const [host, ...others] = liveHosts();
      if (!host) return [ofOwnSession()];
      if (others.length === 0 && config.redis === undefined) return [ofHost(host)];
      throw new ConfigurationError(
        'session_missing',
        'This router has served no request yet, so it does not know which session middleware it is behind: there are several in this process. Let a request reach it first.',
      );
    },
    get closing() {
      return closing;
    },
    async close() {
      closing = true;
      await finish();
      await ownStores?.close();
    },
  };
}

/** Stores beside a session middleware of the app's own. */
function openOwnStores({ redis, timeouts }: RouterConfig): { stores: Stores; close: () => Promise<void> } {
  if (redis !== undefined) {
    const connection = connect(redis, timeouts.store ?? STORE_TIMEOUT);
    return { stores: createRedisStores(connection), close: connection.close };
  }
  if (process.env.NODE_ENV === 'production') {
    throw new ConfigurationError(
      'missing_option',
      "oauthRouter: the option 'redis' is missing: with an express-session of your own, give the ioredis client for login records.",
    );
  }
  return { stores: createMemoryStores(), close: async () => {} };
}

function madeUpKey(): Uint8Array {
  process.emitWarning(
    'oauthRouter: without encryptionKeys a random key is used, and logins will not survive a restart.',
    { code: 'EXPRESS_OAUTH_LOGIN_RANDOM_KEY' },
  );
  return randomBytes(32);
}

export function unknownProvider(name: string, providers: readonly Provider[]): never {
  const names = providers.map((provider) => `'${provider.name}'`).join(', ');
  throw new ConfigurationError(
    'unknown_provider',
    `There is no provider '${name}' here. Use one of: ${names}.`,
  );
}
