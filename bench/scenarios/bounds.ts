import { inParallel } from '../lib/browser.js';
import { load } from '../lib/load.js';
import { OURS } from '../lib/servers.js';
import { openBrowsers, type World, withServers } from '../lib/world.js';

/** Bytes of the heap of this library's server that are in use after a garbage collection. */
export interface Bounds {
  readonly sessions: number;
  readonly requests: number;
  /** After it has warmed up, with a few users. */
  readonly before: number;
  /** After all have logged in. */
  readonly afterLogins: number;
  /** After all requests, each of a user in turn. */
  readonly afterRequests: number;
}

/** Users of the provider; each has many sessions, as on many devices. */
const USERS = 1000;
/** So many that the engine has learned about the code what it will: some 2 MiB, and no more after about 2,000 logins. */
const WARM_UP = { logins: 3000, requests: 20_000 };
const QUICK_WARM_UP = { logins: 300, requests: 2000 };

/** Whether anything in the process grows with the number of users or of requests. */
export function bounds(world: World): Promise<Bounds> {
  const { boundsRequests: requests, boundsSessions: sessions, connections, quick } = world.options;
  return withServers(
    world,
    [OURS],
    async ([server]) => {
      if (!server) throw new Error('no server');
      const browsers = await openBrowsers(world, Math.min(USERS, sessions));
      const logIn = (count: number) => {
        const turns = Array.from({ length: count }, (_, index) => browsers[index % browsers.length]);
        return inParallel(8, turns, (browser) => (browser as (typeof browsers)[0]).logIn(server));
      };
      const send = (cookies: string[], count: number) =>
        load({ url: server.url, path: '/me', cookies, requests: count, connections });

      world.say('bounds: warming up');
      const warmUp = quick ? QUICK_WARM_UP : WARM_UP;
      await send(await logIn(warmUp.logins), warmUp.requests);
      const before = await server.heap();
      world.say(`bounds: ${sessions} logins`);
      const cookies = await logIn(sessions);
      const afterLogins = await server.heap();
      world.say(`bounds: ${requests} requests`);
      await send(cookies, requests);
      return { sessions, requests, before, afterLogins, afterRequests: await server.heap() };
    },
    { node: ['--expose-gc'] },
  );
}
