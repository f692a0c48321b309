import { kill } from 'node:process';
import { sleep } from './flow.js';
import { pick, type Random } from './random.js';
import type { Call } from './strict-provider.js';
import type { World } from './world.js';

/** A process that was killed. */
export interface Death {
  readonly process: string;
  readonly at: number;
}

/** What was done, for those who must explain what came of it. */
export interface Havoc {
  readonly deaths: readonly Death[];
  readonly redis: readonly Trouble[];
  /** When all connections to the provider were cut, in milliseconds since the epoch. */
  readonly cuts: readonly number[];
}

/** Trouble with Redis: from when to when, in milliseconds since the epoch, and which processes had it. */
export interface Trouble {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly processes: readonly string[];
}

type Mischief = (world: World, seconds: number, random: Random) => Promise<unknown>;

/** Does something to the provider, and notes when it cuts connections. */
type Affront = (world: World, seconds: number, random: Random, cuts: number[]) => Promise<void>;

/** Does something to Redis, and says what and to whom. */
type Nuisance = (
  world: World,
  seconds: number,
  random: Random,
) => Promise<{ name: string; apps: World['apps'] }>;

const withRedis: readonly Nuisance[] = [
  async ({ redis, apps }, seconds) => {
    const all = [...apps];
    kill(redis.pid, 'SIGSTOP');
    await sleep(seconds * 1000);
    kill(redis.pid, 'SIGCONT');
    return { name: 'frozen', apps: all };
  },
  async ({ apps }, seconds, random) => {
    const all = [...apps];
    for (let left = Math.ceil(seconds * 3); left > 0; left -= 1) {
      pick(random, apps).redis.faults.cut();
      await sleep(333);
    }
    return { name: 'cut', apps: all };
  },
  async ({ apps }, seconds, random) => {
    const some = pick(random, [apps, apps.slice(0, 1), apps.slice(1)]);
    return during(some, seconds, { delay: pick(random, [100, 400, 2500]) });
  },
  async ({ apps }, seconds) => during(apps, seconds, 'refused'),
];

const withProvider: readonly Affront[] = [
  async ({ provider }, seconds, _random, cuts) => {
    cuts.push(Date.now());
    await provider.faults.set('refused');
    await sleep(seconds * 1000);
    await provider.faults.set();
  },
  (world, seconds) => answering(world, seconds, 'arrived', () => ({ status: 503 })),
  (world, seconds) => answering(world, seconds, 'processed', () => 'cut'),
  (world, seconds, random) =>
    answering(world, seconds, pick(random, ['arrived', 'processed']), async () => {
      await sleep(random() * 3000);
      return undefined;
    }),
];

/** Faults of all kinds, one after the other, of Redis, of the provider and of processes at the same time. */
export async function wreakHavoc(world: World, until: number, random: Random): Promise<Havoc> {
  const deaths: Death[] = [];
  const redis: Trouble[] = [];
  const cuts: number[] = [];
  const again = async (choices: readonly Mischief[]) => {
    while (Date.now() < until) {
      await sleep(1000 + random() * 3000);
      await pick(random, choices)(world, 0.3 + random() * 3, random);
    }
  };
  const noted = (nuisance: Nuisance): Mischief => {
    return async (...args) => {
      const from = Date.now();
      const { name, apps } = await nuisance(...args);
      redis.push({ name, from, to: Date.now(), processes: apps.map(({ pid }) => String(pid)) });
    };
  };
  const cutting = (affront: Affront): Mischief => {
    return (...args) => affront(...args, cuts);
  };
  // The first process lives on: its heap is watched.
  const murder: Mischief = async ({ apps }) => {
    const victim = apps[1] as (typeof apps)[0];
    const spare = await world.takeSpare();
    deaths.push({ process: String(victim.pid), at: Date.now() });
    victim.kill();
    apps[1] = spare;
    await sleep(4000);
  };
  await Promise.all([again(withRedis.map(noted)), again(withProvider.map(cutting)), again([murder])]);
  return { deaths, redis, cuts };
}

async function during(
  apps: World['apps'],
  seconds: number,
  fault: 'refused' | { delay: number },
): Promise<{ name: string; apps: World['apps'] }> {
  const affected = [...apps];
  await Promise.all(affected.map(({ redis }) => redis.faults.set(fault)));
  await sleep(seconds * 1000);
  await Promise.all(affected.map(({ redis }) => redis.faults.set()));
  return { name: fault === 'refused' ? fault : `${fault.delay} ms late`, apps: affected };
}

async function answering(
  { provider }: World,
  seconds: number,
  when: Call['moment'],
  how: () => Awaited<ReturnType<NonNullable<typeof provider.intercept>>> | Promise<undefined>,
): Promise<void> {
  provider.intercept = ({ moment }) => (moment === when ? how() : undefined);
  await sleep(seconds * 1000);
  provider.intercept = undefined;
}
