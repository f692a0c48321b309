/** The middle of some numbers; of an even count, halfway between the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) throw new Error('There is no median of nothing');
  if (!Number.isInteger(middle)) return sorted[Math.floor(middle)] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The smallest of the numbers that is not exceeded by this share of them (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) throw new Error('There is no percentile of nothing');
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}

/**
 * The median of the ratios of each round. Two figures of one round were taken one after the other on the same machine
 * in the same mood, so that a neighbour who makes everything slower for a while changes both.
 */
export function medianRatio(values: readonly number[], against: readonly number[]): number {
  if (values.length !== against.length) throw new Error('Paired figures must come in pairs');
  return median(values.map((value, round) => value / (against[round] as number)));
}

/** In which order the things of a list take their turn: another one begins each round. */
export function rotated<Thing>(things: readonly Thing[], round: number): Thing[] {
  const by = things.length === 0 ? 0 : round % things.length;
  return [...things.slice(by), ...things.slice(0, by)];
}
