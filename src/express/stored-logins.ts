import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import { retryAfter, StoreUnavailableError } from '../errors.js';
import type { SessionBackend } from '../stores/contracts.js';
import type { SessionLogins } from './session-data.js';
import { SessionText, serialize } from './session-text.js';

/** How many times something is tried when the logins change under it. */
const ATTEMPTS = 50;

/**
 * Changes the logins of a session that exists, whatever else happens to it at the same time.
 *
 * @param look `peek` for changes by others than the session's user, which do not keep it alive.
 * @param change returns what it was given where there is nothing to change, and `undefined` to end the session.
 * @returns `gone` where there is no such session.
 * @throws StoreUnavailableError when others keep changing the session.
 */
export function changeStoredLogins(
  { backend, clock }: { backend: SessionBackend; clock: Clock },
  sid: string,
  look: 'read' | 'peek',
  change: (logins: SessionLogins) => SessionLogins | undefined,
): Promise<'done' | 'gone'> {
  return untilDone(clock, async () => {
    const before = await backend[look](sid);
    const found = SessionText.of(before);
    if (before === undefined || !found) return 'gone';
    const changed = change(found.logins);
    if (changed === found.logins) return 'done';
    if (!changed) {
      await backend.take(sid);
      return 'done';
    }
    const { text: after } = serialize(
      { ...found.known, rev: newRev() },
      { ...found.data(), oauth: { logins: changed } },
    );
    return (await backend.swap(sid, before, after)) ? 'done' : undefined;
  });
}

/**
 * Tries something until others no longer come in between.
 *
 * @param attempt returns what came of it, `undefined` to try again.
 * @throws StoreUnavailableError when they keep doing so.
 */
export async function untilDone<T>(clock: Clock, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let attempts = 1; attempts <= ATTEMPTS; attempts += 1) {
    const outcome = await attempt();
    if (outcome !== undefined) return outcome;
    // Lets others finish, each time for a different while.
    await clock.sleep(Math.random() * 2 * attempts);
  }
  throw new StoreUnavailableError('store_unavailable', 'Too many requests change this session at once.', {
    headers: retryAfter(1000),
  });
}

export function newRev(): string {
  return randomBytes(9).toString('base64url');
}
