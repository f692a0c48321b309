import type { Random } from './random.js';

/** One line of the table. */
export interface Figure {
  readonly test: string;
  /** What was measured. */
  readonly figure: string;
  /** What it must be. */
  readonly bar: string;
  readonly ok: boolean;
}

export interface Scale {
  /** As the bars have it, in place of the short form for every day. */
  readonly full: boolean;
  /** Seconds. */
  readonly soak: number;
  readonly random: Random;
  /** Milliseconds by which a bar of time may be missed: less where the machine does nothing else. */
  readonly slack: number;
}

/** A row of the table, or several that belong together. */
export type Case = (scale: Scale) => Promise<Figure[]>;

export function figure(test: string, measured: string, bar: string, ok: boolean): Figure {
  return { test, figure: measured, bar, ok };
}

/** `3 served, 1 logged out`. */
export function tally(values: readonly (string | number)[]): string {
  const counts = new Map<string | number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => `${count} ${value}`).join(', ') || 'none';
}
