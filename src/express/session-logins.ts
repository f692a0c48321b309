import type { Request, Response } from 'express';
import type { Store } from 'express-session';
import { StoreUnavailableError } from '../errors.js';
import { endWithoutRevocation, whenStoreIsBack } from '../logout/logout.js';
import type { Services } from './runtime.js';
import { type Entry, readLogins, type SessionLogin, type SessionLogins } from './session-data.js';
import { changeLoginsIn, loginsIn } from './session-request.js';
import { LoginSessionStore } from './session-store.js';

/**
 * Changes of the logins in a session: with our own store, against whatever other requests do at the same time; with
 * a foreign one, as well as a store that writes whole sessions allows. There the login records have the last word.
 */

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
    await callStore((done) => store.destroy(sessionID, done)).catch((error: unknown) => {
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
    endWithoutRevocation(services, Object.entries(readLogins(session))).then(
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

function load(store: Store, sid: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    store.get(sid, (error, data) => (error ? reject(error) : resolve(data)));
  });
}

/** express-session takes callbacks. */
export function callStore(method: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    method((error) => (error ? reject(error) : resolve()));
  });
}
