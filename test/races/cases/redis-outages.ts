import { kill } from 'node:process';
import { type Case, type Figure, figure, type Scale } from '../lab/case.js';
import type { Fault } from '../lab/fault-proxy.js';
import { sleep } from '../lab/flow.js';
import { type Entry, Load } from '../lab/load.js';
import { World } from '../lab/world.js';

/** Milliseconds for an answer: the deadline of store commands. */
const SLOWEST = 2000;
/** Milliseconds after an outage from which on every answer must be good. */
const RECOVERY = 2000;
/** Milliseconds until an outage is felt by every request that begins. */
const ONSET = 100;

interface Outage {
  readonly name: string;
  /** Whether Redis answers nobody meanwhile. */
  readonly total: boolean;
  begin(world: World): Promise<void>;
  end(world: World): Promise<void>;
}

const onTheWay = (name: string, fault: Fault): Outage => ({
  name,
  total: true,
  begin: (world) => forAll(world, fault),
  end: (world) => forAll(world),
});

let flapping: NodeJS.Timeout | undefined;

const outages: readonly Outage[] = [
  onTheWay('refused', 'refused'),
  onTheWay('connected, and silent', 'silent'),
  // Slower than a command may take.
  onTheWay('slow (2.5 s each way)', { delay: 2500 }),
  {
    name: 'frozen (SIGSTOP)',
    total: true,
    begin: async (world) => void kill(world.redis.pid, 'SIGSTOP'),
    end: async (world) => void kill(world.redis.pid, 'SIGCONT'),
  },
  {
    name: 'restarted, data on disk',
    total: true,
    begin: (world) => world.stopRedis(),
    end: (world) => world.startRedisAgain(),
  },
  {
    name: 'cut every 150 ms',
    total: false,
    async begin({ apps }) {
      flapping = setInterval(() => {
        for (const { redis } of apps) redis.faults.cut();
      }, 150);
    },
    end: async () => clearInterval(flapping),
  },
];

/** Redis goes away in every way there is, under load, and comes back. */
const redisOutages: Case = async (scale) => {
  const { full } = scale;
  const clients = full ? (['url', 'client'] as const) : (['url'] as const);
  const figures: Figure[] = [];
  // Long enough for a request to begin after the onset and to be given up before the end.
  for (const client of clients) figures.push(...(await withClient(client, full ? 15 : 6, scale)));
  return figures;
};

// Not with express-session and connect-redis: there it is these that ask Redis first, and without a deadline.
const KINDS = { url: 'given as URL', client: "the app's own client" };

function withClient(session: keyof typeof KINDS, seconds: number, scale: Scale): Promise<Figure[]> {
  const options = {
    processes: 2,
    session,
    router: { leeway: 1 },
    // Half of the users have tokens that are refreshed all the time.
    strictness: { lifetime: 3, firstLifetime: 3, reuseGrace: 0 },
  };
  return World.with(options, async (world) => {
    const figures: Figure[] = [];
    for (const outage of outages)
      figures.push(...(await suffer(world, outage, seconds, KINDS[session], scale)));
    return figures;
  });
}

async function suffer(
  world: World,
  outage: Outage,
  seconds: number,
  kind: string,
  { random, slack }: Scale,
): Promise<Figure[]> {
  const { strictness } = world.provider;
  const load = new Load(() => world.apps, random);
  Object.assign(strictness, { firstLifetime: 3600 });
  for (const user of await world.logInUsers(8)) load.add('user', user);
  Object.assign(strictness, { firstLifetime: 3 });
  for (const user of await world.logInUsers(8)) load.add('user', user);
  for (const user of await world.logInUsers(4)) {
    const outsider = user.copy();
    await user.ask(world.apps[0] as (typeof world.apps)[0], '/auth/logout', 'POST');
    load.add('outsider', outsider);
  }
  await sleep(1000);
  const begin = Date.now();
  await outage.begin(world);
  await sleep(seconds * 1000);
  const end = Date.now();
  await outage.end(world);
  await sleep(RECOVERY + 2000);
  await load.stop();
  return judge(outage, kind, load.entries, { begin: begin + ONSET, end, slack });
}

function judge(
  outage: Outage,
  kind: string,
  entries: readonly Entry[],
  { begin, end, slack }: { begin: number; end: number; slack: number },
): Figure[] {
  const test = `Redis ${outage.name}, ${kind}`;
  const users = entries.filter(({ who }) => who === 'user');
  const slowest = entries.reduce((most, { took }) => Math.max(most, took), 0);
  const during = users.filter(({ at }) => at >= begin && at < end);
  const loggedOut = users.filter(({ meaning }) => meaning === 'logged out');
  const letThrough = entries.filter(({ who, meaning, at, took }) => {
    const blind = outage.total && at >= begin && at + took < end;
    return meaning === 'served' && (who === 'outsider' || blind);
  });
  const bad = users.filter(({ meaning, at }) => meaning !== 'served' && at >= end);
  const recovery = Math.max(0, ...bad.map(({ at }) => at - end));
  const odd = users.filter(({ meaning }) => meaning === 'wrong' || meaning === 'broken');
  const proven = during.length > 0 && (!outage.total || during.some(({ meaning }) => meaning === 'later'));
  return [
    figure(
      test,
      `${entries.length} answers, the slowest after ${(slowest / 1000).toFixed(1)} s; ${odd.length} neither good nor 503`,
      `within 2 s (+ ${slack / 1000}); 0`,
      slowest <= SLOWEST + slack && odd.length === 0 && proven,
    ),
    figure(
      test,
      `${loggedOut.length} false logouts, ${letThrough.length} let through`,
      '0, 0',
      loggedOut.length === 0 && letThrough.length === 0,
    ),
    figure(
      test,
      `the last failure ${(recovery / 1000).toFixed(1)} s after its end`,
      'within 2 s',
      recovery <= RECOVERY,
    ),
  ];
}

async function forAll(world: World, fault?: Fault): Promise<void> {
  await Promise.all(world.apps.map(({ redis }) => redis.faults.set(fault)));
}

export default redisOutages;
