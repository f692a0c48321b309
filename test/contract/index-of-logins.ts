import type {
  EndingStore,
  IndexedLogin,
  LoginIndex,
  ReplayStore,
  Stores,
} from '../../src/stores/contracts.js';
import { fromEverywhere, uniqueId, type World } from './support/worlds.js';

const TTL = 60_000;
const LIMIT = 5;
/** Memory has a clock that tests move, Redis has its own: far beyond either. */
const LATER = Date.now() + 10 * 86_400_000;

function login(id: string, change: Partial<IndexedLogin> = {}): IndexedLogin {
  return { id, provider: 'op', session: `s-${id}`, subject: 'h', loggedInAt: 1000, endsAt: LATER, ...change };
}

export function indexContract(open: () => World): void {
  describe('the index of logins', () => {
    let world: World;
    let index: LoginIndex;
    let name: string;

    beforeAll(() => {
      world = open();
      index = (world.stores[0] as Stores).index;
    });
    beforeEach(() => {
      name = uniqueId();
    });

    const add = (
      id: string,
      change?: Partial<IndexedLogin>,
      began: { here: number; provider?: number } = { here: 1000 },
    ) => index.add(name, login(id, change), began, LIMIT);
    const ids = async () => (await index.list(name)).map(({ id }) => id).sort();

    test('a login is listed as it was added, by every process', async () => {
      const one = login('a', { session: 'odd:id:{}\r\n', provider: 'my-op-2', loggedInAt: 123 });
      expect(await index.add(name, one, { here: 1 }, LIMIT)).toBe(true);
      for (const store of world.stores) expect(await store.index.list(name)).toEqual([one]);
    });

    test('a login without a session of ours is listed so', async () => {
      await add('a', { session: '' });
      expect(await index.list(name)).toEqual([login('a', { session: '' })]);
    });

    test('a name that was never used has no logins', async () => {
      expect(await index.list(name)).toEqual([]);
      expect(await index.end(name, { here: 1 }, TTL)).toEqual([]);
      await index.remove(name, 'a');
    });

    test('logins of one name do not show under another', async () => {
      await add('a');
      expect(await index.list(uniqueId())).toEqual([]);
    });

    test('a login that is added again is there once, as it was added last', async () => {
      await add('a');
      await add('a', { session: 'new' });
      expect(await index.list(name)).toEqual([login('a', { session: 'new' })]);
    });

    test('a login that was removed is gone, and the others stay', async () => {
      for (const id of ['a', 'b', 'c']) await add(id);
      await index.remove(name, 'b');
      expect(await ids()).toEqual(['a', 'c']);
      await index.remove(name, 'a');
      await index.remove(name, 'c');
      expect(await ids()).toEqual([]);
    });

    test('logins past their end are not listed, and make room', async () => {
      for (let n = 0; n < LIMIT; n++) await add(`old${n}`, { endsAt: Date.now() - 1 });
      expect(await ids()).toEqual([]);
      for (let n = 0; n < LIMIT; n++) await add(`new${n}`);
      expect(await ids()).toHaveLength(LIMIT);
    });

    test('beyond the limit those give way that would end first', async () => {
      for (let n = 0; n < LIMIT + 3; n++) await add(`n${n}`, { endsAt: LATER + ((n * 3) % 8) * 1000 });
      // Ends: 0 3 6 1 4 7 2 5; at each step beyond five the earliest of those that are there goes.
      expect(await ids()).toEqual(['n1', 'n2', 'n4', 'n5', 'n7']);
    });

    test('many processes that add at the same time lose nothing', async () => {
      const added = await fromEverywhere(world.stores, 40, (store, n) =>
        store.index.add(name, login(`n${n}`), { here: 1000 }, 100),
      );
      expect(added).toEqual(Array(40).fill(true));
      expect(await ids()).toHaveLength(40);
    });

    describe('when the logins of a name are ended', () => {
      test('they are listed', async () => {
        await add('a');
        await add('b');
        const found = await index.end(name, { here: 5000 }, TTL);
        expect(found.map(({ id }) => id).sort()).toEqual(['a', 'b']);
        // Whoever ends them removes them when all is done.
        expect(await ids()).toEqual(['a', 'b']);
      });

      test('a login that began before is refused, in every process, also where it is known', async () => {
        await add('a');
        await index.end(name, { here: 5000 }, TTL);
        for (const store of world.stores) {
          for (const here of [4999, 5000]) {
            expect(await store.index.add(name, login('late'), { here }, LIMIT)).toBe(false);
            expect(await store.index.add(name, login('a', { session: 'moved' }), { here }, LIMIT)).toBe(
              false,
            );
          }
        }
        expect(await index.list(name)).toEqual([login('a')]);
      });

      test('a login that begins afterwards is taken', async () => {
        await index.end(name, { here: 5000 }, TTL);
        expect(await add('a', {}, { here: 5001 })).toBe(true);
        expect(await ids()).toEqual(['a']);
      });

      test('the provider’s clock counts for itself', async () => {
        await index.end(name, { here: 5000, provider: 900_000 }, TTL);
        expect(await add('a', {}, { here: 6000, provider: 900_000 })).toBe(false);
        expect(await add('a', {}, { here: 4000, provider: 900_001 })).toBe(false);
        expect(await add('a', {}, { here: 6000, provider: 900_001 })).toBe(true);
        expect(await add('b', {}, { here: 6000 })).toBe(true);
        await index.end(uniqueId(), { here: 5000 }, TTL);
      });

      test('an end here says nothing on the provider’s clock', async () => {
        await index.end(name, { here: 5000 }, TTL);
        expect(await add('a', {}, { here: 6000, provider: 1 })).toBe(true);
      });

      test('an earlier end takes nothing back of a later one', async () => {
        await index.end(name, { here: 5000, provider: 500 }, TTL);
        await index.end(name, { here: 4000, provider: 400 }, TTL);
        await index.end(name, { here: 3000 }, TTL);
        expect(await add('a', {}, { here: 4500 })).toBe(false);
        expect(await add('a', {}, { here: 9000, provider: 450 })).toBe(false);
        await index.end(name, { here: 8000, provider: 800 }, TTL);
        expect(await add('a', {}, { here: 7000 })).toBe(false);
        expect(await add('a', {}, { here: 9000, provider: 700 })).toBe(false);
      });

      test('that is forgotten when its time is over', async () => {
        await index.end(name, { here: 5000, provider: 500 }, TTL);
        await world.pass(TTL - 10_000);
        expect(await add('a')).toBe(false);
        await world.pass(10_000);
        expect(await add('a', {}, { here: 1, provider: 1 })).toBe(true);
      });

      // A login in the middle of being made is found by who ends the user's logins, or is refused: never neither.
      test('at the same time as logins are added, each of them is listed or refused', async () => {
        for (let round = 0; round < 20; round++) {
          name = uniqueId();
          const adding = fromEverywhere(world.stores, 8, async (store, n) => ({
            id: `n${n}`,
            added: await store.index.add(name, login(`n${n}`), { here: 1000 }, 100),
          }));
          const ending = (world.stores[1] as Stores).index.end(name, { here: 5000 }, TTL);
          const [added, ended] = await Promise.all([adding, ending]);
          const listed = new Set(ended.map(({ id }) => id));
          expect(added.filter(({ id, added }) => added !== listed.has(id))).toEqual([]);
        }
      });
    });

    // The last one: it takes the clock of the memory beyond the end of all other logins.
    test('an index is gone when its last login ends, and not before', async () => {
      await add('a');
      await add('b', { endsAt: LATER - 86_400_000 });
      await world.pass(7 * 86_400_000);
      expect(await ids()).toEqual(['a', 'b']);
      await world.pass(3 * 86_400_000);
      expect(await ids()).toEqual([]);
    });
  });
}

