import { jest } from '@jest/globals';
import { type Exploration, explore } from './explore.js';
import { checkEnd, Invariants } from './invariants.js';
import { World } from './world.js';

const GRACE = 5000;
const REFRESHERS = ['one', 'two'];

beforeEach(() => {
  // Jitter would make a run that is replayed another one.
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/**
 * While the store is slower than the lease nothing can keep two processes from using one refresh token: there the
 * provider forgives, and all other promises must hold.
 */
const tolerant = (faults: Partial<Exploration>) => faults.slowStore !== undefined;

/** Two refreshers, and perhaps somebody who logs out. */
function race(
  world: { grace: number; idTokens?: boolean; logout?: boolean },
  faults: Partial<Exploration> = {},
): Exploration {
  let invariants: Invariants;
  return {
    async begin() {
      invariants = new Invariants({ tolerant: tolerant(faults) });
      const made = new World(world);
      await made.logIn();
      for (const actor of REFRESHERS) made.startRefresher(actor);
      if (world.logout) made.startLogout('logout');
      await invariants.check(made);
      return made;
    },
    check: (made) => invariants.check(made),
    checkEnd: (made) => checkEnd(made, REFRESHERS),
    ...faults,
  };
}

const anyCrash = { mayCrash: [...REFRESHERS, 'logout'], crashes: 1 };

it.each<[string, Parameters<typeof race>[0], Partial<Exploration>]>([
  ['two refreshers', { grace: 0 }, {}],
  ['two refreshers and a logout', { grace: 0, logout: true }, {}],
  ['two refreshers and a logout, with id_tokens', { grace: 0, logout: true, idTokens: true }, {}],
  ['two refreshers and a logout, one of them killed at any step', { grace: GRACE, logout: true }, anyCrash],
  ['the same with id_tokens', { grace: GRACE, logout: true, idTokens: true }, anyCrash],
  ['two refreshers, both killed at any step', { grace: GRACE, idTokens: true }, { ...anyCrash, crashes: 2 }],
  ['two refreshers, of which an answer is lost', { grace: GRACE, idTokens: true }, { lostAnswers: 1 }],
  ['two refreshers, of which two answers are lost', { grace: GRACE }, { lostAnswers: 2 }],
  ['a killed refresher and a lost answer', { grace: GRACE }, { ...anyCrash, lostAnswers: 1 }],
  ['a logout, and a command that times out', { grace: 0, logout: true, idTokens: true }, { lostCommands: 1 }],
  ['two commands that time out', { grace: GRACE, idTokens: true }, { lostCommands: 2 }],
  ['a killed refresher and a command that times out', { grace: GRACE }, { ...anyCrash, lostCommands: 1 }],
  ['a store slower than the lease', { grace: 60_000, idTokens: true }, { slowStore: 1 }],
  ['a store slower than the lease, and a logout', { grace: 60_000, logout: true }, { slowStore: 1 }],
  ['a store slower than the lease, and a crash', { grace: 60_000 }, { ...anyCrash, slowStore: 1 }],
])(
  '%s: every interleaving keeps the promises',
  async (_name, world, faults) => {
    const { states } = await explore(race(world, faults));
    expect(states).toBeGreaterThan(20);
  },
  120_000,
);
