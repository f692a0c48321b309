import { median, medianRatio, percentile, rotated } from '../../../bench/lib/statistics.js';

describe('the statistics of the benchmark', () => {
  it('take the middle, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([100, 20, 3])).toBe(20);
    expect(() => median([])).toThrow('no median');
  });

  it('take percentiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([7], 0.5)).toBe(7);
    expect(() => percentile([], 0.5)).toThrow('no percentile');
  });

  it('compare within a round, so that a slow round changes nothing', () => {
    // The second round was ten times slower for both; the ratio of the medians would be 1.
    expect(medianRatio([50, 1000, 60], [100, 2000, 60])).toBe(0.5);
    expect(() => medianRatio([1, 2], [1])).toThrow('pairs');
  });

  it('let every server begin a round', () => {
    const rounds = [0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''));
    expect(rounds).toEqual(['abc', 'bca', 'cab', 'abc']);
    expect(rotated([], 4)).toEqual([]);
  });
});
