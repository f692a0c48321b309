import { hashLoginId } from '../events.js';
import { LOGIN_LIFETIME } from '../limits.js';
import type { IndexedLogin, LoginIndex } from '../stores/contracts.js';
import { type KnownUser, nameOfUser, removeRecordFromIndex } from './login-names.js';
import { endLogins, type LogoutDependencies } from './logout.js';

/** The sessions in which logins are, where they are ours to change. */
export interface HeldSessions {
  /** Whether the session has the login. */
  holds(session: string, login: string): Promise<boolean>;
  /** Takes the login out of its session, even while a request uses it; a session that has none left is destroyed. */
  release(session: string, login: string): Promise<void>;
}

/** What ending logins in other sessions needs. */
export interface EndSessionsDependencies extends LogoutDependencies {
  readonly index: LoginIndex;
  readonly sessions: HeldSessions;
}

/**
 * Ends all logins of a user, save some: takes them out of their sessions, deletes their records and revokes their
 * tokens at the provider. After a failure in the middle the next try finishes the rest: the index forgets a login last.
 *
 * @returns how many were ended here.
 * @throws StoreUnavailableError
 */
export async function endUser(
  deps: EndSessionsDependencies,
  user: KnownUser,
  except: ReadonlySet<string> = new Set(),
): Promise<number> {
  const name = nameOfUser(user);
  const found = await deps.index.end(name, { here: deps.clock.now() }, LOGIN_LIFETIME);
  const others = found.filter(({ id }) => !except.has(id));
  await releaseAll(deps, others);
  const ended = await endLogins(others.map(({ id }) => ({ id, deps })));
  for (const { id, provider } of ended) {
    deps.emit({ type: 'session.revoked', provider, login: hashLoginId(id), outcome: 'everywhere' });
  }
  await Promise.allSettled([
    ...others.map(({ id }) => deps.index.remove(name, id)),
    ...ended.map((record) => removeRecordFromIndex(deps.index, user.issuer, record)),
  ]);
  return ended.length;
}

/** Takes logins out of their sessions: from here on no request that begins has them. */
export async function releaseAll(
  { sessions }: EndSessionsDependencies,
  logins: readonly IndexedLogin[],
): Promise<void> {
  await Promise.all(logins.map(({ session, id }) => sessions.release(session, id)));
}

/** The logins of a user that still exist, the newest first. */
export async function listUser(deps: EndSessionsDependencies, user: KnownUser): Promise<IndexedLogin[]> {
  const name = nameOfUser(user);
  const found = await deps.index.list(name);
  const alive = await Promise.all(
    found.map(async (login) => {
      if ((await deps.records.peek(login.id)) === undefined) {
        deps.index.remove(name, login.id).catch(() => {});
        return [];
      }
      // The record may outlive a session that nobody has used for long.
      return (await deps.sessions.holds(login.session, login.id)) ? [login] : [];
    }),
  );
  return alive.flat().sort((one, other) => other.loggedInAt - one.loggedInAt);
}
