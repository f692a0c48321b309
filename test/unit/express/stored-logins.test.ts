import { untilDone } from '../../../src/express/stored-logins.js';

/** A clock that notes how long it was asked to wait. */
function clockOf(waits: number[]) {
  return {
    now: () => 0,
    sleep: async (milliseconds: number) => {
      waits.push(milliseconds);
    },
  };
}

describe('untilDone', () => {
  it('tries again until something came of it', async () => {
    const waits: number[] = [];
    const outcomes = [undefined, undefined, 'done', 'too often'];
    expect(await untilDone(clockOf(waits), async () => outcomes.shift())).toBe('done');
    expect([outcomes, waits.length]).toEqual([['too often'], 2]);
  });

  it('gives up after 50 times, and says when to come again', async () => {
    const waits: number[] = [];
    await expect(untilDone(clockOf(waits), async () => undefined)).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      code: 'store_unavailable',
      status: 503,
      headers: { 'Retry-After': '1' },
    });
    expect(waits).toHaveLength(50);
  });

  it('waits for a while that grows, and that differs from one to the next', async () => {
    const waits: number[] = [];
    await untilDone(clockOf(waits), async () => undefined).catch(() => {});
    const bounds = waits.map((wait, at) => wait >= 0 && wait < 2 * (at + 1));
    expect(bounds).toEqual(Array(50).fill(true));
    const sum = (some: number[]) => some.reduce((all, one) => all + one, 0);
    expect(sum(waits.slice(25))).toBeGreaterThan(sum(waits.slice(0, 25)));
    expect(new Set(waits).size).toBeGreaterThan(40);
  });
});
