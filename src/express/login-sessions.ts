import { LoginRequiredError } from '../errors.js';
import { addToIndex } from '../logout/login-names.js';
import type { IndexedLogin } from '../stores/contracts.js';
import type { Services } from './runtime.js';
import type { SessionLogin } from './session-data.js';

/** A login of a session, by provider. */
export type Entry = [provider: string, login: SessionLogin];

/** A login that is about to get its session. */
export interface BeginningLogin {
  readonly provider: string;
  readonly login: SessionLogin;
  /** Resolves when its record is there; the session is saved meanwhile. */
  readonly created: Promise<void>;
  /** When the provider made the id_token, by its own clock. */
  readonly issuedAt: number | undefined;
  /** Names of session data that stay with the same person. */
  readonly keepSessionData: readonly string[];
}

/** The session that holds a login, and when it ends, in milliseconds since the epoch. */
export type Where = Pick<IndexedLogin, 'session' | 'endsAt'>;

/**
 * Lets others find a login that has just got its session.
 *
 * @throws LoginRequiredError when they ended it before it was complete.
 */
export async function indexNewLogin(
  { index }: Services,
  { provider, login, issuedAt }: BeginningLogin,
  where: Where,
): Promise<void> {
  if (await addToIndex(index, provider, login, where, issuedAt)) return;
  throw endedWhileItBegan();
}

export function endedWhileItBegan(): LoginRequiredError {
  return new LoginRequiredError('login_ended', 'This login was ended while it began. Log in again.');
}

/**
 * Notes the new session of logins that came along from the old one.
 *
 * @returns the ids of those that others have ended meanwhile.
 */
export async function indexMovedLogins(
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
