import { randomBytes } from 'node:crypto';
import {
  type OAuthLoginError,
  ProviderRejectedError,
  ProviderUnavailableError,
  retryAfter,
} from '../errors.js';
import { hashLoginId } from '../events.js';
import { STORE_PATIENCE } from '../limits.js';
import type { Backoff } from '../stores/contracts.js';
import { ended, type OnPhase, type RefreshDependencies, refreshHoldingLock } from './exchange.js';
import type { LoginRecord } from './login-record.js';

export type { RefreshClient, RefreshDependencies } from './exchange.js';

/**
 * How long a lock outlives its holder, in milliseconds; the store may add a second. Providers that forgive a repeated
 * refresh token do so for seconds: whoever comes after a process that was killed must ask within them.
 */
export const LEASE = 3000;
/** Milliseconds between two renewals of the lease. */
export const RENEWAL = 500;
/** Milliseconds between two tries to release a lock while the store is down. */
const GIVE_BACK_RETRY = 250;
/** Milliseconds between two looks at what the holder of the lock has achieved. */
const POLL = 60;

/**
 * Refreshes one login: one at a time across all processes, whoever asks. Lock, read again, refresh, write what came
 * before judging it, release. Whoever comes late gets the winner's result.
 *
 * @param seen the version that the caller found wanting; anything newer is what it is looking for.
 * @param onPhase is told whom the refresh waits for, beginning with the store.
 */
export async function refreshLogin(
  deps: RefreshDependencies,
  id: string,
  seen: number,
  onPhase: OnPhase = () => {},
): Promise<LoginRecord> {
  const { records, clock } = deps;
  const owner = randomBytes(16).toString('base64url');
  for (;;) {
    const record = await records.read(id);
    if (!record) throw ended();
    if (isNewer(record, seen)) {
      deps.emit({ type: 'token.refresh_shared', provider: record.provider, login: hashLoginId(id) });
      return record;
    }
    await checkBackoff(deps, id);
    if (await acquire(deps, id, owner)) {
      const renewing = renewLease(deps, id, owner);
      try {
        // Somebody may have failed to refresh between our look and our lock: then we wait as everybody does.
        await checkBackoff(deps, id);
        // Or have refreshed. Read last, so that nothing lies between this look and the provider.
        const current = await records.read(id);
        if (!current) throw ended();
        if (isNewer(current, seen)) return current;
        return await refreshHoldingLock(deps, current, onPhase);
      } finally {
        renewing.abort();
        await release(deps, id, owner);
      }
    }
    // A store that answers is no reason to give up waiting.
    onPhase('another process');
    await clock.sleep(POLL * (0.5 + Math.random()));
  }
}

/** An answer that waits to be judged is not what anybody is looking for. */
function isNewer(record: LoginRecord, seen: number): boolean {
  return record.version > seen && !record.pending;
}

async function checkBackoff({ backoff, clock }: RefreshDependencies, id: string): Promise<void> {
  const pause = await backoff.readBackoff(id);
  if (pause && pause.until > clock.now()) throw paused(pause, clock.now());
}

async function acquire(deps: RefreshDependencies, id: string, owner: string): Promise<boolean> {
  try {
    return await deps.locks.acquire(id, owner, LEASE);
  } catch (error) {
    // A command that timed out may have been executed, or be executed when the store wakes up: perhaps right after the
    // first time that it hears of the release.
    giveBack(deps, id, owner, 2);
    throw error;
  }
}

/** Lets others refresh. While the store is away nobody waits for that. */
async function release(deps: RefreshDependencies, id: string, owner: string): Promise<void> {
  try {
    await deps.locks.release(id, owner);
  } catch {
    giveBack(deps, id, owner, 1);
  }
}

/** Releases a lock as soon as the store can be reached, until the store has heard of it this many times. */
async function giveBack(
  { locks, clock }: RefreshDependencies,
  id: string,
  owner: string,
  times: number,
): Promise<void> {
  const giveUpAt = clock.now() + STORE_PATIENCE;
  for (let left = times; clock.now() < giveUpAt; ) {
    const heard = await locks.release(id, owner).then(
      () => true,
      () => false,
    );
    if (heard) left -= 1;
    if (left === 0) return;
    await clock.sleep(GIVE_BACK_RETRY);
  }
}

/** Keeps the lease until it is told to stop. A lease that was lost all the same is noticed by compare-and-set. */
function renewLease({ locks, clock }: RefreshDependencies, id: string, owner: string): AbortController {
  const stop = new AbortController();
  const { signal } = stop;
  (async () => {
    for (;;) {
      await clock.sleep(RENEWAL, signal);
      if (signal.aborted) return;
      // Not awaited: a store that hangs must not keep the next renewal from being sent.
      locks.extend(id, owner, LEASE).catch(() => {});
    }
  })();
  return stop;
}

function paused({ until, reason }: Backoff, now: number): OAuthLoginError {
  return reason === 'refused'
    ? new ProviderRejectedError('provider_rejected', 'The provider refuses to refresh tokens for this app.', {
        headers: retryAfter(until - now),
      })
    : new ProviderUnavailableError('provider_unavailable', 'The provider cannot refresh tokens now.', {
        headers: retryAfter(until - now),
      });
}
