import { LoginRequiredError, ProviderUnavailableError, retryAfter } from '../errors.js';
import { canRenew, type LoginRecord } from './login-record.js';
import { type RefreshDependencies, refreshLogin } from './refresh.js';
import { timeLeft } from './token-set.js';

/** How good a token must be. */
export interface TokenNeed {
  /** Seconds before the expiry from which on a refresh is started in the background. */
  readonly leeway: number;
  /** Seconds for which the token must still be good. */
  readonly minTtl?: number;
  /** A version whose token was found to be bad, whatever its expiry says. */
  readonly notVersion?: number;
}

/** Gives the tokens of logins, fresh ones whenever it must. */
export interface TokenSource {
  /**
   * The record of a login with a token that can be used now.
   *
   * @throws LoginRequiredError when the login has ended.
   * @throws ProviderUnavailableError, ProviderRejectedError, ProviderProtocolError when a refresh failed and the
   *   token at hand will not do. The login stays.
   * @throws StoreUnavailableError
   */
  obtain(id: string, need: TokenNeed): Promise<LoginRecord>;
  /** Resolves when no refresh is in flight. */
  settled(): Promise<void>;
}

/** @param refreshTimeout seconds for which a request waits for a refresh. The refresh itself goes on. */
export function createTokenSource(deps: RefreshDependencies, refreshTimeout: number): TokenSource {
  const { records, clock } = deps;
  const inFlight = new Map<string, Promise<LoginRecord>>();

  /** One refresh per login in this process; it belongs to no request. */
  const refresh = (id: string, seen: number): Promise<LoginRecord> => {
    const running = inFlight.get(id);
    if (running) return running;
    const started = refreshLogin(deps, id, seen).finally(() => inFlight.delete(id));
    inFlight.set(id, started);
    return started;
  };

  const waitFor = async (refreshing: Promise<LoginRecord>): Promise<LoginRecord> => {
    const timeout = clock.sleep(refreshTimeout * 1000).then(() => {
      throw new ProviderUnavailableError('refresh_timeout', `No new token within ${refreshTimeout} s.`, {
        headers: retryAfter(1000),
      });
    });
    return Promise.race([refreshing, timeout]);
  };

  return {
    async obtain(id, { leeway, minTtl = 0, notVersion }) {
      const record = await records.read(id);
      if (!record) throw new LoginRequiredError('login_ended', 'This login has ended. Log in again.');
      const now = clock.now();
      const left = timeLeft(record.tokens, now);
      const refuted = notVersion !== undefined && record.version <= notVersion;
      const usable = !refuted && left > 0 && left >= minTtl * 1000;
      if (usable && left > leeway * 1000) return record;
      // What cannot be renewed is used up. Once it has expired it ends under the lock, where no refresh is under way.
      if (left > 0 && !canRenew(record, now)) return record;
      const refreshing = refresh(id, record.version);
      if (!usable) return waitFor(refreshing);
      // The token still serves; a failure is told by events, and matters to nobody who waits.
      refreshing.catch(() => {});
      return record;
    },
    async settled() {
      await Promise.allSettled(inFlight.values());
    },
  };
}
