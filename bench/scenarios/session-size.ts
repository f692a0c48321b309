import { fetchPage, inParallel } from '../lib/browser.js';
import { load } from '../lib/load.js';
import { OURS, PLAIN } from '../lib/servers.js';
import { logInAll } from '../lib/sessions.js';
import { rotated } from '../lib/statistics.js';
import { openBrowsers, type World, withServers } from '../lib/world.js';

/** Microseconds of CPU per request, one figure per round, by bytes of application data and by server. */
export type SessionSizes = Record<number, Record<string, number[]>>;

const SIZES = [0, 4096, 32_768];

/** The hot path again, with sessions in which the app keeps something that this route does not use. */
export function sessionSize(world: World): Promise<SessionSizes> {
  const { rounds, requests, warmUp, leadIn, connections, sessions: count } = world.options;
  return withServers(world, [OURS, PLAIN], async (servers) => {
    const browsers = await openBrowsers(world, count);
    const figures: SessionSizes = {};
    const runs = [];
    for (const bytes of SIZES) {
      figures[bytes] = Object.fromEntries(servers.map(({ plan }) => [plan.name, []]));
      for (const server of servers) {
        world.say(`session size: ${bytes} bytes at ${server.plan.name}`);
        const sessions = await logInAll(server, browsers);
        await inParallel(4, bytes === 0 ? [] : sessions.cookies, async (cookie) => {
          const { status } = await fetchPage(new URL(`/fill?bytes=${bytes}`, server.url), {
            headers: { cookie },
          });
          if (status !== 200)
            throw new Error(`${server.plan.name} does not keep application data: ${status}`);
        });
        runs.push({
          bytes,
          server,
          send: (requests: number) =>
            load({ ...sessions, url: server.url, path: '/me', requests, connections }),
        });
      }
    }
    for (const { send } of runs) await send(warmUp);
    for (let round = 0; round < rounds; round++) {
      world.say(`session size: round ${round + 1} of ${rounds}`);
      for (const { bytes, server, send } of rotated(runs, round)) {
        await send(leadIn);
        const before = await server.cpu();
        await send(requests);
        await new Promise((resolve) => setTimeout(resolve, 20));
        figures[bytes]?.[server.plan.name]?.push(((await server.cpu()) - before) / requests);
      }
    }
    return figures;
  });
}
