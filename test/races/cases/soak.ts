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
/** Milliseconds that an answer may take through the proxy. */
const ON_THE_WAY = 100;
/** Milliseconds without Redis that a lease, with the time to connect anew, may not outlast. */
const CUT_OFF = 2000;
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
    const twice = families.all
      .flatMap(({ uses }) => uses)
      .filter(({ outcome }) => outcome === 'within the grace' || outcome === 'reuse');
    const why = (use: Use) => whyTwice(use, havoc);
    for (const use of twice.filter((one) => why(one) === 'unexplained')) {
      console.log(tell(use, havoc));
    }
    const bad = load.entries.filter(({ at, meaning }) => at > calmAt && meaning !== 'served');
    return [
      ...judge(load.entries, seconds, havoc.deaths.length, loggedOut),
      figure(
        'soak: refresh tokens used twice',
        `${twice.length}, of them ${tally(twice.map(why))}`,
        '0 unexplained',
        twice.every((use) => why(use) !== 'unexplained'),
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
  if (ended?.why !== 'reuse' || !ended.by) return 'unexplained';
  return reasonOf(ended.by, havoc);
}

/** Why a refresh token was used again: because of what became of the tokens that all uses before have brought. */
function reasonOf({ earlier }: Use, havoc: Havoc): string {
  const reasons = earlier.filter(broughtTokens).map((use) => {
    if (diedWithProcess(use, havoc)) return 'died with their process';
    return wasLost(use, havoc) ? 'lost on the way' : 'unexplained';
  });
  return reasons.find((reason) => reason === 'unexplained') ?? reasons[0] ?? 'unexplained';
}

function broughtTokens({ outcome }: Use): boolean {
  return outcome === 'first' || outcome === 'within the grace';
}

/** What the provider has handed over may still be on its way when all its connections are cut. */
function wasLost({ answer, at, settledAt = at }: Use, { cuts }: Havoc): boolean {
  return (
    answer !== 'delivered' || cuts.some((cut) => cut >= at - ON_THE_WAY && cut <= settledAt + ON_THE_WAY)
  );
}

/** The same for a use that has not ended the login: there one more reason is known. */
function whyTwice(use: Use, havoc: Havoc): string {
  const reason = reasonOf(use, havoc);
  return reason === 'unexplained' && isTakeover(use, havoc) ? 'cut off from Redis' : reason;
}

/**
 * Whether another process took over from one that could not reach Redis for as long as a lease lasts. That must not
 * cost a login here, where the provider forgives a repetition for as long.
 */
function isTakeover({ at, process, outcome, earlier }: Use, { redis }: Havoc): boolean {
  const last = earlier.findLast(broughtTokens);
  if (!last || last.process === process || outcome !== 'within the grace') return false;
  return redis.some(
    ({ from, to, processes }) =>
      processes.includes(last.process) && from <= at && at <= to + AFTERMATH && to - from >= CUT_OFF,
  );
}

/** What happened around a use that nobody can explain, for whoever must. Times are in seconds after the first use. */
function tell({ at, process, earlier, outcome }: Use, { redis, deaths }: Havoc): string {
  const begin = earlier[0]?.at ?? at;
  const after = (time = Number.NaN) => ((time - begin) / 1000).toFixed(2);
  const near = (from: number, to = from) => to > begin - 8000 && from < at + 1000;
  return [
    `unexplained, ${outcome}: again after ${after(at)} s by ${process}`,
    ...earlier.map(
      (use) =>
        `  used after ${after(use.at)} s by ${use.process}, ${use.answer} after ${after(use.settledAt)} s`,
    ),
    ...redis
      .filter(({ from, to }) => near(from, to))
      .map(
        ({ name, from, to, processes }) =>
          `  Redis ${name}, ${after(from)} s to ${after(to)} s, for ${processes}`,
      ),
    ...deaths
      .filter((one) => near(one.at))
      .map((one) => `  ${one.process} was killed after ${after(one.at)} s`),
  ].join('\n');
}

/** Whether its process was killed before it can have stored the answer: the one window. */
function diedWithProcess({ process, settledAt = Number.POSITIVE_INFINITY }: Use, havoc: Havoc): boolean {
  // The request may outlive the process that sent it.
  const death = havoc.deaths.find((one) => one.process === process);
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
