import type { SessionBackend, Stores } from '../../src/stores/contracts.js';
import { fromEverywhere, IDLE_TIMEOUT, uniqueId, type World } from './support/worlds.js';

/** The text of a session as `LoginSessionStore` writes it: the rev first. */
const session = (rev: string, note = '') =>
  JSON.stringify({ oauth: { rev, since: 1, logins: {} }, cookie: {}, note });

export function sessionContract(open: () => World): void {
  describe('sessions', () => {
    let world: World;
    let everywhere: readonly SessionBackend[];
    let sessions: SessionBackend;
    let sid: string;

    beforeAll(() => {
      world = open();
    });
    beforeEach(() => {
      everywhere = world.sessions(IDLE_TIMEOUT);
      sessions = everywhere[0] as SessionBackend;
      sid = uniqueId();
    });

    test('a session is read as it was created, by every process', async () => {
      const text = session('r1', 'é 🔑 \u0000 " \\ \ud800');
      await sessions.create(sid, text);
      for (const backend of everywhere) expect(await backend.read(sid)).toBe(text);
    });

    test('what was never created is not there', async () => {
      expect(await sessions.read(sid)).toBeUndefined();
      expect(await sessions.take(sid)).toBeUndefined();
      expect(await sessions.save(sid, session('r1'), 'r1')).toBe('gone');
      expect(await sessions.swap(sid, session('r1'), session('r2'))).toBe(false);
      expect(await sessions.read(sid)).toBeUndefined();
    });

    test('a session ends when nobody asked for it during the idle timeout', async () => {
      await sessions.create(sid, session('r1'));
      await world.pass(IDLE_TIMEOUT);
      expect(await sessions.read(sid)).toBeUndefined();
    });

    test('a read starts the idle timeout anew', async () => {
      await sessions.create(sid, session('r1'));
      for (let n = 0; n < 3; n++) {
        await world.pass(IDLE_TIMEOUT - 10_000);
        expect(await sessions.read(sid)).toBe(session('r1'));
      }
      await world.pass(IDLE_TIMEOUT);
      expect(await sessions.read(sid)).toBeUndefined();
    });

    test('a peek reads, and starts no idle timeout anew', async () => {
      await sessions.create(sid, session('r1'));
      await world.pass(IDLE_TIMEOUT - 10_000);
      for (const backend of everywhere) expect(await backend.peek(sid)).toBe(session('r1'));
      await world.pass(10_000);
      expect(await sessions.peek(sid)).toBeUndefined();
    });

    test('a save from the present state is kept, and starts the idle timeout anew', async () => {
      await sessions.create(sid, session('r1'));
      await world.pass(IDLE_TIMEOUT - 10_000);
      expect(await sessions.save(sid, session('r1', 'changed'), 'r1')).toBe('saved');
      await world.pass(IDLE_TIMEOUT - 10_000);
      expect(await sessions.read(sid)).toBe(session('r1', 'changed'));
    });

    test('a save from an older state of the logins is told the present one, and changes nothing', async () => {
      await sessions.create(sid, session('r1'));
      await sessions.swap(sid, session('r1'), session('r2', 'présent'));
      expect(await sessions.save(sid, session('r1', 'late'), 'r1')).toEqual({
        current: session('r2', 'présent'),
      });
      expect(await sessions.read(sid)).toBe(session('r2', 'présent'));
    });

    test('revs are compared whole, with every character that they may have', async () => {
      await sessions.create(sid, session('a-_Z9'));
      expect(await sessions.save(sid, session('a'), 'a')).toEqual({ current: session('a-_Z9') });
      expect(await sessions.save(sid, session('a-_Z9'), 'a-_Z')).toEqual({ current: session('a-_Z9') });
      expect(await sessions.save(sid, session('a-_Z9', 'new'), 'a-_Z9')).toBe('saved');
    });

    test('a session without a rev is saved by whoever saw none', async () => {
      const foreign = JSON.stringify({ cookie: {}, oauth: { rev: 'not where it should be' } });
      await sessions.create(sid, foreign);
      expect(await sessions.save(sid, session('r1'), 'r0')).toEqual({ current: foreign });
      expect(await sessions.save(sid, session('r1'), '')).toBe('saved');
    });

    test('a save does not bring back a session that was taken, nor one that timed out', async () => {
      await sessions.create(sid, session('r1'));
      await sessions.take(sid);
      expect(await sessions.save(sid, session('r1'), 'r1')).toBe('gone');
      expect(await sessions.read(sid)).toBeUndefined();

      await sessions.create(sid, session('r1'));
      await world.pass(IDLE_TIMEOUT);
      expect(await sessions.save(sid, session('r1'), 'r1')).toBe('gone');
      expect(await sessions.read(sid)).toBeUndefined();
    });

    test('a swap replaces exactly what was read', async () => {
      await sessions.create(sid, session('r1'));
      expect(await sessions.swap(sid, session('r1', 'other'), session('r2'))).toBe(false);
      expect(await sessions.swap(sid, session('r1'), session('r2'))).toBe(true);
      expect(await sessions.read(sid)).toBe(session('r2'));
    });

    test('of parallel swaps of one state one succeeds', async () => {
      await sessions.create(sid, session('r1'));
      const got = await fromEverywhere(everywhere, 50, (backend, n) =>
        backend.swap(sid, session('r1'), session(`by-${n}`)),
      );
      expect(got.filter(Boolean)).toHaveLength(1);
      expect(await sessions.read(sid)).toBe(session(`by-${got.indexOf(true)}`));
    });

    test('a swap leaves the idle timeout as it is', async () => {
      await sessions.create(sid, session('r1'));
      await world.pass(IDLE_TIMEOUT - 10_000);
      expect(await sessions.swap(sid, session('r1'), session('r2'))).toBe(true);
      await world.pass(10_000);
      expect(await sessions.read(sid)).toBeUndefined();
    });

    test('a swap does not bring back a session that was taken', async () => {
      await sessions.create(sid, session('r1'));
      await sessions.take(sid);
      expect(await sessions.swap(sid, session('r1'), session('r2'))).toBe(false);
      expect(await sessions.read(sid)).toBeUndefined();
    });

    test('of many that take a session at the same time one gets it', async () => {
      await sessions.create(sid, session('r1'));
      const got = await fromEverywhere(everywhere, 50, (backend) => backend.take(sid));
      expect(got.filter((text) => text !== undefined)).toEqual([session('r1')]);
      expect(await sessions.read(sid)).toBeUndefined();
    });

    test('under parallel saves and swaps a session that is taken stays gone', async () => {
      await sessions.create(sid, session('r1'));
      await fromEverywhere<SessionBackend, unknown>(everywhere, 60, (backend, n) => {
        if (n === 30) return backend.take(sid);
        if (n % 2 === 0) return backend.save(sid, session('r1', `${n}`), 'r1');
        return backend.swap(sid, session('r1'), session('r2'));
      });
      expect(await sessions.read(sid)).toBeUndefined();
    });

    test('the ids are those of all sessions that exist, and of nothing else', async () => {
      expect(await sessions.ids()).toEqual([]);
      const ids = Array.from({ length: 25 }, uniqueId);
      for (const id of ids) await sessions.create(id, session('r1'));
      const store = world.stores[0] as Stores;
      await store.records.create(uniqueId(), { version: 1, sealed: Buffer.from('x') }, IDLE_TIMEOUT);
      const taken = ids.pop() as string;
      await sessions.take(taken);
      for (const backend of everywhere) expect((await backend.ids()).sort()).toEqual([...ids].sort());
      await world.pass(IDLE_TIMEOUT);
      expect(await sessions.ids()).toEqual([]);
    });
  });
}
