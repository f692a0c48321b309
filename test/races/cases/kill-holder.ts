import type { App } from '../lab/app.js';
import { type Case, figure, tally } from '../lab/case.js';
import { gate, inParallel, times, within } from '../lab/flow.js';
import { World } from '../lab/world.js';

/** Seconds in which a refresh must succeed after the holder of the lock has died. */
const BAR = 10;

/** Kills the process that holds the lock while the provider has its request; the lock dies with its lease. */
const killHolder: Case = ({ full }) => {
  const count = full ? 40 : 6;
  const strictness = { firstLifetime: 0, reuseGrace: 60 };
  return World.with({ processes: 1, spares: 3, strictness }, async (world) => {
    const [survivor] = world.apps as [App];
    const waits = await inParallel(times(count, String), 4, async () => {
      const user = world.newUser();
      await user.logIn(survivor);
      const holder = await world.takeSpare();
      const asked = gate();
      world.provider.interceptOf.set(String(holder.pid), () => {
        asked.open();
        // Its answer never comes.
        return new Promise(() => {});
      });
      const lost = user.ask(holder, '/token');
      await within(15_000, 'the request at the provider', asked.opened);
      holder.kill();
      await lost;
      const begin = Date.now();
      const { meaning } = await user.insist(() => survivor, '/token', 40_000);
      return { meaning, seconds: (Date.now() - begin) / 1000 };
    });
    const longest = Math.max(...waits.map(({ seconds }) => seconds));
    return [
      figure(
        `kill -9 of the lock's holder × ${count}`,
        `${tally(waits.map(({ meaning }) => meaning))}, after ${longest.toFixed(1)} s at most`,
        `all served within ${BAR} s`,
        longest <= BAR && waits.every(({ meaning }) => meaning === 'served'),
      ),
    ];
  });
};

export default killHolder;
