import { randomBytes } from 'node:crypto';
import {
  type OAuthLoginError,
  ProviderRejectedError,
  ProviderUnavailableError,
  retryAfter,
} from '../errors.js';
import { hashLoginId } from '../events.js';
import type { Backoff } from '../stores/contracts.js';
import { ended, type RefreshDependencies, refreshHoldingLock } from './exchange.js';
import type { LoginRecord } from './login-record.js';

export type { RefreshClient, RefreshDependencies } from './exchange.js';

/** Milliseconds by which the lease is longer than the longest call that it protects. */
const LEASE_MARGIN = 10_000;
/** Milliseconds between two looks at what the holder of the lock has achieved. */
const POLL = 60;

/**
 * Refreshes one login: one at a time across all processes, whoever asks. Lock, read again, refresh, write what came
 * before judging it, release. Who comes late gets the winner's result.
 *
 * @param seen the version that the caller found wanting; anything newer is what it is looking for.
 */
export async function refreshLogin(
  deps: RefreshDependencies,
  id: string,
  seen: number,
): Promise<LoginRecord> {
  const { records, locks, clock } = deps;
  const lease = deps.providerTimeout * 1000 + LEASE_MARGIN;
  const owner = randomBytes(16).toString('base64url');
  for (;;) {
    const record = await records.read(id);
    if (!record) throw ended();
    if (record.version > seen && !record.pending) {
      deps.emit({ type: 'token.refresh_shared', provider: record.provider, login: hashLoginId(id) });
      return record;
    }
    await checkBackoff(deps, id);
    if (await acquire(deps, id, owner, lease)) {
      const renewing = renewLease(deps, id, owner, lease);
      try {
        // Somebody may have refreshed between our look and our lock.
        const current = await records.read(id);
        if (!current) throw ended();
        if (current.version > seen && !current.pending) return current;
        // Or have failed to: then we wait as everybody does.
        await checkBackoff(deps, id);
        return await refreshHoldingLock(deps, current);
      } finally {
        renewing.stop();
        // A lock that cannot be released ends with its lease.
        await locks.release(id, owner).catch(() => {});
      }
    }
    await clock.sleep(POLL * (0.5 + Math.random()));
  }
}

async function checkBackoff({ backoff, clock }: RefreshDependencies, id: string): Promise<void> {
  const pause = await backoff.readBackoff(id);
  if (pause && pause.until > clock.now()) throw paused(pause, clock.now());
}

async function acquire({ locks }: RefreshDependencies, id: string, owner: string, lease: number) {
  try {
    return await locks.acquire(id, owner, lease);
  } catch (error) {
    // A command that timed out may have been executed: then nobody could refresh before the lease ends.
    locks.release(id, owner).catch(() => {});
    throw error;
  }
}

function renewLease({ locks, clock }: RefreshDependencies, id: string, owner: string, lease: number) {
  let stopped = false;
  (async () => {
    for (;;) {
      await clock.sleep(lease / 3);
      if (stopped) return;
      // One missed renewal is no harm: two thirds of the lease are left. A lost lease is noticed by compare-and-set.
      await locks.extend(id, owner, lease).catch(() => {});
    }
  })();
  return {
    stop: () => {
      stopped = true;
    },
  };
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
