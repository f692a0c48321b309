import type { App } from '../lab/app.js';
import { type Case, type Figure, figure, type Scale, tally } from '../lab/case.js';
import { sleep, within } from '../lab/flow.js';
import { type Entry, Load } from '../lab/load.js';
import type { Call, Intercept } from '../lab/strict-provider.js';
import { World } from '../lab/world.js';

/** Milliseconds that a request may wait for a refresh. */
const LONGEST_WAIT = 10_000;
/** Milliseconds for a request that waits for nobody. */
const AT_ONCE = 500;
/** Requests per login while the provider is in trouble: growing pauses, shared by all processes, each try once repeated. */
const mostRequests = (full: boolean) => (full ? 14 : 10);
/** Milliseconds after which everybody is served again: the longest pause that can be open. */
const RECOVERY = 20_000;

interface Trouble {
  readonly name: string;
  /** Seconds; the full form takes longer. */
  readonly seconds: number;
  /** What somebody with an expired token gets meanwhile. */
  readonly expired: 'later' | 'served';
  /** What `Retry-After` says in the beginning, at least. */
  readonly retryAfter?: number;
  begin(world: World): Promise<void> | void;
}

const status = (code: number, headers: Record<string, string> = {}): Intercept => {
  return ({ moment }) =>
    moment === 'arrived' ? { status: code, headers, body: '<h1>busy</h1>' } : undefined;
};

const troubles: readonly Trouble[] = [
  { name: 'down', seconds: 4, expired: 'later', begin: ({ provider }) => provider.faults.set('refused') },
  { name: 'silent', seconds: 12, expired: 'later', begin: ({ provider }) => provider.faults.set('silent') },
  {
    name: 'slow (5 s)',
    seconds: 6,
    expired: 'served',
    begin({ provider }) {
      provider.intercept = async ({ moment }) => {
        if (moment === 'arrived') await sleep(5000);
        return undefined;
      };
    },
  },
  { name: '500', seconds: 4, expired: 'later', begin: (world) => intercept(world, status(500)) },
  {
    name: '429, Retry-After: 7',
    seconds: 4,
    expired: 'later',
    retryAfter: 6,
    begin: (world) => intercept(world, status(429, { 'retry-after': '7' })),
  },
  {
    name: 'cut after every request',
    seconds: 4,
    expired: 'later',
    begin: (world) => intercept(world, ({ moment }) => (moment === 'processed' ? 'cut' : undefined)),
  },
  {
    name: 'cut after the first request',
    seconds: 2,
    expired: 'served',
    begin: (world) => intercept(world, cutOnce()),
  },
];

/** The provider is in trouble in every way there is; nobody is logged out, and who has a good token notices nothing. */
const providerOutages: Case = (scale) =>
  // The answers of requests that were cut are lost: a provider that does not forgive this ends logins by itself.
  World.with({ processes: 2, strictness: { reuseGrace: 120 } }, async (world) => {
    const figures: Figure[] = [];
    for (const trouble of troubles) figures.push(...(await suffer(world, trouble, scale)));
    return figures;
  });

async function suffer(world: World, trouble: Trouble, scale: Scale): Promise<Figure[]> {
  const { full, random } = scale;
  const { provider } = world;
  const calm = new Load(() => world.apps, random);
  const waiting = new Load(() => world.apps, random);
  const group = async (load: Load, firstLifetime: number) => {
    provider.strictness.firstLifetime = firstLifetime;
    const users = await world.logInUsers(6);
    return {
      users,
      begin: () =>
        users.forEach((user) => {
          load.add('user', user);
        }),
    };
  };
  // Some have an hour left; for some a refresh is due, but not yet needed; some cannot do without.
  const groups = [await group(calm, 3600), await group(calm, 40), await group(waiting, 0)] as const;
  const [, , expired] = groups;
  const calls: Call[] = [];
  await trouble.begin(world);
  const ours = provider.intercept;
  provider.intercept = (call) => {
    if (call.moment === 'arrived') calls.push(call);
    return ours?.(call);
  };
  for (const { begin } of groups) begin();
  await sleep(trouble.seconds * (full ? 3 : 1) * 1000);
  const end = Date.now();
  const stopped = Promise.all([calm.stop(), waiting.stop()]);
  provider.intercept = undefined;
  await provider.faults.set();
  await within(60_000, 'the end of the load', stopped);
  const recovered = await Promise.all(
    expired.users.map((user, index) => user.insist(() => world.apps[index % 2] as App, '/token', 60_000)),
  );
  const often = expired.users.map(({ user }) => calls.filter((call) => call.user === user).length);
  return judge(trouble, calm.entries, waiting.entries, Math.max(...often), scale, {
    served: recovered.filter(({ meaning }) => meaning === 'served').length,
    of: recovered.length,
    after: Math.max(...recovered.map(({ at, took }) => at + took)) - end,
  });
}

function judge(
  { name, expired, retryAfter = 1 }: Trouble,
  calm: readonly Entry[],
  waiting: readonly Entry[],
  requests: number,
  { slack, full }: Scale,
  recovery: { served: number; of: number; after: number },
): Figure[] {
  const test = `provider ${name}`;
  const delayed = calm.filter(({ took }) => took > AT_ONCE + slack).length;
  const loggedOut = [...calm, ...waiting].filter(({ meaning }) => meaning === 'logged out').length;
  // Where the trouble ends while a request waits, it is served.
  const wrong = waiting.filter(({ meaning }) => meaning !== expired && meaning !== 'served');
  const longestWait = Math.max(...waiting.map((answer) => answer.retryAfter ?? 0));
  const slowest = Math.max(...waiting.map(({ took }) => took));
  const proven =
    waiting.some(({ meaning }) => meaning === expired) && (expired === 'served' || longestWait >= retryAfter);
  return [
    figure(
      `${test}, valid token`,
      `${tally(calm.map(({ meaning }) => meaning))}, ${delayed} of them late`,
      'all served, 0 late',
      delayed === 0 && calm.length > 0 && calm.every(({ meaning }) => meaning === 'served'),
    ),
    figure(
      `${test}, expired token`,
      `${tally(waiting.map(({ meaning }) => meaning))}${expired === 'later' ? `, Retry-After up to ${longestWait} s` : ''}, after ${(slowest / 1000).toFixed(1)} s at most`,
      expired === 'served'
        ? 'all served'
        : `503 with Retry-After${retryAfter > 1 ? ` up to ${retryAfter} s or more` : ''}`,
      wrong.length === 0 && proven && slowest <= LONGEST_WAIT + slack,
    ),
    figure(
      test,
      `${loggedOut} logouts, ${requests} requests per login, ${recovery.served} of ${recovery.of} served ${(recovery.after / 1000).toFixed(1)} s after its end`,
      `0 logouts, ${mostRequests(full)} requests at most, all served within ${RECOVERY / 1000} s`,
      loggedOut === 0 &&
        requests <= mostRequests(full) &&
        recovery.served === recovery.of &&
        recovery.after <= RECOVERY,
    ),
  ];
}

function intercept(world: World, how: Intercept): void {
  world.provider.intercept = how;
}

/** Each user's first answer is lost. */
function cutOnce(): Intercept {
  const seen = new Set<string | undefined>();
  return ({ moment, user }) => {
    if (moment !== 'processed' || seen.has(user)) return undefined;
    seen.add(user);
    return 'cut';
  };
}

export default providerOutages;
