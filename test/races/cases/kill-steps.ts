import type { App } from '../lab/app.js';
import type { Meaning } from '../lab/browser.js';
import { type Case, type Figure, figure, tally } from '../lab/case.js';
import { inParallel, times, within } from '../lab/flow.js';
import { type KillStep, killAt, steps } from '../lab/kill.js';
import { World } from '../lab/world.js';

/** Milliseconds for which a user goes on asking after the process has died. */
const PATIENCE = 40_000;

interface Outcome {
  readonly meaning: Meaning | 'never came to it';
  /** Whether one login was enough where the old one was lost. */
  readonly cleanly: boolean;
}

/** Kills the process that refreshes at every step of it; another process serves the user from there. */
const killSteps: Case = async ({ full }) => {
  const withGrace = await everyStep(5, full ? 100 : 2);
  const without = await everyStep(0, full ? 100 : 1);
  return [...withGrace, ...without];
};

function everyStep(reuseGrace: number, count: number): Promise<Figure[]> {
  const strictness = { firstLifetime: 0, reuseGrace };
  return World.with({ processes: 1, spares: 4, strictness }, async (world) => {
    const kills = steps.flatMap((step) => times(count, () => step));
    const outcomes = await inParallel(kills, 8, (step) => killOnce(world, step));
    return steps.map((step) => {
      const ofStep = outcomes.filter((_, index) => kills[index] === step);
      return judge(step, reuseGrace, ofStep);
    });
  });
}

async function killOnce(world: World, step: KillStep): Promise<Outcome> {
  const [survivor] = world.apps as [App];
  const user = world.newUser();
  await user.logIn(survivor);
  const victim = await world.takeSpare();
  const killed = killAt(step, victim, world.provider);
  const lost = user.ask(victim, '/token');
  try {
    await within(15_000, step.name, killed);
  } catch {
    return { meaning: 'never came to it', cleanly: true };
  }
  await lost;
  const answer = await user.insist(() => survivor, '/token', PATIENCE);
  if (answer.meaning === 'served') {
    const good = world.provider.families.isGood(answer.body.accessToken ?? '');
    return { meaning: good ? 'served' : 'wrong', cleanly: true };
  }
  await user.logIn(survivor);
  const again = await user.ask(survivor, '/me');
  return { meaning: answer.meaning, cleanly: again.meaning === 'served' };
}

function judge(step: KillStep, grace: number, outcomes: readonly Outcome[]): Figure {
  const mayLose = grace === 0 && step.window === true;
  const allowed: readonly Outcome['meaning'][] = mayLose ? ['served', 'logged out'] : ['served'];
  return figure(
    `kill -9 ${step.name} × ${outcomes.length}, grace ${grace} s`,
    tally(outcomes.map(({ meaning, cleanly }) => meaning + (cleanly ? '' : ', no login afterwards'))),
    mayLose ? 'one clean login at most' : '0 lost logins',
    outcomes.every(({ meaning, cleanly }) => allowed.includes(meaning) && cleanly),
  );
}

export default killSteps;
