import { isPlainObject } from '../config.js';
import type { User } from '../login/user.js';

/** What a session holds of one login: who it is and how long its token lives. No token. */
export interface SessionLogin {
  /** The id of the login record, which holds the tokens. */
  id: string;
  /** The provider's id of the user. */
  sub: string;
  /** Who logged in, as `onLogin` left it. */
  user: User;
  /** What was granted. */
  scope: readonly string[];
  /** Milliseconds since the epoch; a copy, the record has the truth. */
  expiresAt?: number;
  /** Milliseconds since the epoch. */
  loggedInAt: number;
  /** The issuer at which the login was made: at another one it counts as no login. */
  issuer: string;
  /** A hash that names the session at the provider, where the id_token named one. */
  providerSession?: string;
  /** A hash that names the id_token's subject, where that is not the user's. */
  subject?: string;
}

/** A login of a session, by provider. */
export type Entry = [provider: string, login: SessionLogin];

/** The logins of a session by provider, the first one first. */
export type SessionLogins = Record<string, SessionLogin>;

declare module 'express-session' {
  interface SessionData {
    /** What express-oauth-login keeps in the session. Read it by `req.oauth`. */
    oauth?: { logins: SessionLogins };
  }
}

/** The logins that a session holds. Tolerates whatever a foreign store gives back. */
export function readLogins(session: unknown): SessionLogins {
  const oauth = isPlainObject(session) ? session.oauth : undefined;
  const logins = isPlainObject(oauth) ? oauth.logins : undefined;
  if (!isPlainObject(logins)) return {};
  if (Object.values(logins).every(isLogin)) return logins as SessionLogins;
  return Object.fromEntries(Object.entries(logins).filter(([, one]) => isLogin(one))) as SessionLogins;
}

/** Whether that is a login, as far as everybody relies on it. */
export function isLogin(value: unknown): boolean {
  if (!isPlainObject(value) || typeof value.id !== 'string') return false;
  return isPlainObject(value.user) && isPlainObject(value.user.claims);
}

/** Whether `oauth` is what we keep in sessions there, or nothing. Others use the name too, passport-oauth1 among them. */
export function isOurs(oauth: unknown): oauth is { logins?: SessionLogins } | null | undefined {
  if (oauth === undefined || oauth === null) return true;
  if (!isPlainObject(oauth) || Object.keys(oauth).some((name) => name !== 'logins')) return false;
  return (
    oauth.logins === undefined || (isPlainObject(oauth.logins) && Object.values(oauth.logins).every(isLogin))
  );
}
