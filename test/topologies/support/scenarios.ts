import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, Redis } from 'ioredis';
import type { Lab } from '../../../src/testing/index.js';
import { type RedisCluster, startCluster } from '../../support/redis-cluster.js';
import { startSentinel } from '../../support/redis-sentinel.js';
import { startRedis } from '../../support/redis-server.js';
import { startSwitchboard } from '../../support/switchboard.js';
import { type Load, type Report, startAppOn, startLoad } from './load.js';

/** Something that happens to Redis while an app is used. */
export interface Scenario {
  readonly name: string;
  /** @param size how many times as many users as in a small test. */
  run(lab: Lab, size: number): Promise<Outcome>;
}

export interface Outcome {
  readonly report: Report;
  /** Milliseconds from when Redis was usable again until every request was served. */
  readonly recovery: number;
  /** The same, of those whose tokens must be renewed. */
  readonly refreshRecovery: number;
}

/** Milliseconds of undisturbed use, before and after. */
const CALM = 1500;
/** Milliseconds within which everything must be well again, and then some. */
const AFTERWARDS = 4000;

type Signal = 'SIGKILL' | 'SIGSTOP';

/** A client as users make it, with nothing set. */
function defaultClient<C extends Redis | Cluster>(client: C): C {
  client.on('error', () => {});
  return client;
}

/** Runs an app under load on a store while something happens to it, which resolves to when it was over. */
async function underLoad(
  lab: Lab,
  size: number,
  redis: unknown,
  happen: (load: Load) => Promise<number>,
): Promise<Outcome> {
  const app = await startAppOn(lab, redis);
  try {
    const load = await startLoad(lab, app, { users: 8 * size, refreshing: 4 * size, strangers: 2 });
    await load.run(CALM);
    const usable = await happen(load);
    await load.run(AFTERWARDS);
    const report = await load.stop();
    return {
      report,
      recovery: report.recovery(usable, 'user'),
      refreshRecovery: report.recovery(usable, 'refreshing'),
    };
  } finally {
    await app.close();
    if (redis instanceof Redis || redis instanceof Cluster) redis.disconnect();
  }
}

const sentinelClients = {
  options: (options: object) => options,
  'a default client': (options: object) => defaultClient(new Redis(options)),
};

function sentinelFailover(signal: Signal, client: keyof typeof sentinelClients): Scenario {
  return {
    name: `Sentinel, ${client}: the master ${signal === 'SIGKILL' ? 'dies' : 'freezes'}`,
    async run(lab, size) {
      const sentinel = await startSentinel();
      try {
        return await underLoad(lab, size, sentinelClients[client](sentinel.options), async () => {
          await sentinel.synced();
          process.kill(sentinel.servers[0]?.pid as number, signal);
          return sentinel.promoted();
        });
      } finally {
        await sentinel.stop();
      }
    },
  };
}

function clusterFailover(signal: Signal): Scenario {
  return {
    name: `Cluster, a default client: a master ${signal === 'SIGKILL' ? 'dies' : 'freezes'}`,
    async run(lab, size) {
      const cluster = await startCluster({ replicas: true });
      try {
        return await underLoad(lab, size, clusterClient(cluster), async () => {
          process.kill(cluster.masters[1]?.pid as number, signal);
          return cluster.promoted(1);
        });
      } finally {
        await cluster.stop();
      }
    },
  };
}

function clusterClient({ addresses }: RedisCluster, options: object = {}): Cluster {
  return defaultClient(new Cluster(addresses, options));
}

function reshard(kind: string, options: object): Scenario {
  return {
    name: `Cluster, ${kind}: the slots of all keys move`,
    async run(lab, size) {
      const cluster = await startCluster();
      try {
        return await underLoad(lab, size, clusterClient(cluster, options), async () => {
          const until = performance.now() + 2000 * size;
          const isOver = () => performance.now() > until;
          while (!isOver()) {
            for (const slot of await cluster.slotsWithKeys()) if (!isOver()) await cluster.moveSlot(slot);
          }
          return performance.now();
        });
      } finally {
        await cluster.stop();
      }
    },
  };
}

const standaloneClients = {
  'a URL': (url: string) => url,
  'a default client': (url: string) => defaultClient(new Redis(url)),
};

function restart(client: keyof typeof standaloneClients, milliseconds: number): Scenario {
  return {
    name: `one server, ${client}: it is gone for ${milliseconds / 1000} s`,
    async run(lab, size) {
      const folder = await mkdtemp(join(tmpdir(), 'redis-kept-'));
      const args = ['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always'];
      let server = await startRedis({ args });
      try {
        return await underLoad(lab, size, standaloneClients[client](server.url), async (load) => {
          await server.stop();
          await load.run(milliseconds);
          server = await startRedis({ args, port: server.port });
          return performance.now();
        });
      } finally {
        await server.stop();
        await rm(folder, { recursive: true });
      }
    },
  };
}

function freeze(client: keyof typeof standaloneClients, milliseconds: number): Scenario {
  return {
    name: `one server, ${client}: it is frozen for ${milliseconds / 1000} s`,
    async run(lab, size) {
      const server = await startRedis({ own: true });
      try {
        return await underLoad(lab, size, standaloneClients[client](server.url), async (load) => {
          process.kill(server.pid, 'SIGSTOP');
          await load.run(milliseconds);
          process.kill(server.pid, 'SIGCONT');
          return performance.now();
        });
      } finally {
        await server.stop();
      }
    },
  };
}

/** Every answer comes so late that none comes in time; then all is as before. */
function slow(client: keyof typeof standaloneClients, milliseconds: number): Scenario {
  return {
    name: `one server, ${client}: it answers after 5 s, for ${milliseconds / 1000} s`,
    async run(lab, size) {
      const server = await startRedis({ own: true });
      const board = await startSwitchboard(server.port);
      try {
        return await underLoad(lab, size, standaloneClients[client](board.url), async (load) => {
          board.delay = 5000;
          await load.run(milliseconds);
          board.delay = 0;
          return performance.now();
        });
      } finally {
        await board.close();
        await server.stop();
      }
    },
  };
}

export const failovers: readonly Scenario[] = [
  sentinelFailover('SIGKILL', 'options'),
  sentinelFailover('SIGSTOP', 'options'),
  sentinelFailover('SIGKILL', 'a default client'),
  sentinelFailover('SIGSTOP', 'a default client'),
  clusterFailover('SIGKILL'),
  clusterFailover('SIGSTOP'),
];

export const outages: readonly Scenario[] = [
  restart('a URL', 1000),
  restart('a URL', 6000),
  restart('a default client', 6000),
  freeze('a URL', 6000),
  freeze('a default client', 6000),
  slow('a URL', 6000),
  slow('a default client', 6000),
];

export const reshards: readonly Scenario[] = [
  reshard('a default client', {}),
  reshard('a client with auto-pipelining', { enableAutoPipelining: true }),
];
