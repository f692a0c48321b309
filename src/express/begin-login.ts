import type { Request } from 'express';
import { LoginRequiredError, StoreUnavailableError } from '../errors.js';
import { addToIndex } from '../logout/login-names.js';
import { endWithoutRevocation, whenStoreIsBack } from '../logout/logout.js';
import type { IndexedLogin } from '../stores/contracts.js';
import type { Services } from './runtime.js';
import { type Entry, readLogins, type SessionLogin, type SessionLogins } from './session-data.js';
import { callStore, endLoginsWithSession } from './session-logins.js';
import { LoginSessionStore } from './session-store.js';

/** A login that is about to get its session. */
export interface BeginningLogin {
  readonly provider: string;
  readonly login: SessionLogin;
  /** Resolves when its record is there; our own session is saved meanwhile. */
  readonly created: Promise<void>;
  /** When the provider made the id_token, by its own clock. */
  readonly issuedAt: number | undefined;
  /** Names of session data that stay with the same person. */
  readonly keepSessionData: readonly string[];
}

/** The session that holds a login, and when it ends, in milliseconds since the epoch. */
type Where = Pick<IndexedLogin, 'session' | 'endsAt'>;

/**
 * Gives the session a new id [OWASP ASVS 5.0, 7.2.4] and adds the login; the old id is dead. If the store fails before
 * the login is complete, the old session and its logins are as they were.
 *
 * @throws LoginRequiredError when the login was ended by others while it began.
 */
export async function beginLogin(req: Request, services: Services, beginning: BeginningLogin): Promise<void> {
  const { sessionStore: store } = req;
  const replaced =
    store instanceof LoginSessionStore
      ? await beginInOurStore(req, store, services, beginning)
      : await beginInForeignStore(req, services, beginning);
  // The login is complete: what it replaced ends by itself at the latest, if it cannot be ended now.
  await endWithoutRevocation(services, replaced).catch(() => {});
}

/** @returns the logins that are replaced. */
async function beginInOurStore(
  req: Request,
  store: LoginSessionStore,
  services: Services,
  beginning: BeginningLogin,
): Promise<Entry[]> {
  const { session: oldSession, sessionID: oldId } = req;
  const stored = store.isStored(oldSession);
  const found = stored ? await store.loginsOf(oldId) : readLogins(oldSession);
  // A session that is gone was moved by another login, or ended by a logout: no login may survive that.
  if (!found && (await store.endings.find(oldId))?.by === 'logout') throw endedWhileItBegan();
  const { logins, moved, replaced, same } = link(found ?? {}, beginning);
  const kept = keep(oldSession as unknown as Record<string, unknown>, beginning.keepSessionData);
  // The store's own way to a new session, which `regenerate` takes too, after it has destroyed the old one.
  store.generate(req);
  store.beginLogins(req.session, logins);
  if (same) Object.assign(req.session, kept);
  const newId = req.sessionID;
  const where = { session: newId, endsAt: endOf(services, logins) };
  const leave = () => leaveOldSession(services, store, { oldId, newId }, moved, where);
  try {
    await Promise.all([callStore((done) => req.session.save(done)), beginning.created]);
    // Not before the session is there: whoever finds a login in the index must find it in its session too.
    await indexNewLogin(services, beginning, where);
    if (stored && found) {
      await leave().catch((error: unknown) => {
        if (!(error instanceof StoreUnavailableError)) throw error;
        // Nobody can tell how far it came, and the login is complete: there is no way back.
        void whenStoreIsBack(services.logout.clock, () => leave().catch(endNewSession));
      });
    }
  } catch (error) {
    // Otherwise the end of this request would save a session with a login that failed.
    Object.assign(req, { session: oldSession, sessionID: oldId });
    store.takeLogins(newId).catch(() => {});
    throw error;
  }
  return replaced;

  async function endNewSession(error: unknown): Promise<void> {
    if (!(error instanceof LoginRequiredError)) throw error;
    await callStore((done) => store.destroy(newId, done));
  }
}

