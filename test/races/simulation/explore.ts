import { StoreUnavailableError } from '../../../src/errors.js';
import { LEASE, RENEWAL } from '../../../src/tokens/refresh.js';
import { type Step, standstill } from './scheduler.js';
import { lostAnswer } from './strict-provider.js';
import type { World } from './world.js';

export interface Exploration {
  /** Makes the world anew, and starts its actors. */
  readonly begin: () => Promise<World>;
  /** Looks at the world after every step. Throws when something is wrong. */
  readonly check: (world: World) => Promise<void>;
  /** Looks at the world in which nobody has anything left to do. */
  readonly checkEnd: (world: World) => Promise<void>;
  /** Who may be killed, at any step, and how many in one run. */
  readonly mayCrash?: readonly string[];
  readonly crashes?: number;
  /** How many answers of the provider may be lost in one run. */
  readonly lostAnswers?: number;
  /** How many commands may time out in one run, executed or not. */
  readonly lostCommands?: number;
  /**
   * How often, in one run, time may pass though commands are on their way, so that leases end before their live
   * holder can renew them. By default the store is faster than the clock.
   */
  readonly slowStore?: number;
}

export interface Explored {
  readonly runs: number;
  readonly states: number;
}

interface Choice {
  readonly name: string;
  readonly take: () => Promise<void>;
}

/** Takes every choice that there is in every state that can be reached, each state once. */
export async function explore(exploration: Exploration): Promise<Explored> {
  const known = new Set<string>();
  const open: string[][] = [[]];
  let runs = 0;
  for (let path = open.pop(); path; path = open.pop()) {
    runs += 1;
    await follow(exploration, path, known, open);
  }
  return { runs, states: known.size };
}

/** Replays a path, and goes on from its end until nothing is left to do, or the state is one that is known. */
async function follow(
  exploration: Exploration,
  path: readonly string[],
  known: Set<string>,
  open: string[][],
): Promise<void> {
  const world = await exploration.begin();
  await standstill();
  const taken: string[] = [];
  try {
    for (;;) {
      const choices = choicesOf(exploration, world, taken);
      if (choices.length === 0) break;
      let next = choices[0] as Choice;
      if (taken.length < path.length) {
        const wanted = path[taken.length];
        next = choices.find(({ name }) => name === wanted) as Choice;
        if (!next) throw new Error(`the choice '${wanted}' is gone: the run is not deterministic`);
      } else {
        const state = `${await world.state()} ${taken.filter(isFault).sort()}`;
        if (known.has(state)) return;
        known.add(state);
        for (const { name } of choices.slice(1)) open.push([...taken, name]);
      }
      taken.push(next.name);
      await next.take();
      await exploration.check(world);
    }
    await exploration.checkEnd(world);
  } catch (error) {
    (error as Error).message += `\nafter:\n  ${taken.join('\n  ')}`;
    throw error;
  }
}

const isFault = (name: string) => /^(?:kill|lose|slow|time)/.test(name);

function choicesOf(exploration: Exploration, world: World, taken: readonly string[]): Choice[] {
  const { scheduler } = world;
  const { pending } = scheduler;
  const count = (fault: string) => taken.filter((name) => name.startsWith(fault)).length;
  const choices: Choice[] = [];
  const add = (name: string, take: () => Promise<void>) => choices.push({ name, take });

  for (const step of pending) {
    if (step.kind !== 'sleep') add(nameOf(step), () => scheduler.run(step));
  }
  const mayPass = !pending.some(({ kind }) => kind === 'store');
  const slow = !mayPass && count('slow') < (exploration.slowStore ?? 0);
  const renewals = pending.filter((step) => step.kind === 'sleep' && Number(step.name) === RENEWAL);
  for (const step of pending) {
    if (step.kind !== 'sleep') continue;
    const inTime = renewals.every((renewal) => renewal === step || renewal.at >= step.at);
    if (mayPass && inTime) add(nameOf(step), () => scheduler.run(step));
    // Nobody renews: the lease of somebody who was killed is about to end.
    const longAfter = { ...step, at: scheduler.now + LEASE };
    const wakeLate = () => {
      scheduler.drop(step);
      return scheduler.run(longAfter);
    };
    if (mayPass && renewals.length === 0) add(`later, ${nameOf(step)}`, wakeLate);
    if (slow) add(`slow store, ${nameOf(step)}`, wakeLate);
  }
  for (const actor of exploration.mayCrash ?? []) {
    const acts = pending.some((step) => step.actor === actor);
    if (!acts || count('kill') >= (exploration.crashes ?? 0)) continue;
    add(`kill ${actor}`, async () => scheduler.kill(actor));
  }
  for (const step of pending) {
    if (step.kind !== 'store' || count('time out') >= (exploration.lostCommands ?? 0)) continue;
    const late = new StoreUnavailableError('store_unavailable', 'late');
    add(`time out, not executed, ${nameOf(step)}`, () => scheduler.fail(step, late));
    add(`time out, executed, ${nameOf(step)}`, async () => {
      await step.happen();
      await scheduler.fail(step, late);
    });
  }
  for (const step of pending) {
    if (step.kind !== 'answer' || count('lose') >= (exploration.lostAnswers ?? 0)) continue;
    add(`lose ${nameOf(step)}`, () => scheduler.fail(step, lostAnswer()));
  }
  return choices;
}

function nameOf({ actor, kind, name }: Step): string {
  return `${actor}: ${kind} ${name}`;
}
