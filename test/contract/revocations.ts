import type { RevocationStore, Stores } from '../../src/stores/contracts.js';
import { AWKWARD_BYTES, fromEverywhere, uniqueId, type World } from './support/worlds.js';

const TTL = 60_000;
const QUEUE = 'op:key';

export function revocationContract(open: () => World): void {
  describe('revocations that wait', () => {
    let world: World;
    let revocations: RevocationStore;
    // A point in time of its own for each test, since a claim takes whatever is due.
    let now = 0;

    beforeAll(() => {
      world = open();
      revocations = (world.stores[0] as Stores).revocations;
    });
    afterEach(async () => {
      for (const { id } of await revocations.claim(QUEUE, Number.MAX_SAFE_INTEGER, now, 1000)) {
        await revocations.drop(QUEUE, id);
      }
    });
    beforeEach(() => {
      now += 1_000_000;
    });

    const claim = (at: number, limit = 10) => revocations.claim(QUEUE, at, at + TTL, limit);

    test('one that is due is claimed with what was kept, by any process', async () => {
      const id = uniqueId();
      await revocations.keep(QUEUE, id, AWKWARD_BYTES, now, TTL);
      expect(await claim(now - 1)).toEqual([]);
      const claimed = await (world.stores.at(-1) as Stores).revocations.claim(QUEUE, now, now + TTL, 10);
      expect(claimed.map((one) => [one.id, Buffer.from(one.sealed).toString('hex')])).toEqual([
        [id, Buffer.from(AWKWARD_BYTES).toString('hex')],
      ]);
    });

    test('of many processes that claim at the same time one gets it', async () => {
      await revocations.keep(QUEUE, uniqueId(), Buffer.from('a'), now, TTL);
      const claimed = await fromEverywhere(world.stores, 20, (store) =>
        store.revocations.claim(QUEUE, now, now + TTL, 10),
      );
      expect(claimed.flat()).toHaveLength(1);
    });

    test('one whose taker was killed is due again when the hold is over', async () => {
      await revocations.keep(QUEUE, uniqueId(), Buffer.from('a'), now, TTL);
      expect(await claim(now)).toHaveLength(1);
      expect(await claim(now + TTL - 1)).toEqual([]);
      expect(await claim(now + TTL)).toHaveLength(1);
    });

    test('one that was dropped is gone', async () => {
      const id = uniqueId();
      await revocations.keep(QUEUE, id, Buffer.from('a'), now, TTL);
      await revocations.drop(QUEUE, id);
      expect(await claim(now)).toEqual([]);
      await revocations.drop(QUEUE, id);
    });

    test('one that is kept anew has its new content and its new time', async () => {
      const id = uniqueId();
      await revocations.keep(QUEUE, id, Buffer.from('a'), now, TTL);
      await revocations.keep(QUEUE, id, Buffer.from('b'), now + 5000, TTL);
      expect(await claim(now)).toEqual([]);
      expect((await claim(now + 5000)).map(({ sealed }) => String(Buffer.from(sealed)))).toEqual(['b']);
    });

    test('the limit is kept, and those that waited longest come first', async () => {
      const ids = [uniqueId(), uniqueId(), uniqueId()];
      for (const [n, id] of ids.entries()) await revocations.keep(QUEUE, id, Buffer.from('a'), now + n, TTL);
      expect((await claim(now + 5, 2)).map(({ id }) => id)).toEqual(ids.slice(0, 2));
      expect((await claim(now + 5, 2)).map(({ id }) => id)).toEqual(ids.slice(2));
    });

    test('what is in another queue is left there', async () => {
      const id = uniqueId();
      await revocations.keep('other:key', id, Buffer.from('a'), now, TTL);
      expect(await claim(now)).toEqual([]);
      await revocations.drop(QUEUE, id);
      const theirs = await revocations.claim('other:key', now, now + TTL, 10);
      expect(theirs.map((one) => one.id)).toEqual([id]);
      await revocations.drop('other:key', id);
      expect(await revocations.claim('other:key', now + TTL, now, 10)).toEqual([]);
    });

    test('one whose tokens have expired is gone by itself', async () => {
      await revocations.keep(QUEUE, uniqueId(), Buffer.from('a'), now, TTL);
      await world.pass(TTL);
      expect(await claim(now)).toEqual([]);
    });
  });
}
