import type { App } from '../lab/app.js';
import type { Browser } from '../lab/browser.js';
import { type Case, type Figure, figure, tally } from '../lab/case.js';
import type { Family, Use } from '../lab/families.js';
import { sleep } from '../lab/flow.js';
import { type Havoc, wreakHavoc } from '../lab/havoc.js';
import { type Entry, Load } from '../lab/load.js';
import { World } from '../lab/world.js';

/** Milliseconds from an answer of the provider until it is stored, on a busy machine. */
const WINDOW = 300;
/** The same while Redis is in trouble, which lasts three seconds and a bit, and a moment after it. */
const WINDOW_IN_TROUBLE = 6000;
const AFTERMATH = 1500;
/** How much the heap may grow from the second quarter of the time to the last. */
const GROWTH = 1.1;

/** A login that came to an end, as its user saw it. */
interface Loss {
  readonly family: Family;
  readonly at: number;
}

/** Everything goes wrong at random, for a long time. Whoever is logged out must have been in the one window. */
const soak: Case = ({ soak: seconds, random }) => {
  const options = {
    processes: 2,
    spares: 1,
    router: { leeway: 2 },
    strictness: { lifetime: 5, firstLifetime: 5, reuseGrace: 5 },
  };
  return World.with(options, async (world) => {
    const { families } = world.provider;
    const losses: Loss[] = [];
    const load = new Load(() => world.apps, random);
    for (const user of await world.logInUsers(20)) {
      const comeBack = returning(world, user, losses);
      // Two tabs.
      for (const _ of [1, 2]) load.add('user', user, comeBack);
    }
    const heap = watchHeap(world.apps[0] as App, seconds);
    const havoc = await wreakHavoc(world, Date.now() + seconds * 1000, random);
    await sleep(8000);
    const calmAt = Date.now();
    await sleep(3000);
    await load.stop();
    const loggedOut = losses.map(({ family }) => explain(family, havoc));
    const twice = families.all.flatMap(({ uses }) => uses).filter(({ outcome }) => outcome !== 'first');
    const bad = load.entries.filter(({ at, meaning }) => at > calmAt && meaning !== 'served');
    return [
      ...judge(load.entries, seconds, havoc.deaths.length, loggedOut),
      figure(
        'soak: refresh tokens used twice',
        `${twice.length}, of them ${tally(twice.map((use) => reasonOf(use.earlier, havoc)))}`,
        '0 unexplained',
        twice.every(({ earlier }) => reasonOf(earlier, havoc) !== 'unexplained'),
      ),
      figure('soak: after the last fault', `${bad.length} answers that are not 200`, '0', bad.length === 0),
      judgeHeap(await heap, seconds),
    ];
  });
};

/** Notes a logout once, whichever tab sees it first, and logs in again. */
function returning(world: World, user: Browser, losses: Loss[]): (entry: Entry) => Promise<void> {
  let coming: Promise<void> | undefined;
  let since = 0;
  const logIn = async (at: number) => {
    losses.push({ family: world.provider.families.of(user.user), at });
    for (;;) {
      try {
        await user.logIn(world.apps[0] as App);
        since = Date.now();
        return;
      } catch {
        // Redis or the provider is away.
        await sleep(200);
      }
    }
  };
  return async ({ meaning, at }) => {
    if (coming) return coming;
    // What was asked with the cookies of the login that is over already.
    if (meaning !== 'logged out' || at < since) return;
    coming = logIn(at).finally(() => {
      coming = undefined;
    });
    return coming;
  };
}

function explain({ ended }: Family, havoc: Havoc): string {
  if (ended?.why !== 'reuse') return 'unexplained';
  return reasonOf(ended.by?.earlier ?? [], havoc);
}

/** Why a refresh token was used again: because of what became of the answers to all uses before. */
function reasonOf(earlier: readonly Use[], havoc: Havoc): string {
  const reasons = earlier.map((use) => {
    if (diedWithProcess(use, havoc)) return 'died with their process';
    return use.answer === 'delivered' ? 'unexplained' : 'lost on the way';
  });
  return reasons.find((reason) => reason === 'unexplained') ?? reasons[0] ?? 'unexplained';
}

/** Whether its process was killed before it can have stored the answer: the one window. */
function diedWithProcess({ at, process, settledAt = Number.POSITIVE_INFINITY }: Use, havoc: Havoc): boolean {
  const death = havoc.deaths.find((one) => one.process === process && one.at >= at);
  if (!death) return false;
  const inTrouble = havoc.redis.some(({ from, to }) => from <= death.at && death.at <= to + AFTERMATH);
  return death.at <= settledAt + (inTrouble ? WINDOW_IN_TROUBLE : WINDOW);
}

function judge(entries: readonly Entry[], seconds: number, deaths: number, loggedOut: string[]): Figure[] {
  const unexplained = loggedOut.filter((reason) => reason === 'unexplained').length;
  const odd = entries.filter(({ meaning }) => meaning === 'wrong');
  return [
    figure(
      `soak of ${seconds} s, ${deaths} processes killed`,
      `${entries.length} answers: ${tally(entries.map(({ meaning }) => meaning))}`,
      'none wrong',
      odd.length === 0 && entries.some(({ meaning }) => meaning === 'later'),
    ),
    figure(
      'soak: logouts',
      `${loggedOut.length}${loggedOut.length > 0 ? `: answers ${tally(loggedOut)}` : ''}`,
      '0 unexplained',
      unexplained === 0,
    ),
  ];
}

/** Bytes in use after a collection, at intervals. */
async function watchHeap(app: App, seconds: number): Promise<number[]> {
  const samples: number[] = [];
  const count = 40;
  for (let left = count; left > 0; left -= 1) {
    await sleep((seconds * 1000) / count);
    const answer = await fetch(`${app.url}/heap`);
    samples.push(((await answer.json()) as { heapUsed: number }).heapUsed);
  }
  return samples;
}

function judgeHeap(samples: readonly number[], seconds: number): Figure {
  const quarter = Math.floor(samples.length / 4);
  const mean = (some: readonly number[]) => some.reduce((sum, one) => sum + one, 0) / some.length / 1e6;
  const first = mean(samples.slice(quarter, 2 * quarter));
  const last = mean(samples.slice(-quarter));
  // From the middle of the second quarter to the middle of the last.
  const perHour = ((last - first) / (seconds / 2)) * 3600;
  return figure(
    'soak: heap of the process that lives all the time',
    `${first.toFixed(1)} MB, then ${last.toFixed(1)} MB (${perHour.toFixed(1)} MB per hour)`,
    `growth of less than ${Math.round((GROWTH - 1) * 100)} %`,
    last < first * GROWTH,
  );
}

export default soak;
