import type { Bounds } from '../scenarios/bounds.js';
import type { HotPath } from '../scenarios/hot-path.js';
import type { LoginCost } from '../scenarios/login.js';
import type { RedisMemory } from '../scenarios/redis-memory.js';
import type { RefreshStorms } from '../scenarios/refresh-storm.js';
import type { SessionSizes } from '../scenarios/session-size.js';
import type { Machine } from './machine.js';
import type { BenchOptions } from './options.js';

/** All that a run found out, in raw figures; a scenario that was not asked for is missing. */
export interface Results {
  /** The day, as YYYY-MM-DD. */
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly options: BenchOptions;
  readonly versions: Readonly<Record<string, string>>;
  readonly hotPath?: HotPath;
  readonly login?: LoginCost;
  readonly refreshStorm?: RefreshStorms;
  readonly sessionSize?: SessionSizes;
  readonly redisMemory?: RedisMemory;
  readonly bounds?: Bounds;
}