export function replayContract(open: () => World): void {
  describe('what may be used once', () => {
    let world: World;
    let replays: ReplayStore;

    beforeAll(() => {
      world = open();
      replays = (world.stores[0] as Stores).replays;
    });

    test('is used by one caller only, of all processes', async () => {
      const id = uniqueId();
      expect(await replays.isUsed(id)).toBe(false);
      const used = await fromEverywhere(world.stores, 20, (store) => store.replays.use(id, TTL));
      expect(used.filter((first) => first)).toHaveLength(1);
      for (const store of world.stores) expect(await store.replays.isUsed(id)).toBe(true);
      expect(await replays.isUsed(uniqueId())).toBe(false);
    });

    test('is forgotten when its time is over', async () => {
      const id = uniqueId();
      await replays.use(id, TTL);
      await world.pass(TTL - 10_000);
      expect(await replays.use(id, TTL)).toBe(false);
      await world.pass(10_000);
      expect(await replays.isUsed(id)).toBe(false);
    });
  });
}

export function endingContract(open: () => World): void {
  describe('how something ended', () => {
    let world: World;
    let endings: EndingStore;

    beforeAll(() => {
      world = open();
      endings = (world.stores[0] as Stores).endings;
    });

    test('is what was said first, whoever asks, and however often it is said', async () => {
      const id = uniqueId();
      expect(await endings.find(id)).toBeUndefined();
      const said = await Promise.all(
        Array.from({ length: 20 }, (_, n) => {
          const store = world.stores[n % world.stores.length] as Stores;
          return store.endings.settle(id, `ending ${n}`, TTL);
        }),
      );
      const [counts] = new Set(said);
      expect(new Set(said).size).toBe(1);
      for (const store of world.stores) {
        expect(await store.endings.find(id)).toBe(counts);
        expect(await store.endings.settle(id, counts as string, TTL)).toBe(counts);
        expect(await store.endings.settle(id, 'another', TTL)).toBe(counts);
      }
      expect(await endings.find(uniqueId())).toBeUndefined();
    });

    test('is forgotten when its time is over', async () => {
      const id = uniqueId();
      await endings.settle(id, 'one', TTL);
      await world.pass(TTL - 10_000);
      expect(await endings.settle(id, 'two', TTL)).toBe('one');
      await world.pass(10_000);
      expect(await endings.find(id)).toBeUndefined();
      expect(await endings.settle(id, 'two', TTL)).toBe('two');
    });
  });
}
