import type { Results } from '../lib/results.js';
import { BY_HAND, LIMIT, PLAIN, planOf } from '../lib/servers.js';
import { median, medianRatio } from '../lib/statistics.js';
import type { Words } from './words.js';

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The tables of a run, in the words of a language. */
export function tablesOf(results: Results, words: Words): Table[] {
  return [
    hotPathTable(results, words),
    loginTable(results, words),
    stormTable(results, words),
    sizeTable(results, words),
    memoryTable(results, words),
    boundsTable(results, words),
  ].filter((table) => table !== undefined);
}

function hotPathTable({ hotPath }: Results, words: Words): Table | undefined {
  if (!hotPath) return undefined;
  const [plain, limit] = [hotPath[PLAIN]?.cpu ?? [], hotPath[LIMIT]?.cpu ?? []];
  const rows = Object.entries(hotPath).map(([name, figures]) => {
    return [
      words.server(planOf(name)),
      micro(median(figures.cpu)),
      ratio(medianRatio(figures.cpu, plain)),
      ratio(medianRatio(figures.cpu, limit)),
      few(median(figures.redis)),
      median(figures.p50).toFixed(1),
      median(figures.p99).toFixed(1),
    ];
  });
  return { title: words.hotPath, head: words.hotPathHead, rows };
}

function loginTable({ login }: Results, words: Words): Table | undefined {
  if (!login) return undefined;
  const byHand = login[BY_HAND]?.cpu ?? [];
  const rows = Object.entries(login).map(([name, { cpu, redis }]) => [
    words.server(planOf(name)),
    (median(cpu) / 1000).toFixed(2),
    ratio(medianRatio(cpu, byHand)),
    few(median(redis)),
  ]);
  return { title: words.login, head: words.loginHead, rows };
}

function stormTable({ refreshStorm }: Results, words: Words): Table | undefined {
  if (!refreshStorm) return undefined;
  const rows = Object.entries(refreshStorm).map(([name, storms]) => [
    words.server(planOf(name)),
    range(storms.map(({ refreshes }) => refreshes)),
    range(storms.map(({ refused }) => refused)),
    range(storms.map(({ answered }) => answered)),
  ]);
  return { title: words.storm, head: words.stormHead, rows };
}

function sizeTable({ sessionSize }: Results, words: Words): Table | undefined {
  if (!sessionSize) return undefined;
  const rows = Object.entries(sessionSize).map(([bytes, servers]) => {
    const [ours = [], plain = []] = Object.values(servers);
    return [
      `${Number(bytes) / 1024} KB`,
      micro(median(ours)),
      micro(median(plain)),
      ratio(medianRatio(ours, plain)),
    ];
  });
  return { title: words.size, head: words.sizeHead, rows };
}

function memoryTable({ redisMemory }: Results, words: Words): Table | undefined {
  if (!redisMemory) return undefined;
  const { accessToken, idToken, refreshToken } = redisMemory.tokens;
  const tokens = accessToken + idToken + refreshToken;
  const rows = Object.entries(redisMemory.servers).map(([name, { keys, used, keyCount, passing }]) => [
    words.server(planOf(name)),
    String(tokens),
    micro(keys),
    micro(used),
    few(keyCount),
    micro(passing),
  ]);
  return { title: words.memory, head: words.memoryHead, rows };
}

function boundsTable({ bounds }: Results, words: Words): Table | undefined {
  if (!bounds) return undefined;
  const { sessions, requests, before, afterLogins, afterRequests } = bounds;
  const mebi = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  return {
    title: words.bounds,
    head: words.boundsHead,
    rows: [[String(sessions), String(requests), mebi(before), mebi(afterLogins), mebi(afterRequests)]],
  };
}

function micro(value: number): string {
  return String(Math.round(value));
}

function ratio(value: number): string {
  return value.toFixed(2);
}

/** Without digits that say nothing: 1, 2, 1.5. */
function few(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function range(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? String(least) : `${least}–${most}`;
}
