import type { Stores, TransactionStore } from '../../src/stores/contracts.js';
import { AWKWARD_BYTES, fromEverywhere, uniqueId, type World } from './support/worlds.js';

const TTL = 600_000;
const LIMIT = 10;

const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString('latin1');

export function transactionContract(openWorld: () => World): void {
  describe('login transactions', () => {
    let world: World;
    let transactions: TransactionStore;
    let browser: string;

    const open = (id: string, value = `of ${id}`, who = browser) =>
      transactions.open(who, id, Buffer.from(value), TTL, LIMIT);

    beforeAll(() => {
      world = openWorld();
      transactions = (world.stores[0] as Stores).transactions;
    });
    beforeEach(() => {
      browser = uniqueId();
    });

    test('a transaction is consumed with the value that it was opened with', async () => {
      await open('a');
      await open('b');
      expect(text(await transactions.consume(browser, 'b'))).toBe('of b');
      expect(text(await transactions.consume(browser, 'a'))).toBe('of a');
    });

    test('a transaction is consumed once', async () => {
      await open('a');
      await transactions.consume(browser, 'a');
      expect(await transactions.consume(browser, 'a')).toBeUndefined();
    });

    test('of 50 parallel consumers one gets the transaction', async () => {
      await open('a');
      const got = await fromEverywhere(world.stores, 50, (store) => store.transactions.consume(browser, 'a'));
      expect(got.filter((value) => value !== undefined).map(text)).toEqual(['of a']);
    });

    test('a value survives whatever its bytes are', async () => {
      await transactions.open(browser, 'a', AWKWARD_BYTES, TTL, LIMIT);
      expect(text(await transactions.consume(browser, 'a'))).toBe(text(AWKWARD_BYTES));
      await transactions.remember(browser, 'a', AWKWARD_BYTES, TTL);
      expect(text(await transactions.recall(browser, 'a'))).toBe(text(AWKWARD_BYTES));
    });

    test('what was never opened is not there', async () => {
      expect(await transactions.consume(browser, 'a')).toBeUndefined();
      expect(await transactions.recall(browser, 'a')).toBeUndefined();
    });

    test('another browser cannot consume a transaction, nor does its attempt use it up', async () => {
      await open('a');
      expect(await transactions.consume(uniqueId(), 'a')).toBeUndefined();
      expect(text(await transactions.consume(browser, 'a'))).toBe('of a');
    });

    // Ids that sort against their order in time: several transactions within one millisecond must keep that order.
    test('beyond the limit the oldest gives way, also within one millisecond', async () => {
      const ids = Array.from({ length: LIMIT + 3 }, (_, n) => `${String.fromCharCode(122 - n)}${uniqueId()}`);
      await Promise.all(ids.map((id) => open(id)));
      const got: (string | undefined)[] = [];
      for (const id of ids) got.push(text(await transactions.consume(browser, id)));
      expect(got).toEqual([undefined, undefined, undefined, ...ids.slice(3).map((id) => `of ${id}`)]);
    });

    test('the limit counts what is open, not what was consumed', async () => {
      await open('first');
      for (let n = 0; n < 3 * LIMIT; n++) {
        await open(`n${n}`);
        await transactions.consume(browser, `n${n}`);
      }
      expect(text(await transactions.consume(browser, 'first'))).toBe('of first');
    });

    test('the limit is per browser', async () => {
      const other = uniqueId();
      await open('a', 'mine');
      for (let n = 0; n < 2 * LIMIT; n++) await open(`n${n}`, 'theirs', other);
      expect(text(await transactions.consume(browser, 'a'))).toBe('mine');
    });

    test('a browser that keeps opening transactions does not use another one up at the same time', async () => {
      await fromEverywhere(world.stores, 40, (store, n) =>
        store.transactions.open(browser, `n${n}`, Buffer.from(`${n}`), TTL, LIMIT),
      );
      const got = await fromEverywhere(world.stores, 40, (store, n) =>
        store.transactions.consume(browser, `n${n}`),
      );
      expect(got.filter((value) => value !== undefined)).toHaveLength(LIMIT);
    });

    test('a transaction that was not used is gone when its time is over, and not before', async () => {
      await open('a');
      await world.pass(TTL - 10_000);
      await open('b');
      await world.pass(10_000);
      expect(await transactions.consume(browser, 'a')).toBeUndefined();
      expect(text(await transactions.consume(browser, 'b'))).toBe('of b');
    });

    test('a remembered value is recalled as often as one likes, by its browser only', async () => {
      await transactions.remember(browser, 'a', Buffer.from('kept'), TTL);
      expect(text(await transactions.recall(browser, 'a'))).toBe('kept');
      expect(text(await transactions.recall(browser, 'a'))).toBe('kept');
      expect(await transactions.recall(uniqueId(), 'a')).toBeUndefined();
    });

    test('a remembered value and a transaction of the same id are two things', async () => {
      await open('a', 'opened');
      await transactions.remember(browser, 'a', Buffer.from('kept'), TTL);
      expect(text(await transactions.consume(browser, 'a'))).toBe('opened');
      expect(text(await transactions.recall(browser, 'a'))).toBe('kept');
      expect(await transactions.consume(browser, 'a')).toBeUndefined();
    });

    test('a remembered value is gone when its time is over', async () => {
      await transactions.remember(browser, 'a', Buffer.from('kept'), 60_000);
      await world.pass(60_000);
      expect(await transactions.recall(browser, 'a')).toBeUndefined();
    });
  });
}
