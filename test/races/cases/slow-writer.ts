import type { App } from '../lab/app.js';
import type { AppOptions } from '../lab/app-process.js';
import type { Browser } from '../lab/browser.js';
import { type Case, type Figure, figure } from '../lab/case.js';
import { inParallel, sleep, times } from '../lab/flow.js';
import { World } from '../lab/world.js';

/** A request that has read its session writes it back after somebody else has refreshed the token, or logged out. */
const slowWriter: Case = async ({ full }) => {
  const count = full ? 1000 : 100;
  return [...(await withSession('url', count)), ...(await withSession('own', count))];
};

function withSession(session: AppOptions['session'], count: number): Promise<Figure[]> {
  const kind = session === 'own' ? 'express-session and connect-redis' : 'oauthSession';
  return World.with({ processes: 2, session, strictness: { firstLifetime: 0 } }, async (world) => {
    const rounds = times(count, String);
    const afterRefresh = await inParallel(rounds, 8, (key) => againstRefresh(world, key));
    const refreshed = figure(
      `slow writer against refresh × ${count}, ${kind}`,
      `${afterRefresh.filter((one) => one === 'old').length} old tokens, ${afterRefresh.filter((one) => one === 'lost').length} lost writes`,
      '0 old tokens written back, 0 lost writes',
      afterRefresh.every((one) => one === 'kept'),
    );
    // What the users of the refreshes have left behind is none of the next question's business.
    await world.redis.flush();
    // With good tokens, so that nothing but the session says who is logged in.
    world.provider.strictness.firstLifetime = 3600;
    const afterLogout = await inParallel(rounds, 8, (key) => againstLogout(world, key, '/auth/logout'));
    const sessions = (await world.redis.keys()).filter((key) => key.startsWith('sess:'));
    const records = (await world.redis.keys()).filter((key) => /^oauth:login:\{[^}]*\}$/.test(key));
    // Another store may write the session again: that session must be worth nothing.
    const stays = session === 'own' ? '' : `, ${sessions.length} sessions and ${records.length} records left`;
    const loggedOut = figure(
      `slow writer against logout × ${count}, ${kind}`,
      `${afterLogout.filter((revived) => revived).length} sessions revived${stays}`,
      `0 sessions revived${session === 'own' ? '' : ', nothing left'}`,
      !afterLogout.includes(true) && records.length === 0 && (session === 'own' || sessions.length === 0),
    );
    const afterEnd = await inParallel(rounds, 8, (key) => againstLogout(world, key, '/end'));
    const ended = figure(
      `slow writer against the end of one login × ${count}, ${kind}`,
      `${afterEnd.filter((revived) => revived).length} logins revived`,
      '0 logins revived in a session that goes on',
      !afterEnd.includes(true),
    );
    return [refreshed, loggedOut, ended];
  });
}

async function againstRefresh(world: World, key: string): Promise<'kept' | 'old' | 'lost'> {
  const [here, there] = world.apps as [App, App];
  const user = world.newUser();
  await user.logIn(here);
  const writing = await beginSlow(user, here, `refresh-${key}`);
  // A busy machine may be too slow for a request; what it then gets is a 503, and no token at all.
  const refreshed = await user.insist(() => there, '/token', 30_000);
  await writing.finish();
  for (const app of [here, there]) {
    const { body } = await user.insist(() => app, '/token', 30_000);
    if (body.accessToken !== refreshed.body.accessToken || body.accessToken === undefined) return 'old';
  }
  if (world.provider.families.of(user.user).uses.length !== 1) return 'old';
  const { body } = await user.ask(there, '/me');
  return body.note === `refresh-${key}` ? 'kept' : 'lost';
}

/** @param path a way to log out, of all logins and the session or of one login only. */
async function againstLogout(world: World, key: string, path: string): Promise<boolean> {
  const [here, there] = world.apps as [App, App];
  const user = world.newUser();
  await user.logIn(here);
  const before = user.copy();
  const writing = await beginSlow(before, here, `${path.slice(1)}-${key}`.replaceAll('/', '-'));
  const { status } = await user.ask(there, path, 'POST');
  if (status >= 400) throw new Error(`POST ${path} got ${status}`);
  await writing.finish();
  const answers = await Promise.all(world.apps.map((app) => before.ask(app, '/me')));
  return answers.some(({ meaning }) => meaning !== 'logged out');
}

/** A request of which it is known that it has read its session. */
async function beginSlow(user: Browser, app: App, key: string): Promise<{ finish(): Promise<void> }> {
  const slow = user.ask(app, `/slow/${key}`);
  for (;;) {
    const answer = await fetch(`${app.url}/held/${key}`);
    if (((await answer.json()) as { held: boolean }).held) break;
    await sleep(2);
  }
  return {
    async finish() {
      await fetch(`${app.url}/release/${key}`, { method: 'POST' });
      const { status } = await slow;
      if (status !== 200) throw new Error(`the slow request got ${status}`);
    },
  };
}

export default slowWriter;
