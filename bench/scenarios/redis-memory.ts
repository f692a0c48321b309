import type { Redis } from 'ioredis';
import { type Browser, inParallel } from '../lib/browser.js';
import type { TokenSizes } from '../lib/provider-process.js';
import type { ServerProcess } from '../lib/server-process.js';
import { OURS } from '../lib/servers.js';
import { chosen, openBrowsers, type World, withServers } from '../lib/world.js';

/** Bytes per logged-in user. */
export interface MemoryFigures {
  /** Growth of `used_memory` without the buffers of connections: the tables of Redis count. */
  readonly used: number;
  /** Sum of `MEMORY USAGE` of the keys. */
  readonly keys: number;
  readonly keyCount: number;
  /** What of the keys is gone within ten minutes after the login; not in the figures above. */
  readonly passing: number;
  readonly users: number;
}

export interface RedisMemory {
  readonly tokens: TokenSizes;
  readonly servers: Record<string, MemoryFigures>;
}

const names = [OURS, 'own-session', 'openid-client', 'express-openid-connect-redis'];
/** Seconds: keys that live no longer than a login transaction, and a little. */
const PASSING = 660;

/** What thousands of users who have just logged in, each with one session, take in Redis. */
export async function redisMemory(world: World): Promise<RedisMemory> {
  const servers: Record<string, MemoryFigures> = {};
  for (const name of chosen(world, names, [OURS])) {
    world.say(`Redis memory: ${name}`);
    servers[name] = await measure(world, name);
  }
  return { tokens: await world.provider.ask('sizes', null), servers };
}

async function measure(world: World, name: string): Promise<MemoryFigures> {
  const { redis } = world;
  const users = world.options.memoryUsers;
  const browsers = await openBrowsers(world, users);
  const logIn = (some: readonly Browser[]) =>
    withServers(world, [name], ([server]) =>
      inParallel(8, some, (browser) => browser.logIn(server as ServerProcess)),
    );
  // What Redis allocates once, for scripts and for questions like ours, is there before the first figure is taken.
  await logIn(browsers.slice(0, 20));
  await measureKeys(redis, () => true, true);
  const before = await usedMemory(redis);
  await logIn(browsers);
  const passing = await measureKeys(redis, (ttl) => ttl < PASSING, true);
  const lasting = await measureKeys(redis, (ttl) => ttl >= PASSING, false);
  const used = (await usedMemory(redis)) - before;
  return {
    used: used / users,
    keys: lasting.bytes / users,
    keyCount: lasting.count / users,
    passing: passing.bytes / users,
    users,
  };
}

/** The buffers of connections, ours among them, left out. */
async function usedMemory(redis: Redis): Promise<number> {
  await redis.memory('PURGE');
  const info = await redis.info('memory');
  const [, used] = /^used_memory:(\d+)/m.exec(info) ?? [];
  const [, clients] = /^mem_clients_normal:(\d+)/m.exec(info) ?? [];
  return Number(used) - Number(clients);
}

/** The keys whose time to live is as wanted: how many, their bytes, and away with them if they shall go. */
async function measureKeys(redis: Redis, wanted: (ttl: number) => boolean, remove: boolean) {
  const sum = { count: 0, bytes: 0 };
  for await (const keys of redis.scanStream({ count: 1000 }) as AsyncIterable<string[]>) {
    await Promise.all(
      keys.map(async (key) => {
        const [ttl, bytes] = await Promise.all([redis.ttl(key), redis.memory('USAGE', key, 'SAMPLES', 0)]);
        // A key without a time to live, -1, stays; one that is gone, -2, is no more.
        if (bytes === null || !wanted(ttl === -1 ? Number.POSITIVE_INFINITY : ttl)) return;
        sum.count += 1;
        sum.bytes += bytes;
        if (remove) await redis.del(key);
      }),
    );
  }
  return sum;
}
