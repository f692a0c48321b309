import type { RecordStore, StoredRecord, Stores } from '../../src/stores/contracts.js';
import { AWKWARD_BYTES, fromEverywhere, uniqueId, type World } from './support/worlds.js';

const TTL = 60_000;

function record(version: number, text = `sealed ${version}`): StoredRecord {
  return { version, expiresAt: 1_900_000_000_000 + version, sealed: Buffer.from(text) };
}

/** Without regard to which kind of byte array it is. */
function plain(stored: StoredRecord | undefined) {
  return stored && { ...stored, sealed: Buffer.from(stored.sealed).toString('latin1') };
}

export function recordContract(open: () => World): void {
  describe('login records', () => {
    let world: World;
    let records: RecordStore;

    beforeAll(() => {
      world = open();
      records = (world.stores[0] as Stores).records;
    });

    test('a record is read as it was created, by every process', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL);
      for (const store of world.stores) expect(plain(await store.records.read(id))).toEqual(plain(record(1)));
    });

    test('an expiry that is not known stays unknown', async () => {
      const id = uniqueId();
      await records.create(id, { version: 1, sealed: Buffer.from('x') }, TTL);
      expect(plain(await records.read(id))).toEqual({ version: 1, sealed: 'x' });
    });

    test('sealed bytes survive whatever they are', async () => {
      const id = uniqueId();
      for (const sealed of [AWKWARD_BYTES, Buffer.alloc(0), Buffer.from(':'), new Uint8Array([0, 255, 58])]) {
        await records.create(id, { version: 1, expiresAt: 5, sealed }, TTL);
        expect(Buffer.from((await records.read(id))?.sealed ?? 'nothing')).toEqual(Buffer.from(sealed));
        expect(await records.replace(id, 1, { version: 2, sealed }, TTL)).toBe('replaced');
        expect(Buffer.from((await records.read(id))?.sealed ?? 'nothing')).toEqual(Buffer.from(sealed));
        expect(Buffer.from((await records.remove(id))?.sealed ?? 'nothing')).toEqual(Buffer.from(sealed));
      }
    });

    test('bytes that are a window on a larger buffer are stored alone', async () => {
      const id = uniqueId();
      const sealed = new Uint8Array(Buffer.from('secret|mine|secret')).subarray(7, 11);
      await records.create(id, { version: 1, sealed }, TTL);
      expect(plain(await records.read(id))?.sealed).toBe('mine');
    });

    test('a removal that names a version leaves every other one alone', async () => {
      const id = uniqueId();
      await records.create(id, record(12), TTL);
      expect(await records.remove(id, 1)).toBeUndefined();
      expect(await records.remove(id, 2)).toBeUndefined();
      expect(plain(await records.read(id))).toEqual(plain(record(12)));
      expect(plain(await records.remove(id, 12))).toEqual(plain(record(12)));
      expect(await records.read(id)).toBeUndefined();
      expect(await records.remove(id, 12)).toBeUndefined();
    });

    test('what was never created is not there', async () => {
      const id = uniqueId();
      expect(await records.read(id)).toBeUndefined();
      expect(await records.remove(id)).toBeUndefined();
    });

    test('a replacement of the version that was read succeeds', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL);
      expect(await records.replace(id, 1, record(2), TTL)).toBe('replaced');
      expect(plain(await records.read(id))).toEqual(plain(record(2)));
    });

    test('a replacement of an older version is a conflict and changes nothing', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL);
      await records.replace(id, 1, record(2), TTL);
      expect(await records.replace(id, 1, record(3, 'late'), TTL)).toBe('conflict');
      expect(plain(await records.read(id))).toEqual(plain(record(2)));
    });

    test('a version is compared as a number, not by how it begins', async () => {
      const id = uniqueId();
      await records.create(id, record(12), TTL);
      expect(await records.replace(id, 1, record(2), TTL)).toBe('conflict');
      expect(await records.replace(id, 2, record(2), TTL)).toBe('conflict');
      expect(await records.replace(id, 12, record(13), TTL)).toBe('replaced');
    });

    test('a replacement never brings a removed record back', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL);
      await records.remove(id);
      expect(await records.replace(id, 1, record(2), TTL)).toBe('missing');
      expect(await records.read(id)).toBeUndefined();
    });

    test('a replacement never brings an expired record back', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL);
      await world.pass(TTL);
      expect(await records.replace(id, 1, record(2), TTL)).toBe('missing');
      expect(await records.read(id)).toBeUndefined();
    });

    test('of parallel replacements of one version one succeeds, and it is the one that is kept', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL);
      const outcomes = await fromEverywhere(world.stores, 50, async (store, n) => ({
        n,
        outcome: await store.records.replace(id, 1, record(2, `by ${n}`), TTL),
      }));
      const winners = outcomes.filter(({ outcome }) => outcome === 'replaced');
      expect(winners).toHaveLength(1);
      expect(outcomes.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(49);
      expect(plain(await records.read(id))?.sealed).toBe(`by ${winners[0]?.n}`);
    });

    test('a removal returns what was there, to one of many parallel callers', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL);
      const removed = await fromEverywhere(world.stores, 50, (store) => store.records.remove(id));
      const got = removed.filter((one) => one !== undefined);
      expect(got.map(plain)).toEqual([plain(record(1))]);
      expect(await records.read(id)).toBeUndefined();
    });

    test('under parallel replacements and removals the record ends removed', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL);
      const outcomes = await fromEverywhere<Stores, unknown>(world.stores, 40, (store, n) =>
        n === 20 ? store.records.remove(id) : store.records.replace(id, 1, record(2), TTL),
      );
      expect(outcomes[20]).toBeDefined();
      expect(await records.read(id)).toBeUndefined();
    });

    test('a removal takes the lock and the backoff of the login along', async () => {
      const id = uniqueId();
      const { locks, backoff } = world.stores[0] as Stores;
      await records.create(id, record(1), TTL);
      await locks.acquire(id, 'somebody', TTL);
      await backoff.setBackoff(id, { attempt: 1, reason: 'unavailable', until: 5 }, TTL);
      await records.remove(id);
      expect(await locks.extend(id, 'somebody', TTL)).toBe(false);
      expect(await backoff.readBackoff(id)).toBeUndefined();
    });

    test('a removal leaves the other logins alone', async () => {
      const [one, other] = [uniqueId(), uniqueId()];
      const { locks } = world.stores[0] as Stores;
      await records.create(one, record(1), TTL);
      await records.create(other, record(1), TTL);
      await locks.acquire(other, 'somebody', TTL);
      await records.remove(one);
      expect(plain(await records.read(other))).toEqual(plain(record(1)));
      expect(await locks.acquire(other, 'another', TTL)).toBe(false);
    });

    test('a record is gone when its time is over, and not before', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL);
      await world.pass(TTL - 10_000);
      expect(await records.read(id)).toBeDefined();
      await world.pass(10_000);
      expect(await records.read(id)).toBeUndefined();
      expect(await records.remove(id)).toBeUndefined();
    });

    test('a replacement brings a time to live of its own', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL);
      await records.replace(id, 1, record(2), 3 * TTL);
      await world.pass(2 * TTL);
      expect(await records.read(id)).toBeDefined();
      await records.replace(id, 2, record(3), TTL);
      await world.pass(TTL);
      expect(await records.read(id)).toBeUndefined();
    });

    test('a time to live may have a fraction', async () => {
      const id = uniqueId();
      await records.create(id, record(1), TTL + 0.5);
      expect(await records.replace(id, 1, record(2), TTL + 0.25)).toBe('replaced');
      expect(await records.read(id)).toBeDefined();
    });
  });
}
