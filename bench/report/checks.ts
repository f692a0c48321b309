import { STORM_REQUESTS } from '../lib/options.js';
import type { Results } from '../lib/results.js';
import { BY_HAND, LIMIT, OURS, PLAIN } from '../lib/servers.js';
import { median, medianRatio } from '../lib/statistics.js';

/** Something that this library promises, and whether this run bears it out. */
export interface Check {
  readonly name: string;
  readonly bar: string;
  readonly found: string;
  readonly ok: boolean;
}

/** Ours, the floor, and the one that has a bar of its own. */
const NO_PEERS = [OURS, 'own-session', 'bare', LIMIT, PLAIN];
const MIB = 2 ** 20;
/** What the engine learns about the code while it runs stays in the heap, and is no leak. */
const HEAP_NOISE = 2 * MIB;

export function checkAll(results: Results): Check[] {
  return [
    ...checkHotPath(results),
    ...checkLogin(results),
    ...checkStorm(results),
    ...checkMemory(results),
    ...checkBounds(results),
  ];
}

function atMost(name: string, bar: number, found: number, unit = ''): Check {
  const show = (value: number) => (unit === '' ? value.toFixed(2) : `${Math.round(value)}${unit}`);
  return { name, bar: `at most ${show(bar)}`, found: show(found), ok: found <= bar };
}

function checkHotPath({ hotPath }: Results): Check[] {
  const ours = hotPath?.[OURS];
  if (!hotPath || !ours) return [];
  const against = (name: string) => medianRatio(ours.cpu, hotPath[name]?.cpu ?? []);
  const peers = Object.keys(hotPath).filter((name) => !NO_PEERS.includes(name));
  return [
    atMost('hot path: CPU per request, against express-session', 0.65, against(PLAIN)),
    atMost('hot path: CPU per request, against the hand-written limit', 1.15, against(LIMIT)),
    ...peers.map((name) => {
      const found = against(name);
      return {
        name: `hot path: CPU per request, against ${name}`,
        bar: 'below 1.00',
        found: found.toFixed(2),
        ok: found < 1,
      };
    }),
    atMost('hot path: Redis operations per request', 1, Math.round(median(ours.redis) * 100) / 100),
  ];
}

function checkLogin({ login }: Results): Check[] {
  const [ours, byHand] = [login?.[OURS], login?.[BY_HAND]];
  if (!ours || !byHand) return [];
  const found = medianRatio(ours.cpu, byHand.cpu);
  return [atMost('login: CPU per login, against openid-client with signature check', 1, found)];
}

function checkStorm({ refreshStorm }: Results): Check[] {
  const storms = refreshStorm?.[OURS];
  if (!storms) return [];
  const requests = storms.map(({ refreshes }) => refreshes);
  const answers = storms.map(({ answered }) => answered);
  return [
    {
      name: `refresh storm: token requests for ${STORM_REQUESTS} parallel requests at 2 processes`,
      bar: '1, every time',
      found: requests.join(', '),
      ok: requests.every((count) => count === 1),
    },
    {
      name: 'refresh storm: requests answered with 200',
      bar: `${STORM_REQUESTS}, every time`,
      found: answers.join(', '),
      ok: answers.every((count) => count === STORM_REQUESTS),
    },
  ];
}

function checkMemory({ redisMemory }: Results): Check[] {
  const ours = redisMemory?.servers[OURS];
  if (!redisMemory || !ours) return [];
  const { accessToken, idToken, refreshToken } = redisMemory.tokens;
  const bar = 1.1 * (accessToken + idToken + refreshToken) + 600;
  return [
    atMost('Redis memory per user, by MEMORY USAGE', bar, ours.keys, ' bytes'),
    atMost('Redis memory per user, by used_memory', bar, ours.used, ' bytes'),
  ];
}

function checkBounds({ bounds }: Results): Check[] {
  if (!bounds) return [];
  const { before, afterRequests, sessions, requests } = bounds;
  const name = `bounds: heap after ${requests} requests of ${sessions} sessions, in KiB`;
  return [atMost(name, (before + HEAP_NOISE) / 1024, afterRequests / 1024, ' KiB')];
}
