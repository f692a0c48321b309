import type { BackoffStore, LockStore, Stores } from '../../src/stores/contracts.js';
import { fromEverywhere, uniqueId, type World } from './support/worlds.js';

const LEASE = 60_000;

export function lockContract(open: () => World): void {
  describe('refresh locks', () => {
    let world: World;
    let locks: LockStore;
    let id: string;

    beforeAll(() => {
      world = open();
      locks = (world.stores[0] as Stores).locks;
    });
    beforeEach(() => {
      id = uniqueId();
    });

    /** Whether an owner gets a lease that ran out, at the latest when its holder's last chance is over. */
    const takeOver = async (owner: string) => {
      if (await locks.acquire(id, owner, LEASE)) return true;
      await world.pass(1000);
      return locks.acquire(id, owner, LEASE);
    };

    test('of many owners that try at the same time one gets the lease', async () => {
      const got = await fromEverywhere(world.stores, 50, (store, n) =>
        store.locks.acquire(id, `owner ${n}`, LEASE),
      );
      expect(got.filter(Boolean)).toHaveLength(1);
    });

    test('not even its owner gets a lease twice', async () => {
      expect(await locks.acquire(id, 'me', LEASE)).toBe(true);
      expect(await locks.acquire(id, 'me', LEASE)).toBe(false);
    });

    test('a lease that was released can be had again', async () => {
      await locks.acquire(id, 'me', LEASE);
      await locks.release(id, 'me');
      expect(await locks.acquire(id, 'you', LEASE)).toBe(true);
    });

    test('nobody but the owner releases a lease', async () => {
      await locks.acquire(id, 'me', LEASE);
      await locks.release(id, 'you');
      await locks.release(id, '');
      expect(await locks.acquire(id, 'you', LEASE)).toBe(false);
      expect(await locks.extend(id, 'me', LEASE)).toBe(true);
    });

    test('nobody but the owner extends a lease', async () => {
      await locks.acquire(id, 'me', LEASE);
      expect(await locks.extend(id, 'you', 10 * LEASE)).toBe(false);
      await world.pass(LEASE);
      expect(await takeOver('you')).toBe(true);
    });

    test('a lease ends by itself, and then belongs to whoever comes next', async () => {
      await locks.acquire(id, 'me', LEASE);
      await world.pass(LEASE);
      expect(await takeOver('you')).toBe(true);
      expect(await locks.extend(id, 'me', LEASE)).toBe(false);
      await locks.release(id, 'me');
      expect(await locks.extend(id, 'you', LEASE)).toBe(true);
    });

    test('an extended lease lasts from then on', async () => {
      await locks.acquire(id, 'me', LEASE);
      await world.pass(LEASE - 10_000);
      expect(await locks.extend(id, 'me', LEASE)).toBe(true);
      await world.pass(LEASE - 10_000);
      expect(await locks.acquire(id, 'you', LEASE)).toBe(false);
      expect(await locks.extend(id, 'me', LEASE)).toBe(true);
      await world.pass(LEASE);
      expect(await takeOver('you')).toBe(true);
    });

    test('a lease that nobody has cannot be extended where there is no login', async () => {
      expect(await locks.extend(id, 'me', LEASE)).toBe(false);
      expect(await locks.acquire(id, 'you', LEASE)).toBe(true);
    });

    test('a lease that ran out unnoticed is its owner’s again, unless somebody else was faster', async () => {
      const { records } = world.stores[0] as Stores;
      await records.create(id, { version: 1, sealed: Buffer.from('a') }, 100 * LEASE);
      await locks.acquire(id, 'me', LEASE);
      await world.pass(LEASE);
      expect(await locks.extend(id, 'me', LEASE)).toBe(true);
      expect(await locks.acquire(id, 'you', LEASE)).toBe(false);
      await world.pass(LEASE);
      expect(await takeOver('you')).toBe(true);
      expect(await locks.extend(id, 'me', LEASE)).toBe(false);
      await records.remove(id);
      expect(await locks.extend(id, 'you', LEASE)).toBe(false);
    });

    test('the leases of two logins have nothing to do with each other', async () => {
      await locks.acquire(id, 'me', LEASE);
      expect(await locks.acquire(uniqueId(), 'you', LEASE)).toBe(true);
    });
  });
}

export function backoffContract(open: () => World): void {
  describe('backoff', () => {
    let world: World;
    let backoff: BackoffStore;
    let id: string;

    beforeAll(() => {
      world = open();
      backoff = (world.stores[0] as Stores).backoff;
    });
    beforeEach(() => {
      id = uniqueId();
    });

    test('every process reads what one has set', async () => {
      for (const reason of ['unavailable', 'refused'] as const) {
        const set = { attempt: 3, reason, until: 1_900_000_000_123 };
        await backoff.setBackoff(id, set, LEASE);
        for (const store of world.stores) expect(await store.backoff.readBackoff(id)).toEqual(set);
      }
    });

    test('there is none before it is set, and none once the record was replaced', async () => {
      const { records } = world.stores[0] as Stores;
      expect(await backoff.readBackoff(id)).toBeUndefined();
      await records.create(id, { version: 1, sealed: Buffer.from('a') }, LEASE);
      await backoff.setBackoff(id, { attempt: 1, reason: 'unavailable', until: 5 }, LEASE);
      expect(await records.replace(id, 7, { version: 8, sealed: Buffer.from('b') }, LEASE)).toBe('conflict');
      expect(await backoff.readBackoff(id)).toBeDefined();
      await records.replace(id, 1, { version: 2, sealed: Buffer.from('b') }, LEASE);
      expect(await backoff.readBackoff(id)).toBeUndefined();
    });

    test('it is gone when its time is over', async () => {
      await backoff.setBackoff(id, { attempt: 1, reason: 'unavailable', until: 5 }, LEASE);
      await world.pass(LEASE);
      expect(await backoff.readBackoff(id)).toBeUndefined();
    });

    test('it is of one login only', async () => {
      await backoff.setBackoff(id, { attempt: 1, reason: 'refused', until: 5 }, LEASE);
      expect(await backoff.readBackoff(uniqueId())).toBeUndefined();
    });
  });
}
