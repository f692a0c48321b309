import { fetchPage } from '../lib/browser.js';
import { STORM_REQUESTS } from '../lib/options.js';
import { OURS } from '../lib/servers.js';
import { chosen, openBrowsers, type World, withServers } from '../lib/world.js';

/** What came of one storm. */
export interface Storm {
  /** Refreshes that the provider was asked for, and how many of them it refused. */
  readonly refreshes: number;
  readonly refused: number;
  /** How many of the requests were answered with 200. */
  readonly answered: number;
}

export type RefreshStorms = Record<string, Storm[]>;

/** Those that can refresh, and that two processes can share. */
const names = [
  OURS,
  'own-session',
  'openid-client',
  'express-openid-connect',
  'express-openid-connect-redis',
];

/** Parallel requests of one session whose access token has expired, at two processes in turn. */
export async function refreshStorm(world: World): Promise<RefreshStorms> {
  const storms: RefreshStorms = {};
  for (const name of chosen(world, names, [OURS])) {
    world.say(`refresh storm: ${name}`);
    storms[name] = await storm(world, name, world.options.quick ? 1 : 5);
  }
  return storms;
}

function storm(world: World, name: string, times: number): Promise<Storm[]> {
  // Only with consent asked for every time does the provider grant a refresh token [OpenID Connect Core 11].
  const options = { scope: 'openid offline_access', prompt: 'consent' };
  return withServers(
    world,
    [name, name],
    async (servers) => {
      const [first, second] = servers as [(typeof servers)[0], (typeof servers)[0]];
      const storms: Storm[] = [];
      for (const browser of await openBrowsers(world, times)) {
        await world.provider.ask('expire', 1);
        const cookie = await browser.logIn(first);
        await new Promise((resolve) => setTimeout(resolve, 2100));
        await world.provider.ask('refreshes', null);
        await world.provider.ask('slow', true);
        const statuses = await Promise.all(
          Array.from({ length: STORM_REQUESTS }, async (_, index) => {
            const { url } = index % 2 === 0 ? first : second;
            return (await fetchPage(new URL('/token', url), { headers: { cookie } })).status;
          }),
        );
        await world.provider.ask('slow', false);
        const { asked, refused } = await world.provider.ask('refreshes', null);
        const answered = statuses.filter((status) => status === 200).length;
        storms.push({ refreshes: asked, refused, answered });
      }
      return storms;
    },
    options,
  );
}
