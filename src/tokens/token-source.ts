import { ProviderUnavailableError, retryAfter } from '../errors.js';
import { ended } from './exchange.js';
import { canRenew, type LoginRecord } from './login-record.js';
import { type RefreshDependencies, refreshLogin } from './refresh.js';
import { StoreWatch } from './store-watch.js';
import { timeLeft } from './token-set.js';

/** How good a token must be. */
export interface TokenNeed {
  /** From how many seconds before the expiry a refresh is started in the background. */
  readonly leeway: number;
  /** Seconds for which the token must still be good. */
  readonly minTtl?: number;
  /** A version that will not do, whatever its expiry says. */
  readonly notVersion?: number;
  /** A version whose token the provider's API refused. A token that is only seconds old is not what is wrong there. */
  readonly refusedVersion?: number;
}

/** An API that refuses a token younger than this, in milliseconds, would refuse the next one too. */
const YOUNG = 10_000;

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

/** How long a request waits, in seconds. What it waits for goes on. */
export interface Patience {
  /** For a refresh. */
  readonly refresh: number;
  /** For one command of the store. */
  readonly store: number;
}

/** A refresh in flight. */
interface Refresh {
  readonly result: Promise<LoginRecord>;
  readonly watch: StoreWatch;
}

/** The part of a store command's time that is left for a refresh which waits for the store: the session came first. */
const STORE_SHARE = 0.75;

export function createTokenSource(deps: RefreshDependencies, patience: Patience): TokenSource {
  const { records, clock } = deps;
  const inFlight = new Map<string, Refresh>();

  /** One refresh per login in this process; it belongs to no request. */
  const refresh = (id: string, seen: number): Refresh => {
    const running = inFlight.get(id);
    if (running) return running;
    const watch = new StoreWatch(clock, patience.store * 1000 * STORE_SHARE);
    watch.enter('store');
    const result = refreshLogin(deps, id, seen, (phase) => watch.enter(phase)).finally(() => {
      inFlight.delete(id);
      watch.enter(undefined);
    });
    const started = { result, watch };
    inFlight.set(id, started);
    return started;
  };

  const waitFor = async ({ result, watch }: Refresh): Promise<LoginRecord> => {
    const done = new AbortController();
    const timeout = clock.sleep(patience.refresh * 1000, done.signal).then(() => {
      throw new ProviderUnavailableError('refresh_timeout', `No new token within ${patience.refresh} s.`, {
        headers: retryAfter(1000),
      });
    });
    // Loses the race when the refresh has ended: nobody hears of it then.
    timeout.catch(() => {});
    try {
      return await Promise.race([watch.waitFor(result), timeout]);
    } finally {
      done.abort();
    }
  };

  return {
    async obtain(id, { leeway, minTtl = 0, notVersion = 0, refusedVersion = 0 }) {
      const record = await records.read(id);
      if (!record) throw ended();
      const now = clock.now();
      const left = timeLeft(record.tokens, now);
      const age = now - (record.renewedAt ?? Number.NEGATIVE_INFINITY);
      const refused = record.version <= refusedVersion && age >= YOUNG;
      const usable = record.version > notVersion && !refused && left > 0 && left >= minTtl * 1000;
      // Whatever the leeway, a refreshed token is left alone for the first half of its life.
      if (usable && (left > leeway * 1000 || left > age)) return record;
      // What cannot be renewed is used up. Once it has expired it ends under the lock, where no refresh is under way.
      if (left > 0 && !canRenew(record, now)) return record;
      const refreshing = refresh(id, record.version);
      if (!usable) return waitFor(refreshing);
      // The token still serves; events report a failure, and nobody waits for it.
      refreshing.result.catch(() => {});
      return record;
    },
    async settled() {
      await Promise.allSettled([...inFlight.values()].map(({ result }) => result));
    },
  };
}
