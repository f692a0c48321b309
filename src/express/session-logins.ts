import type { CookieOptions, Request, Response } from 'express';
import type { Services } from './runtime.js';
import { readLogins, type SessionLogin, type SessionLogins } from './session-data.js';
import { LoginSessionStore } from './session-store.js';

/**
 * Changes of the logins in a session: with our own store, against whatever other requests do at the same time; with
 * a foreign one, as well as a store that writes whole sessions allows. There the login records have the last word.
 */

/** Gives the session a new id [OWASP ASVS 5.0, 7.2.4] and adds the login; the old id is dead. */
export async function beginLogin(
  req: Request,
  { records }: Services,
  provider: string,
  login: SessionLogin,
  keepSessionData: readonly string[],
): Promise<void> {
  const store = req.sessionStore;
  const ours = store instanceof LoginSessionStore ? store : undefined;
  const kept = keep(req.session as unknown as Record<string, unknown>, keepSessionData);
  const before =
    ours === undefined
      ? readLogins(req.session)
      : ours.isStored(req.session)
        ? await ours.takeLogins(req.sessionID)
        : {};
  const previous = before[provider];
  // Logins are linked for one person only: who logs in as somebody else starts afresh.
  const same = previous === undefined || previous.sub === login.sub;
  const linked: SessionLogins = same ? { ...before, [provider]: login } : { [provider]: login };
  if (ours) {
    // The store's own way to a new session, which `regenerate` takes too; the old one is gone already.
    (ours as unknown as { generate(req: Request): void }).generate(req);
  } else {
    await call((done) => req.session.regenerate(done));
  }
  if (same) Object.assign(req.session, kept);
  if (ours) ours.beginLogins(req.session, linked);
  else req.session.oauth = { logins: linked };
  await call((done) => req.session.save(done));
  const replaced = Object.values(before).filter((one) => !Object.values(linked).includes(one));
  await Promise.all(replaced.map((one) => records.remove(one.id)));
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
    // Somebody has logged in anew meanwhile: that is another login.
    if (login?.id !== id) return logins;
    const { [provider]: _old, ...others } = logins;
    const changed = change(login);
    return changed ? { ...logins, [provider]: changed } : others;
  };
  // Asynchronous work may outlive the session of the request.
  if (req.session?.oauth) req.session.oauth = { logins: apply(req.session.oauth.logins) };
  if (req.sessionStore instanceof LoginSessionStore)
    await req.sessionStore.changeLogins(req.sessionID, apply);
}

/** Ends the session and returns the ids of all logins that were in it. */
export async function endSession(req: Request, res: Response): Promise<string[]> {
  const { sessionStore: store } = req;
  const ours = store instanceof LoginSessionStore ? store : undefined;
  const { path, httpOnly, secure, sameSite, domain } = req.session.cookie;
  const logins = ours ? await ours.takeLogins(req.sessionID) : readLogins(req.session);
  await call((done) => req.session.destroy(done));
  // A browser forgets a cookie only when it is named with what it was set with.
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
  return Object.values(logins).map((login) => login.id);
}

function keep(session: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
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
