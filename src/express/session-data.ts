import { isPlainObject } from '../config.js';
import type { User } from '../login/user.js';

/** What a session holds of one login: who it is and how long its token lives. No token. */
export interface SessionLogin {
  /** The id of the login record, which holds the tokens. */
  id: string;
  sub: string;
  user: User;
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
  return isPlainObject(logins) ? (logins as SessionLogins) : {};
}
