import type { CookieOptions, Request, Response } from 'express';
import { removeFromIndex } from '../logout/login-names.js';
import { endedWhileItBegan, indexMovedLogins, indexNewLogin } from './login-sessions.js';
import type { Services } from './runtime.js';
import { readLogins, type SessionLogin, type SessionLogins } from './session-data.js';
import { changeLoginsIn } from './session-request.js';
import { LoginSessionStore } from './session-store.js';

/**
 * Changes of the logins in a session: with our own store, against whatever other requests do at the same time; with
 * a foreign one, as well as a store that writes whole sessions allows. There the login records have the last word.
 */

/**
 * Gives the session a new id [OWASP ASVS 5.0, 7.2.4] and adds the login; the old id is dead. If the store fails, the
 * old session and its logins are as they were.
 *
 * @param context.created resolves when the record is there; the session is saved meanwhile.
 * @param context.issuedAt when the provider made the id_token, by its own clock.
 * @throws LoginRequiredError when the login was ended by others while it began.
 */
export async function beginLogin(
  req: Request,
  services: Services,
  provider: string,
  login: SessionLogin,
  keepSessionData: readonly string[],
  { created, issuedAt }: { created: Promise<void>; issuedAt: number | undefined },
): Promise<void> {
  const { sessionStore: store, session: oldSession, sessionID: oldId } = req;
  const kept = keep(oldSession as unknown as Record<string, unknown>, keepSessionData);
  const ours = store instanceof LoginSessionStore ? store : undefined;
  const stored = ours?.isStored(oldSession) === true;
  const found = ours && stored ? await ours.loginsOf(oldId) : readLogins(oldSession);
  if (ours && !found) await refuseLoggedOut(ours, oldId);
  const before = found ?? {};
  const previous = before[provider];
  // Logins are linked for one person only: whoever logs in as somebody else starts afresh.
  const same = previous === undefined || previous.sub === login.sub;
  const linked: SessionLogins = same ? { ...before, [provider]: login } : { [provider]: login };
  const moved = Object.entries(before).filter(([name, one]) => linked[name] === one);
  if (ours) {
    // The store's own way to a new session, which `regenerate` takes too, after it has destroyed the old one.
    (ours as unknown as { generate(req: Request): void }).generate(req);
    ours.beginLogins(req.session, linked);
  } else {
    // Not `req.session.regenerate`, which would end the logins that move, and is missing once the session has ended.
    await call((done) => store.regenerate(req, done));
    endLoginsWithSession(req, services);
    req.session.oauth = { logins: linked };
  }
  if (same) Object.assign(req.session, kept);
  // A session ends with the oldest of its logins.
  const endOf = (logins: SessionLogins) =>
    Math.min(...Object.values(logins).map(({ loggedInAt }) => loggedInAt)) + services.absoluteLifetime;
  try {
    await Promise.all([call((done) => req.session.save(done)), created]);
    // Not before the session is there: whoever finds a login in the index must find it in its session too.
    const session = ours ? req.sessionID : '';
    const endsAt = ours ? endOf(linked) : endOf({ login });
    await indexNewLogin(services, provider, login, { session, endsAt }, issuedAt);
    if (ours && stored) {
      const ended = await indexMovedLogins(services, moved, { session, endsAt });
      await endOldSession(req, ours, oldId, before, ended);
    }
  } catch (error) {
    // Otherwise the end of this request would save a session with a login that failed.
    if (ours) {
      const newId = req.sessionID;
      // They stay where they were.
      indexMovedLogins(services, moved, { session: oldId, endsAt: endOf(before) }).catch(() => {});
      Object.assign(req, { session: oldSession, sessionID: oldId });
      ours.takeLogins(newId).catch(() => {});
    } else delete req.session.oauth;
    throw error;
  }
  const replaced = Object.entries(before).filter(([, one]) => !Object.values(linked).includes(one));
  // The login is complete: what it replaced ends by itself at the latest, if it cannot be ended now.
  await endRecords(services, Object.fromEntries(replaced)).catch(() => {});
}

/** A session that is gone was moved by another login, or ended by a logout: no login may survive that. */
async function refuseLoggedOut(store: LoginSessionStore, sid: string): Promise<void> {
  if (await store.wasLoggedOut(sid)) throw endedWhileItBegan();
}

/** What was logged out of the old session, while the new one was being made, is logged out of the new one. */
async function endOldSession(
  req: Request,
  store: LoginSessionStore,
  oldId: string,
  before: SessionLogins,
  endedMeanwhile: readonly string[],
): Promise<void> {
  const taken = await store.takeLogins(oldId);
  if (!taken) await refuseLoggedOut(store, oldId);
  const left = new Set(Object.values(taken ?? {}).map(({ id }) => id));
  const ended = new Set(endedMeanwhile);
  for (const { id } of Object.values(before)) if (!left.has(id)) ended.add(id);
  if (ended.size === 0) return;
  const apply = (logins: SessionLogins) =>
    Object.fromEntries(Object.entries(logins).filter(([, { id }]) => !ended.has(id)));
  req.session.oauth = { logins: apply(req.session.oauth?.logins ?? {}) };
  await store.changeLogins(req.sessionID, apply);
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

/** Ends the session and returns the logins that were in it; none where it has ended before. */
export async function endSession(req: Request, res: Response): Promise<SessionLogins> {
  if (!req.session) return {};
  const { sessionStore: store } = req;
  const ours = store instanceof LoginSessionStore ? store : undefined;
  const { path, httpOnly, secure, sameSite, domain } = req.session.cookie;
  const logins = ours ? await ours.logOut(req.sessionID) : readLogins(req.session);
  // Not `req.session.destroy`, which would end the logins before anybody could revoke their tokens. Ours is gone.
  if (!ours) await call((done) => store.destroy(req.sessionID, done));
  Reflect.deleteProperty(req, 'session');
  // A browser deletes a cookie only when it is cleared with the attributes that it was set with.
  if (ours && !res.headersSent) {
    const options = {
      path: path ?? '/',
      httpOnly: httpOnly ?? true,
      secure: secure === true,
      sameSite: sameSite ?? 'lax',
    };
    res.clearCookie(ours.cookieName, {
      ...options,
      ...(domain !== undefined && { domain }),
    } as CookieOptions);
  }
  return logins;
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
    endRecords(services, readLogins(session)).then(
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

async function endRecords({ records, index }: Services, logins: SessionLogins): Promise<void> {
  const ended = Object.entries(logins);
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

/** express-session takes callbacks. */
function call(method: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    method((error) => (error ? reject(error) : resolve()));
  });
}
