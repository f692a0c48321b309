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
  /** When Redis was in trouble, in milliseconds since the epoch. */
  readonly redis: readonly { readonly from: number; readonly to: number }[];
}

type Mischief = (world: World, seconds: number, random: Random) => Promise<void>;

const withRedis: readonly Mischief[] = [
  async ({ redis }, seconds) => {
    kill(redis.pid, 'SIGSTOP');
    await sleep(seconds * 1000);
    kill(redis.pid, 'SIGCONT');
  },
  async ({ apps }, seconds, random) => {
    for (let left = Math.ceil(seconds * 3); left > 0; left -= 1) {
      pick(random, apps).redis.faults.cut();
      await sleep(333);
    }
  },
  async ({ apps }, seconds, random) => {
    const some = pick(random, [apps, apps.slice(0, 1), apps.slice(1)]);
    await during(some, seconds, { delay: pick(random, [100, 400, 2500]) });
  },
  async ({ apps }, seconds) => during(apps, seconds, 'refused'),
];

const withProvider: readonly Mischief[] = [
  async ({ provider }, seconds) => {
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
  const redis: { from: number; to: number }[] = [];
  const again = async (choices: readonly Mischief[]) => {
    while (Date.now() < until) {
      await sleep(1000 + random() * 3000);
      const from = Date.now();
      await pick(random, choices)(world, 0.3 + random() * 3, random);
      if (choices === withRedis) redis.push({ from, to: Date.now() });
    }
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
  await Promise.all([again(withRedis), again(withProvider), again([murder])]);
  return { deaths, redis };
}

async function during(
  apps: World['apps'],
  seconds: number,
  fault: 'refused' | { delay: number },
): Promise<void> {
  const affected = [...apps];
  await Promise.all(affected.map(({ redis }) => redis.faults.set(fault)));
  await sleep(seconds * 1000);
  await Promise.all(affected.map(({ redis }) => redis.faults.set()));
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
