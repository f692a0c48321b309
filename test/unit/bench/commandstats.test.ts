import { callsBetween, parseCommandStats, total } from '../../../bench/lib/commandstats.js';

const BEFORE = [
  '# Commandstats',
  'cmdstat_getex:calls=10,usec=50,usec_per_call=5.00,rejected_calls=0,failed_calls=0',
  'cmdstat_info:calls=3,usec=300,usec_per_call=100.00,rejected_calls=0,failed_calls=0',
  'cmdstat_client|setinfo:calls=4,usec=10,usec_per_call=2.50,rejected_calls=0,failed_calls=0',
].join('\r\n');
const AFTER = [
  '# Commandstats',
  'cmdstat_set:calls=2,usec=9,usec_per_call=4.50,rejected_calls=0,failed_calls=0',
  'cmdstat_getex:calls=110,usec=550,usec_per_call=5.00,rejected_calls=0,failed_calls=0',
  'cmdstat_info:calls=9,usec=900,usec_per_call=100.00,rejected_calls=0,failed_calls=0',
  'cmdstat_memory|usage:calls=5,usec=9,usec_per_call=1.80,rejected_calls=0,failed_calls=0',
].join('\r\n');

describe('INFO commandstats', () => {
  it('is read without what the benchmark itself asks', () => {
    expect(parseCommandStats(BEFORE)).toEqual({ getex: 10 });
    expect(parseCommandStats('')).toEqual({});
  });

  it('tells what was called between two looks', () => {
    const calls = callsBetween(parseCommandStats(BEFORE), parseCommandStats(AFTER));
    expect(calls).toEqual({ getex: 100, set: 2 });
    expect(total(calls)).toBe(102);
    expect(total(callsBetween(calls, calls))).toBe(0);
  });
});
