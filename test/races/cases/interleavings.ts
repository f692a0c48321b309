import type { App } from '../lab/app.js';
import { type Case, type Figure, figure } from '../lab/case.js';
import { sleep } from '../lab/flow.js';
import { holdCall, holdCommand } from '../lab/hold.js';
import { World } from '../lab/world.js';

/**
 * Races that chance would rarely run, each in the one order that hurts: commands and calls are held where they are
 * and let go when the other process has done its part.
 */
const interleavings: Case = async () => {
  const figures: Figure[] = [];
  for (const race of [lateLock, lateWrite, lateRemoval, lateAnswer, lostRequest, lostReply, lockGivenUp]) {
    figures.push(await race());
  }
  return figures;
};

const lostRequest = () => lostWrite('before');
const lostReply = () => lostWrite('after');

/** Milliseconds after an answer of 503 until a command that it waited for has surely been given up. */
const GIVEN_UP = 1000;

const expired = { firstLifetime: 0 };

/** B sees the old token, then A refreshes, then B gets the lock. */
function lateLock(): Promise<Figure> {
  return World.with({ processes: 2, strictness: expired }, async (world) => {
    const [a, b] = world.apps as [App, App];
    const user = world.newUser();
    await user.logIn(a);
    const hold = holdCommand(b, 'before', 'acquire lock');
    const late = user.ask(b, '/token');
    await hold.arrived;
    const first = await user.ask(a, '/token');
    hold.letGo();
    const second = await late;
    const { uses } = world.provider.families.of(user.user);
    return figure(
      'a lock that comes after somebody else has refreshed',
      `${uses.length} token requests, ${first.status}, ${second.status}`,
      '1 token request, both 200 with its token',
      uses.length === 1 &&
        first.status === 200 &&
        first.body.accessToken !== undefined &&
        first.body.accessToken === second.body.accessToken,
    );
  });
}

/** A has new tokens but loses its lock before it can write them; B refreshes meanwhile. */
function lateWrite(): Promise<Figure> {
  return World.with({ processes: 2, strictness: { ...expired, reuseGrace: 60 } }, async (world) => {
    const [a, b] = world.apps as [App, App];
    world.provider.idTokenOnRefresh = false;
    const user = world.newUser();
    await user.logIn(a);
    const hold = holdCommand(a, 'before', 'replace record');
    const late = user.ask(a, '/token');
    await hold.arrived;
    await world.endLease();
    const newest = await user.insist(() => b, '/token', 30_000);
    hold.letGo();
    await late;
    const after = await Promise.all([user.ask(a, '/token'), user.ask(b, '/token')]);
    const kept = after.filter(({ body }) => body.accessToken === newest.body.accessToken);
    return figure(
      'a write that comes after the lock was lost, and somebody else has refreshed',
      `${kept.length} of 2 processes have the newer token`,
      'both',
      newest.meaning === 'served' && kept.length === 2,
    );
  });
}

/** A is refused because B was faster; before A removes the login, B writes. */
function lateRemoval(): Promise<Figure> {
  const strictness = { ...expired, reuseRevokesFamily: false };
  return World.with({ processes: 2, strictness }, async (world) => {
    const [a, b] = world.apps as [App, App];
    world.provider.idTokenOnRefresh = false;
    const user = world.newUser();
    await user.logIn(a);
    const atProvider = holdCall(world.provider, a, 'arrived');
    const refused = user.ask(a, '/token');
    await atProvider.arrived;
    await world.endLease();
    const writing = holdCommand(b, 'before', 'replace record');
    const winner = user.ask(b, '/token');
    await writing.arrived;
    const removing = holdCommand(a, 'before', 'remove record');
    atProvider.letGo();
    await removing.arrived;
    writing.letGo();
    const { meaning } = await winner;
    removing.letGo();
    await refused;
    const after = await Promise.all(world.apps.map((app) => user.ask(app, '/token')));
    return figure(
      'a removal that comes after somebody else has refreshed',
      `${after.map(({ meaning }) => meaning).join(', ')}`,
      'served, served',
      meaning === 'served' && after.every((answer) => answer.meaning === 'served'),
    );
  });
}

/** The provider answers after the user has logged out in the other process. */
function lateAnswer(): Promise<Figure> {
  return World.with({ processes: 2, strictness: expired }, async (world) => {
    const [a, b] = world.apps as [App, App];
    const user = world.newUser();
    await user.logIn(a);
    const before = user.copy();
    const hold = holdCall(world.provider, a, 'processed');
    const late = user.ask(a, '/token');
    await hold.arrived;
    await user.ask(b, '/auth/logout', 'POST');
    hold.letGo();
    await late;
    // The revocation of what came too late is nobody's wait.
    await sleep(500);
    const after = await Promise.all(world.apps.map((app) => before.ask(app, '/me')));
    const { revoked } = world.provider.families.of(user.user);
    const left = (await world.redis.keys()).filter((key) => /^oauth:login:\{[^}]*\}(:lock)?$/.test(key));
    return figure(
      'an answer of the provider that comes after a logout',
      `${after.map(({ meaning }) => meaning).join(', ')}; new tokens ${revoked.includes(2) ? '' : 'not '}revoked; ${left.length} keys left`,
      'logged out, logged out; new tokens revoked; 0 keys left',
      after.every(({ meaning }) => meaning === 'logged out') && revoked.includes(2) && left.length === 0,
    );
  });
}

/** The connection breaks before Redis gets the new tokens, or before it can say that it has them. */
function lostWrite(lostWhen: 'before' | 'after'): Promise<Figure> {
  return World.with({ processes: 2, strictness: expired }, async (world) => {
    const [a, b] = world.apps as [App, App];
    const user = world.newUser();
    await user.logIn(a);
    let lost = false;
    a.redis.watch = ({ moment, kind }) => {
      if (lost || moment !== lostWhen || kind !== 'replace record') return undefined;
      lost = true;
      return 'cut';
    };
    const first = await user.insist(() => a, '/token', 20_000);
    const second = await user.insist(() => b, '/token', 20_000);
    const { uses } = world.provider.families.of(user.user);
    return figure(
      lostWhen === 'before' ? 'a write that does not arrive' : 'a write whose reply is lost',
      `${lost ? '' : 'nothing was lost; '}${uses.length} token requests, ${first.status}, ${second.status}`,
      '1 token request, both 200 with its token',
      lost && uses.length === 1 && first.body.accessToken === second.body.accessToken && first.status === 200,
    );
  });
}

/** Redis gives the lock to a process that has given up waiting for it. */
function lockGivenUp(): Promise<Figure> {
  return World.with({ processes: 2, strictness: expired }, async (world) => {
    const [a, b] = world.apps as [App, App];
    const user = world.newUser();
    await user.logIn(a);
    const hold = holdCommand(a, 'after', 'acquire lock');
    const given = user.ask(a, '/token');
    await hold.arrived;
    const { status } = await given;
    // The answer comes before the command itself is given up.
    await sleep(GIVEN_UP);
    hold.letGo();
    const begin = Date.now();
    const other = await user.insist(() => b, '/token', 30_000);
    const seconds = (Date.now() - begin) / 1000;
    return figure(
      'a lock that was given after its command was given up',
      `${status}, then ${other.status} in the other process after ${seconds.toFixed(1)} s`,
      '503, then 200 within 1 s',
      status === 503 && other.status === 200 && seconds <= 1,
    );
  });
}

export default interleavings;
