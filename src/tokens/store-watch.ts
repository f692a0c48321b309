import type { Clock } from '../clock.js';
import { retryAfter, StoreUnavailableError } from '../errors.js';
import type { Phase } from './exchange.js';

/**
 * Releases those who wait for a refresh that waits for the store: an outage is answered with 503 within the time of a
 * store command, while the refresh itself goes on until its tokens are stored.
 */
export class StoreWatch {
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #waiting = new Set<(error: Error) => void>();
  #phase: Phase | undefined;
  #leave = new AbortController();

  /** @param patience milliseconds for which the store may keep them waiting at a time. */
  constructor(clock: Clock, patience: number) {
    this.#clock = clock;
    this.#patience = patience;
  }

  /** The refresh waits for somebody else; `undefined` when it is over. */
  enter(phase: Phase | undefined): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#leave.abort();
    if (phase !== 'store') return;
    this.#leave = new AbortController();
    this.#watch(this.#leave.signal);
  }

  /** What a refresh brings, unless the store takes too long. */
  waitFor<T>(refreshing: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      const forget = () => this.#waiting.delete(reject);
      refreshing.then(resolve, reject).then(forget);
    });
  }

  async #watch(left: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(this.#patience, left);
      if (left.aborted) return;
      for (const reject of this.#waiting) {
        reject(
          new StoreUnavailableError('store_unavailable', 'The store keeps a refresh waiting.', {
            headers: retryAfter(1000),
          }),
        );
      }
      this.#waiting.clear();
    }
  }
}
