import { callsBetween, total } from '../lib/commandstats.js';
import { load } from '../lib/load.js';
import type { ServerProcess } from '../lib/server-process.js';
import { LIMIT, OURS, PLAIN } from '../lib/servers.js';
import { logInAll, type Sessions } from '../lib/sessions.js';
import { percentile, rotated } from '../lib/statistics.js';
import { chosen, commandCounts, openBrowsers, serversWhich, type World, withServers } from '../lib/world.js';

/** The figures of one server, one per round. */
export interface HotPathFigures {
  /** Microseconds of CPU per request. */
  readonly cpu: number[];
  /** Redis commands per request. */
  readonly redis: number[];
  /** Milliseconds. */
  readonly p50: number[];
  readonly p99: number[];
  /** Calls of each Redis command per request, over all rounds. */
  commands: Record<string, number>;
}

export type HotPath = Record<string, HotPathFigures>;

/** `GET /me` of a user who is logged in, with a token that is good for an hour. */
export function hotPath(world: World): Promise<HotPath> {
  // Two servers that differ in their login only are one here.
  const names = serversWhich(({ name }) => name !== 'openid-client-unsigned');
  const { rounds, requests, warmUp, leadIn, connections, sessions: sessionCount } = world.options;
  return withServers(world, chosen(world, names, [OURS, PLAIN, LIMIT]), async (servers) => {
    const sessions = new Map<ServerProcess, Sessions>();
    const browsers = await openBrowsers(world, sessionCount);
    const figures: HotPath = {};
    for (const server of servers) {
      world.say(`hot path: logging in at ${server.plan.name}`);
      sessions.set(server, await logInAll(server, browsers));
      figures[server.plan.name] = { cpu: [], redis: [], p50: [], p99: [], commands: {} };
    }
    const send = (server: ServerProcess, count: number) =>
      load({
        ...(sessions.get(server) as Sessions),
        url: server.url,
        path: '/me',
        requests: count,
        connections,
      });

    world.say('hot path: warming up');
    for (const server of servers) await send(server, warmUp);
    for (let round = 0; round < rounds; round++) {
      world.say(`hot path: round ${round + 1} of ${rounds}`);
      for (const server of rotated(servers, round)) {
        const of = figures[server.plan.name] as HotPathFigures;
        await send(server, leadIn);
        const before = { cpu: await server.cpu(), calls: await commandCounts(world) };
        const took = await send(server, requests);
        // What a server leaves for after the answer counts as well.
        await new Promise((resolve) => setTimeout(resolve, 20));
        const calls = callsBetween(before.calls, await commandCounts(world));
        of.cpu.push(((await server.cpu()) - before.cpu) / requests);
        of.redis.push(total(calls) / requests);
        of.p50.push(percentile([...took], 0.5));
        of.p99.push(percentile([...took], 0.99));
        for (const [name, count] of Object.entries(calls)) {
          of.commands[name] = (of.commands[name] ?? 0) + count / requests / rounds;
        }
      }
    }
    return figures;
  });
}
