import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';

/** Where the figures come from; nothing that tells one machine from others of its kind. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  readonly redis: string;
  /** Whether the server had a core of its own. */
  readonly pinned: boolean;
}

export async function describeMachine(redis: Redis, pinned: boolean): Promise<Machine> {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    system: process.platform,
    node: process.versions.node,
    redis: /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1] ?? 'unknown',
    pinned,
  };
}

/** The installed version of each package. */
export function versionsOf(packages: readonly string[]): Record<string, string> {
  const folder = join(import.meta.dirname, '../node_modules');
  const version = (name: string) =>
    JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version as string;
  return Object.fromEntries([...new Set(packages)].sort().map((name) => [name, version(name)]));
}
