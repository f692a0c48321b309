import type { Request, Response } from 'express';
import type { Store } from 'express-session';
import { LoginRequiredError, StoreUnavailableError } from '../errors.js';
import { removeFromIndex } from '../logout/login-names.js';
import { whenStoreIsBack } from '../logout/logout.js';
import {
  type BeginningLogin,
  type Entry,
  endedWhileItBegan,
  indexMovedLogins,
  indexNewLogin,
  type Where,
} from './login-sessions.js';
import type { Services } from './runtime.js';
import { readLogins, type SessionLogin, type SessionLogins } from './session-data.js';
import { changeLoginsIn, loginsIn } from './session-request.js';
import { LoginSessionStore } from './session-store.js';

/**
 * Changes of the logins in a session: with our own store, against whatever other requests do at the same time; with
 * a foreign one, as well as a store that writes whole sessions allows. There the login records have the last word.
 */

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
  await endRecords(services, replaced).catch(() => {});
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
  if (!found && (await store.wasLoggedOut(oldId))) throw endedWhileItBegan();
  const { logins, moved, replaced, same } = link(found ?? {}, beginning);
  const kept = keep(oldSession as unknown as Record<string, unknown>, beginning.keepSessionData);
  // The store's own way to a new session, which `regenerate` takes too, after it has destroyed the old one.
  (store as unknown as { generate(req: Request): void }).generate(req);
  store.beginLogins(req.session, logins);
  if (same) Object.assign(req.session, kept);
  const newId = req.sessionID;
  const where = { session: newId, endsAt: endOf(services, logins) };
  const leave = () => leaveOldSession(req, services, store, { oldId, newId }, moved, where);
  try {
    await Promise.all([call((done) => req.session.save(done)), beginning.created]);
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
    await call((done) => store.destroy(newId, done));
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
  // Not `req.session.regenerate`, which would end the logins that move, and is missing once the session has ended.
  await call((done) => store.regenerate(req, done));
  endLoginsWithSession(req, services);
  req.session.oauth = { logins };
  if (same) Object.assign(req.session, kept);
  try {
    await Promise.all([call((done) => req.session.save(done)), created]);
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
  req: Request,
  services: Services,
  store: LoginSessionStore,
  { oldId, newId }: { oldId: string; newId: string },
  moved: readonly Entry[],
  where: Where,
): Promise<void> {
  const outcome = await store.move(oldId, newId);
  if (outcome === 'logged-out') throw endedWhileItBegan();
  const ended = new Set<string>();
  if (outcome === 'moved-elsewhere') {
    // By another login at the same moment: they are in one session only.
    for (const [, { id }] of moved) ended.add(id);
  } else {
    // Where the store has failed before, the new session may have ended too: the index knows of what came after it.
    if (!(await store.hasEnded(newId))) {
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
  if (req.sessionID === newId) changeLoginsIn(req, apply);
  await store.changeLogins(newId, apply);
}

/** Notes in the session what became of one login: its new expiry, or that it has ended. */
export async function updateLogin(
  req: Request,
  provider: string,
  id: string,
  change: (login: SessionLogin) => SessionLogin | undefined,
): Promise<void> {
  const apply = (logins: SessionLogins): SessionLogins => {
    const login = logins[provider];
    // Somebody has logged in again meanwhile: that is another login.
    if (login?.id !== id) return logins;
    const { [provider]: _old, ...others } = logins;
    const changed = change(login);
    if (changed === login) return logins;
    return changed ? { ...logins, [provider]: changed } : others;
  };
  changeLoginsIn(req, apply);
  if (req.sessionStore instanceof LoginSessionStore)
    await req.sessionStore.changeLogins(req.sessionID, apply);
}

/**
 * Ends the session of a request, then, by `end`, the logins that were in it. Where the store fails, both are done as soon
 * as it is back.
 */
export async function endSession<T>(
  req: Request,
  res: Response,
  { logout: { clock } }: Services,
  end: (logins: readonly Entry[]) => Promise<T>,
): Promise<T> {
  const { sessionStore: store, sessionID } = req;
  const ours = store instanceof LoginSessionStore;
  // An app may have let go of `req.session`, which ends nothing.
  const seen = ours || req.session ? loginsIn(req) : readLogins(await load(store, sessionID));
  const known = Object.entries(seen);
  let logins = known;
  if (ours) {
    // Those that the request knows too: where Redis was asked twice, because a connection broke, it names none.
    const take = async () => unique([...known, ...(await store.logOut(sessionID))]);
    const askedAt = clock.now();
    logins = await take().catch((error: unknown) => {
      if (error instanceof StoreUnavailableError) {
        void whenStoreIsBack(clock, async () => {
          // Whoever has been told of the failure, and has logged in since then, wants to be logged in.
          if (!(await store.hasMovedSince(sessionID, askedAt))) await end(await take());
        });
      }
      throw error;
    });
    forgetCookie(req, res, store);
  } else {
    // Not `req.session.destroy`, which would end the logins before anybody could revoke their tokens.
    await call((done) => store.destroy(sessionID, done)).catch((error: unknown) => {
      // The records have the last word.
      end(known).catch(() => {});
      throw error;
    });
  }
  Reflect.deleteProperty(req, 'session');
  return end(logins);
}

function unique(logins: readonly Entry[]): Entry[] {
  return [...new Map(logins.map((entry) => [entry[1].id, entry])).values()];
}

/** A browser deletes a cookie only when it is cleared with the attributes that it was set with. */
function forgetCookie(req: Request, res: Response, { cookieName }: LoginSessionStore): void {
  if (res.headersSent) return;
  const { path, httpOnly, secure, sameSite, domain } = req.session?.cookie ?? {};
  res.clearCookie(cookieName, {
    path: path ?? '/',
    httpOnly: httpOnly ?? true,
    secure: secure === undefined ? cookieName.startsWith('__Host-') : secure === true,
    sameSite: sameSite ?? 'lax',
    ...(domain !== undefined && { domain }),
  });
}

/** With a foreign store: lets `req.session.destroy()` and `regenerate()` end the logins too, even after `reload()`. */
export function endLoginsWithSession(req: Request, services: Services): void {
  const { session } = req;
  const replace = (name: 'destroy' | 'regenerate' | 'reload', wrap: (method: Method) => Method) => {
    // Not every session is one of express-session's.
    if (typeof session[name] !== 'function') return;
    const value = wrap(session[name].bind(session) as Method);
    Object.defineProperty(session, name, { configurable: true, writable: true, value });
  };
  const endFirst = (method: Method) => (callback?: Done) => {
    endRecords(services, Object.entries(readLogins(session))).then(
      () => method((error) => callback?.(error)),
      (error: unknown) => callback?.(error),
    );
    return session;
  };
  // Both give the request another session object.
  const goOn = (method: Method) => (callback?: Done) =>
    method((error) => {
      if (!error) endLoginsWithSession(req, services);
      callback?.(error);
    });
  replace('destroy', endFirst);
  replace('regenerate', (method) => endFirst(goOn(method)));
  replace('reload', goOn);
}

type Done = (error?: unknown) => void;
type Method = (callback?: Done) => unknown;

async function endRecords({ records, index }: Services, ended: readonly Entry[]): Promise<void> {
  await Promise.all(ended.map(([, { id }]) => records.remove(id)));
  await Promise.all(ended.map(([provider, login]) => removeFromIndex(index, provider, login)));
}

function keep(
  session: Readonly<Record<string, unknown>> = {},
  names: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(
    names.filter((name) => session[name] !== undefined).map((name) => [name, session[name]]),
  );
}

function load(store: Store, sid: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    store.get(sid, (error, data) => (error ? reject(error) : resolve(data)));
  });
}

/** express-session takes callbacks. */
function call(method: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    method((error) => (error ? reject(error) : resolve()));
  });
}
