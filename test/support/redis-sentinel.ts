import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { type RedisServer, startRedis } from './redis-server.js';

export interface RedisSentinel {
  /** The server that is the master at first, then its replicas. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** What ioredis needs to know. */
  readonly options: { name: string; sentinels: { host: string; port: number }[] };
  /** Resolves when the replicas have all that the master has. */
  synced(): Promise<void>;
  /** Resolves to the time at which a server other than the first one takes writes, as `performance.now()`. */
  promoted(): Promise<number>;
  /** Ends every process. */
  stop(): Promise<void>;
}

const NAME = 'logins';
const REPLICAS = 2;
const SENTINELS = 3;

/** Milliseconds without an answer after which the master counts as down. */
const DOWN_AFTER = 1000;

/** A master, two replicas, and three Sentinels that watch over them. */
export async function startSentinel(): Promise<RedisSentinel> {
  const started: RedisServer[] = [];
  const clients: Redis[] = [];
  const client = ({ url }: RedisServer) => {
    const made = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    made.on('error', () => {});
    clients.push(made);
    return made;
  };
  const start = async (options: Parameters<typeof startRedis>[0]) => {
    const server = await startRedis(options);
    started.push(server);
    return server;
  };
  const stop = async () => {
    for (const made of clients) made.disconnect();
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    const master = await start({ own: true, args: ['--repl-diskless-sync-delay', '0'] });
    const args = ['--replicaof', '127.0.0.1', `${master.port}`, '--repl-diskless-sync-delay', '0'];
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => start({ args })));
    const admin = client(master);
    const synced = () =>
      eventually(async () => {
        await admin.set('synced', '1', 'PX', 1);
        if ((await admin.wait(REPLICAS, 1000)) < REPLICAS) throw new Error('a replica lags behind');
      });
    await synced();
    const sentinels = await Promise.all(
      Array.from({ length: SENTINELS }, () =>
        start({ config: sentinelConfig(master.port), args: ['--sentinel'] }),
      ),
    );
    for (const sentinel of sentinels) await knowsAll(client(sentinel));
    const candidates = replicas.map(client);
    return {
      servers: [master, ...replicas],
      sentinels,
      options: { name: NAME, sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })) },
      synced,
      promoted: () => Promise.any(candidates.map(takesWrites)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function sentinelConfig(port: number): string {
  return [
    `sentinel monitor ${NAME} 127.0.0.1 ${port} ${Math.ceil((SENTINELS + 1) / 2)}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER}`,
    `sentinel failover-timeout ${NAME} 5000`,
    `sentinel parallel-syncs ${NAME} ${REPLICAS}`,
  ].join('\n');
}

async function knowsAll(sentinel: Redis): Promise<void> {
  await eventually(async () => {
    const replicas = (await sentinel.call('SENTINEL', 'REPLICAS', NAME)) as unknown[];
    const others = (await sentinel.call('SENTINEL', 'SENTINELS', NAME)) as unknown[];
    if (replicas.length < REPLICAS || others.length < SENTINELS - 1)
      throw new Error('a Sentinel knows not all');
  });
}

async function takesWrites(candidate: Redis): Promise<number> {
  for (const until = Date.now() + 60_000; Date.now() < until && candidate.status !== 'end'; ) {
    const answer = await candidate.set('probe', '1', 'PX', 1).catch(() => undefined);
    if (answer === 'OK') return performance.now();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('no other server became the master');
}
