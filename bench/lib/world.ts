import { Redis } from 'ioredis';
import { startRedis } from '../../test/support/redis-server.js';
import { Browser } from './browser.js';
import { type CommandCounts, parseCommandStats } from './commandstats.js';
import type { BenchOptions } from './options.js';
import { ProviderProcess } from './provider-process.js';
import { type ServerOptions, ServerProcess } from './server-process.js';
import { planOf, serverPlans } from './servers.js';

/** What all scenarios stand on: one Redis, one provider, and the options of the run. */
export interface World {
  readonly options: BenchOptions;
  readonly redis: Redis;
  readonly redisUrl: string;
  readonly provider: ProviderProcess;
  /** Says on the terminal what is going on. */
  say(what: string): void;
  close(): Promise<void>;
}

export async function openWorld(options: BenchOptions): Promise<World> {
  const server = await startRedis({ own: true });
  const redis = new Redis(server.url);
  let provider: ProviderProcess;
  try {
    provider = await ProviderProcess.start();
  } catch (error) {
    redis.disconnect();
    await server.stop();
    throw error;
  }
  return {
    options,
    redis,
    redisUrl: server.url,
    provider,
    say: (what) => process.stderr.write(`${what}\n`),
    async close() {
      redis.disconnect();
      await Promise.all([server.stop(), provider.stop()]);
    },
  };
}

/** Which of the servers that a scenario is about were asked for; those that all others are compared to always are. */
export function chosen(world: World, names: readonly string[], always: readonly string[]): string[] {
  const { servers } = world.options;
  if (servers.length === 0) return [...names];
  return names.filter((name) => servers.includes(name) || always.includes(name));
}

/** The names of all servers to whom this applies. */
export function serversWhich(applies: (plan: (typeof serverPlans)[number]) => boolean): string[] {
  return serverPlans.filter(applies).map(({ name }) => name);
}

/** Starts servers on an empty Redis, and ends them afterwards. */
export async function withServers<Result>(
  world: World,
  names: readonly string[],
  work: (servers: ServerProcess[]) => Promise<Result>,
  options: ServerOptions = {},
): Promise<Result> {
  await world.redis.flushall();
  const servers: ServerProcess[] = [];
  try {
    for (const name of names) {
      servers.push(
        await ServerProcess.start(planOf(name), { redis: world.redisUrl, provider: world.provider }, options),
      );
    }
    return await work(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** So many users, each with a browser. */
export async function openBrowsers(world: World, count: number): Promise<Browser[]> {
  return (await world.provider.ask('users', count)).map((user) => new Browser(user));
}

export async function commandCounts(world: World): Promise<CommandCounts> {
  return parseCommandStats(await world.redis.info('commandstats'));
}