/** @returns the logins that are replaced. */
async function beginInForeignStore(
  req: Request,
  services: Services,
  beginning: BeginningLogin,
): Promise<Entry[]> {
  const { session: oldSession, sessionStore: store } = req;
  const { login, created, keepSessionData } = beginning;
  const { logins, replaced, same } = link(readLogins(oldSession), beginning);
  const kept = keep(oldSession as unknown as Record<string, unknown>, keepSessionData);
  // There is no way back to the old session, so all that can fail before comes first.
  await created;
  // Not `req.session.regenerate`, which would end the logins that move, and is missing once the session has ended.
  await callStore((done) => store.regenerate(req, done));
  endLoginsWithSession(req, services);
  req.session.oauth = { logins };
  if (same) Object.assign(req.session, kept);
  try {
    await callStore((done) => req.session.save(done));
    await indexNewLogin(services, beginning, { session: '', endsAt: endOf(services, { login }) });
  } catch (error) {
    // Otherwise the end of this request would save a session with a login that failed.
    delete req.session.oauth;
    throw error;
  }
  return replaced;
}

/** Logins are linked for one person only: whoever logs in as somebody else starts afresh. */
function link(before: SessionLogins, { provider, login }: BeginningLogin) {
  const previous = before[provider];
  const same = previous === undefined || (previous.sub === login.sub && previous.issuer === login.issuer);
  const logins: SessionLogins = same ? { ...before, [provider]: login } : { [provider]: login };
  const moves = ([name, one]: Entry) => logins[name] === one;
  const entries = Object.entries(before);
  return {
    logins,
    moved: entries.filter(moves),
    replaced: entries.filter((entry) => !moves(entry)),
    same,
  };
}

/** A session ends with the oldest of its logins. */
function endOf({ absoluteLifetime }: Services, logins: SessionLogins): number {
  return Math.min(...Object.values(logins).map(({ loggedInAt }) => loggedInAt)) + absoluteLifetime;
}

/**
 * Ends the session from which logins moved to a new one, and takes out of the new one what others have ended meanwhile. May
 * be done again, if the store failed in the middle.
 *
 * @throws LoginRequiredError when the old session was logged out: nothing of it may live on.
 */
async function leaveOldSession(
  services: Services,
  store: LoginSessionStore,
  { oldId, newId }: { oldId: string; newId: string },
  moved: readonly Entry[],
  where: Where,
): Promise<void> {
  const ending = await store.endings.move(oldId, newId);
  if (ending.by === 'logout') throw endedWhileItBegan();
  const ended = new Set<string>();
  if (ending.movedTo !== newId) {
    // By another login at the same moment: they are in one session only.
    for (const [, { id }] of moved) ended.add(id);
  } else {
    // Where the store has failed before, the new session may have ended too: the index knows of what came after it.
    if (!(await store.endings.find(newId))) {
      for (const id of await indexMovedLogins(services, moved, where)) ended.add(id);
    }
    const left = await store.takeLogins(oldId);
    for (const [provider, { id }] of moved) {
      // Where Redis was asked twice, because a connection broke, the second answer says nothing.
      const isThere = left ? left[provider]?.id === id : (await services.records.peek(id)) !== undefined;
      if (!isThere) ended.add(id);
    }
  }
  if (ended.size === 0) return;
  const apply = (logins: SessionLogins) =>
    Object.fromEntries(Object.entries(logins).filter(([, { id }]) => !ended.has(id)));
  await store.changeLogins(newId, apply);
}

/**
 * Lets others find a login that has just got its session.
 *
 * @throws LoginRequiredError when they ended it before it was complete.
 */
async function indexNewLogin(
  { index }: Services,
  { provider, login, issuedAt }: BeginningLogin,
  where: Where,
): Promise<void> {
  if (await addToIndex(index, provider, login, where, issuedAt)) return;
  throw endedWhileItBegan();
}

function endedWhileItBegan(): LoginRequiredError {
  return new LoginRequiredError('login_ended', 'This login was ended while it began. Log in again.');
}

/**
 * Notes the new session of logins that came along from the old one.
 *
 * @returns the ids of those that others have ended meanwhile.
 */
async function indexMovedLogins(
  { index }: Services,
  moved: readonly Entry[],
  where: Where,
): Promise<string[]> {
  const noted = await Promise.all(
    moved.map(async ([provider, login]) =>
      (await addToIndex(index, provider, login, where)) ? [] : [login.id],
    ),
  );
  return noted.flat();
}

function keep(
  session: Readonly<Record<string, unknown>> = {},
  names: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(
    names.filter((name) => session[name] !== undefined).map((name) => [name, session[name]]),
  );
}
