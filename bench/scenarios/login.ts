import { type Browser, inParallel } from '../lib/browser.js';
import { callsBetween, total } from '../lib/commandstats.js';
import type { ServerProcess } from '../lib/server-process.js';
import { BY_HAND, OURS, PLAIN } from '../lib/servers.js';
import { logInAll } from '../lib/sessions.js';
import { rotated } from '../lib/statistics.js';
import { chosen, commandCounts, openBrowsers, serversWhich, type World, withServers } from '../lib/world.js';

/** The figures of one server, one per round. */
export interface LoginFigures {
  /** Microseconds of CPU in the server per login. */
  readonly cpu: number[];
  /** Redis commands per login, those inside of scripts among them. */
  readonly redis: number[];
}

export type LoginCost = Record<string, LoginFigures>;

/** Logins at the same time. */
const WIDTH = 4;

/** A whole login: the redirect, what the provider asks and answers, the callback. Only the server's part is counted. */
export function loginCost(world: World): Promise<LoginCost> {
  // PLAIN differs from BY_HAND only in what it keeps; better-auth keeps its users in memory in both forms.
  const names = serversWhich(
    ({ name, login }) => login !== undefined && ![PLAIN, 'better-auth-redis'].includes(name),
  );
  const { rounds, logins, loginWarmUp, leadInLogins } = world.options;
  return withServers(world, chosen(world, names, [OURS, BY_HAND]), async (servers) => {
    // So many users that none has a pile of sessions, which some keep a list of.
    const browsers = await openBrowsers(world, logins);
    const figures: LoginCost = {};
    const logIn = (server: ServerProcess, who = browsers) =>
      inParallel(WIDTH, who, (browser: Browser) => browser.logIn(server));
    for (const server of servers) {
      world.say(`login: warming up ${server.plan.name}`);
      figures[server.plan.name] = { cpu: [], redis: [] };
      await logInAll(server, browsers, WIDTH);
      for (let done = logins; done < loginWarmUp; done += logins) await logIn(server);
    }
    for (let round = 0; round < rounds; round++) {
      world.say(`login: round ${round + 1} of ${rounds}`);
      for (const server of rotated(servers, round)) {
        await logIn(server, browsers.slice(0, leadInLogins));
        const before = { cpu: await server.cpu(), calls: await commandCounts(world) };
        await logIn(server);
        await new Promise((resolve) => setTimeout(resolve, 20));
        const calls = callsBetween(before.calls, await commandCounts(world));
        const of = figures[server.plan.name] as LoginFigures;
        of.cpu.push(((await server.cpu()) - before.cpu) / browsers.length);
        of.redis.push(total(calls) / browsers.length);
      }
    }
    return figures;
  });
}
