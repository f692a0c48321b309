import { createHash } from 'node:crypto';
import type { IndexedLogin, LoginIndex, Moment } from '../stores/contracts.js';
import type { LoginRecord } from '../tokens/login-record.js';

/** How many logins of one name the index keeps; beyond that, those that end first give way. */
const LIMIT = 1000;

/** Who is logged in, by what a session knows. */
export interface KnownUser {
  /** The name of the provider. */
  readonly provider: string;
  readonly issuer: string;
  readonly sub: string;
}

/** What a session knows of a login by which it can be found. */
export interface KnownLogin {
  readonly id: string;
  readonly issuer: string;
  readonly sub: string;
  readonly loggedInAt: number;
  /** Names the session at the provider. */
  readonly providerSession?: string;
  /** Names the id_token's subject, where that is not the user's. */
  readonly subject?: string;
}

/** The logins of one user of one provider. */
export function nameOfUser({ provider, issuer, sub }: KnownUser): string {
  return digest('user', provider, issuer, sub);
}

/** The logins that belong to one session at the provider. */
export function nameOfProviderSession(provider: string, issuer: string, sid: string): string {
  return digest('sid', provider, issuer, sid);
}

/** The logins whose id_token names this subject. */
export function nameOfSubject({ provider, issuer, sub }: KnownUser): string {
  return digest('sub', provider, issuer, sub);
}

/** What the id_token of a new login adds to how it is found. */
export function namesInClaims(
  { provider, issuer, sub }: KnownUser,
  claims: Readonly<Record<string, unknown>> = {},
): Pick<KnownLogin, 'providerSession' | 'subject'> {
  const { sid, sub: subject } = claims;
  return {
    ...(typeof sid === 'string' &&
      sid !== '' && { providerSession: nameOfProviderSession(provider, issuer, sid) }),
    ...(typeof subject === 'string' &&
      subject !== sub && { subject: nameOfSubject({ provider, issuer, sub: subject }) }),
  };
}

/**
 * Makes a login known to the index, all of its names at once.
 *
 * @returns `false` when logins of one of these names were ended after this one began.
 */
export async function addToIndex(
  index: LoginIndex,
  provider: string,
  login: KnownLogin,
  where: Pick<IndexedLogin, 'session' | 'endsAt'>,
  issuedAt?: number,
): Promise<boolean> {
  const { id, loggedInAt } = login;
  const entry: IndexedLogin = { id, provider, loggedInAt, ...where };
  const began: Moment = { here: loggedInAt, ...(issuedAt !== undefined && { provider: issuedAt }) };
  const added = await Promise.all(
    namesOf(provider, login).map((name, at) => {
      const tellsSubject = at === 0 && login.subject === undefined;
      const subject = tellsSubject ? undefined : (login.subject ?? nameOfSubject({ ...login, provider }));
      return index.add(name, { ...entry, ...(subject !== undefined && { subject }) }, began, LIMIT);
    }),
  );
  return added.every((one) => one);
}

/** Removes an ended login from the index. Best effort: what is left expires, and its record is missing. */
export async function removeFromIndex(index: LoginIndex, provider: string, login: KnownLogin): Promise<void> {
  await Promise.allSettled(namesOf(provider, login).map((name) => index.remove(name, login.id)));
}

/** The same for a login of which the record is at hand. */
export function removeRecordFromIndex(index: LoginIndex, issuer: string, record: LoginRecord): Promise<void> {
  const { provider, id, sub, claims } = record;
  const login = { id, issuer, sub, loggedInAt: 0, ...namesInClaims({ provider, issuer, sub }, claims) };
  return removeFromIndex(index, provider, login);
}

/** The user's comes first. */
function namesOf(provider: string, login: KnownLogin): string[] {
  const { providerSession, subject } = login;
  return [nameOfUser({ ...login, provider }), providerSession, subject].filter((name) => name !== undefined);
}

/** Keys may be read by people who must not read who the users are. 128 bits, as there is one for each user. */
function digest(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16).toString('base64url');
}
