/** The time, injected so that tests and simulations own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Resolves after so many milliseconds, or as soon as the signal is aborted; never keeps the process alive by itself.
   */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** A timer that is set for longer goes off at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(milliseconds, LONGEST_TIMER)).unref();
      signal?.addEventListener('abort', wake);
    }),
};
