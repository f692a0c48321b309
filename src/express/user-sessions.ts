import type { Request } from 'express';
import { kind } from '../config.js';
import { ConfigurationError } from '../errors.js';
import { hashLoginId } from '../events.js';
import { type KnownUser, removeFromIndex } from '../logout/login-names.js';
import { endLogins } from '../logout/logout.js';
import { endUser, listUser } from '../logout/revoke-sessions.js';
import type { IndexedLogin } from '../stores/contracts.js';
import type { LoginRecord } from '../tokens/login-record.js';
import type { RequestLogins } from './request-logins.js';
import { type Runtime, unknownProvider } from './runtime.js';
import type { Entry, SessionLogin } from './session-data.js';
import { loginsIn } from './session-request.js';
import type { LoginSession, UserOfProvider } from './types.js';

const userOf = (provider: string, { issuer, sub }: SessionLogin): KnownUser => ({ provider, issuer, sub });

/**
 * Ends logins that are or were in one session, each by the router that knows its provider; the first one ends those of
 * providers that are no longer configured.
 *
 * @returns their records.
 * @throws StoreUnavailableError
 */
export async function endSessionLogins(logins: RequestLogins, own: readonly Entry[]): Promise<LoginRecord[]> {
  const all = own.map(([name, login]) => {
    const deps = logins.servicesBehind(name).logout;
    return { id: login.id, deps, forget: () => removeFromIndex(deps.index, name, login) };
  });
  return endLogins(all);
}

/**
 * Ends the other sessions of this session's users, then the logins of this one; the session itself is left to the
 * caller, so that after a failure the user is still logged in and can try again.
 *
 * @returns the records of this session's logins.
 */
export async function endEverywhere(
  req: Request,
  logins: RequestLogins,
  provider: string | undefined,
): Promise<LoginRecord[]> {
  const own = loginsIn(req);
  const except = new Set(Object.values(own).map(({ id }) => id));
  const users = await logins.verifiedEntries(provider);
  if (users.length === 0) return [];
  await Promise.all(
    users.map(([name, login]) => endUser(logins.services(name).logout, userOf(name, login), except)),
  );
  return endSessionLogins(logins, Object.entries(own));
}

/** The sessions of this session's users; `undefined` when nobody is logged in. */
export async function listSessions(
  req: Request,
  logins: RequestLogins,
  provider: string | undefined,
): Promise<LoginSession[] | undefined> {
  const users = await logins.verifiedEntries(provider);
  if (users.length === 0) return undefined;
  const current = new Set(Object.values(loginsIn(req)).map(({ id }) => id));
  const found = users.map(([name, login]) => listUser(logins.services(name).logout, userOf(name, login)));
  return toSessions((await Promise.all(found)).flat(), current);
}

/** The sessions of any user. */
export async function sessionsOf(runtime: Runtime, user: UserOfProvider): Promise<LoginSession[]> {
  const known = parseUser(runtime, 'sessionsOf', user);
  const found = await Promise.all(runtime.allServices().map(({ logout }) => listUser(logout, known)));
  return toSessions(found.flat(), new Set());
}

/** Ends all sessions of any user. */
export async function logoutUser(runtime: Runtime, user: UserOfProvider): Promise<number> {
  const known = parseUser(runtime, 'logoutUser', user);
  const ended = await Promise.all(runtime.allServices().map(({ logout }) => endUser(logout, known)));
  return ended.reduce((sum, count) => sum + count, 0);
}

function parseUser({ client, config }: Runtime, method: string, user: UserOfProvider): KnownUser {
  const { provider, sub } = Object(user) as Partial<UserOfProvider>;
  if (typeof sub !== 'string' || sub === '') {
    throw new ConfigurationError(
      'invalid_option',
      `${method}: the \`sub\` of the user cannot be ${kind(sub)}: give { provider, sub }, both strings.`,
    );
  }
  const at = client(String(provider))?.provider ?? unknownProvider(String(provider), config.providers);
  return { provider: at.name, issuer: at.issuerId, sub };
}

function toSessions(logins: readonly IndexedLogin[], current: ReadonlySet<string>): LoginSession[] {
  return [...logins]
    .sort((one, other) => other.loggedInAt - one.loggedInAt)
    .map(({ id, provider, loggedInAt, endsAt }) => ({
      id: hashLoginId(id),
      provider,
      loggedInAt,
      expiresAt: endsAt,
      current: current.has(id),
    }));
}
