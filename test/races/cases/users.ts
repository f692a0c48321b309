import type { App } from '../lab/app.js';
import { type Case, figure, tally } from '../lab/case.js';
import { inParallel, times } from '../lab/flow.js';
import { World } from '../lab/world.js';

/** Many users whose tokens have expired, all at once, in both processes: everybody gets their own token. */
const users: Case = ({ full }) => {
  const [people, requests, atOnce] = full ? [500, 200, 10] : [50, 20, 25];
  return World.with({ processes: 2, strictness: { firstLifetime: 0 } }, async (world) => {
    const { apps, provider } = world;
    const everybody = await world.logInUsers(people);
    const answers = (
      await inParallel(everybody, atOnce, (user) =>
        Promise.all(
          times(requests, async (index) => {
            const app = apps[index % apps.length] as App;
            return { user: user.user, ...(await user.ask(app, '/token')) };
          }),
        ),
      )
    ).flat();
    const served = answers.filter(({ meaning }) => meaning === 'served');
    const foreign = served.filter(({ user, body }) => {
      const owner = provider.families.owner(body.accessToken ?? '')?.family.user;
      return body.sub !== user || owner !== user;
    });
    const often = everybody.filter(({ user }) => provider.families.of(user).uses.length !== 1);
    const test = `${people} users × ${requests} requests, expired tokens, 2 processes`;
    return [
      figure(
        test,
        `${foreign.length} foreign tokens, ${tally(answers.map(({ status }) => status))}`,
        `0 foreign tokens, ${people * requests} answers of 200`,
        foreign.length === 0 && served.length === people * requests,
      ),
      figure(
        test,
        `${often.length} users with another number of token requests than 1`,
        '0 such users',
        often.length === 0,
      ),
    ];
  });
};

export default users;
