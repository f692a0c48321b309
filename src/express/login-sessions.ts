import { LoginRequiredError } from '../errors.js';
import { addToIndex } from '../logout/login-names.js';
import type { Services } from './runtime.js';
import type { SessionLogin, SessionLogins } from './session-data.js';

/**
 * Lets others find a login that has just got its session.
 *
 * @throws LoginRequiredError when they ended it before it was complete.
 */
export async function indexNewLogin(
  { index, absoluteLifetime }: Services,
  provider: string,
  login: SessionLogin,
  session: string,
  issuedAt: number | undefined,
): Promise<void> {
  const endsAt = login.loggedInAt + absoluteLifetime;
  if (await addToIndex(index, provider, login, { session, endsAt }, issuedAt)) return;
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
  { index, absoluteLifetime }: Services,
  before: SessionLogins,
  after: SessionLogins,
  session: string,
  oldSession: string,
): Promise<string[]> {
  const moved = Object.entries(before).filter(([provider, login]) => after[provider] === login);
  const note = ([provider, login]: [string, SessionLogin], where: string) =>
    addToIndex(index, provider, login, { session: where, endsAt: login.loggedInAt + absoluteLifetime });
  try {
    const noted = await Promise.all(
      moved.map(async (one) => ((await note(one, session)) ? [] : [one[1].id])),
    );
    return noted.flat();
  } catch (error) {
    // They stay where they were.
    for (const one of moved) note(one, oldSession).catch(() => {});
    throw error;
  }
}
