import 'express-session';
import type { Request } from 'express';
import type { Login } from 'express-oauth-login';

/** How often the token of one login was renewed. */
interface Count {
  /** Which login it is: when it was made. */
  loggedInAt: number;
  /** The expiry that was seen last. */
  expiresAt: number | undefined;
  times: number;
}

declare module 'express-session' {
  interface SessionData {
    renewals?: Record<string, Count>;
  }
}

/**
 * Compares the logins with what this session saw last: a token that expires at another time is another token. The
 * middleware renews without being noticed, so this is the only way for an app to tell.
 */
export function noteRenewals(req: Request): void {
  const { logins } = req.oauth;
  const before = req.session.renewals ?? {};
  const after = Object.fromEntries(logins.map((login) => [login.provider, count(login, before)]));
  if (JSON.stringify(after) !== JSON.stringify(before)) req.session.renewals = after;
}

export function renewalsOf(req: Request, provider: string): number {
  return req.session.renewals?.[provider]?.times ?? 0;
}

function count({ provider, loggedInAt, expiresAt }: Login, before: Record<string, Count>): Count {
  const known = before[provider];
  if (known?.loggedInAt !== loggedInAt) return { loggedInAt, expiresAt, times: 0 };
  return { loggedInAt, expiresAt, times: known.times + (known.expiresAt === expiresAt ? 0 : 1) };
}
