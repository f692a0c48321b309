import { type Clock, systemClock } from '../clock.js';
import {
  type Backoff,
  type RevocationStore,
  revOf,
  type SessionBackend,
  type StoredRecord,
  type Stores,
} from './contracts.js';
import { ExpiringMap } from './expiring-map.js';
import { createMemoryIndex } from './memory-index.js';

/** Everything in the memory of this process: for development and tests. */
export function createMemoryStores(clock: Clock = systemClock): Stores {
  const records = new ExpiringMap<StoredRecord>(clock);
  const values = new ExpiringMap<Uint8Array>(clock);
  const browsers = new ExpiringMap<string[]>(clock);
  const leases = new ExpiringMap<string>(clock);
  const backoffs = new ExpiringMap<Backoff>(clock);
  const used = new ExpiringMap<true>(clock);
  const endings = new ExpiringMap<string>(clock);
  const open = (browser: string, id: string) => `open ${browser} ${id}`;
  const kept = (browser: string, id: string) => `kept ${browser} ${id}`;
  return {
    records: {
      create: async (id, record, ttl) => records.set(id, record, ttl),
      read: async (id) => records.get(id),
      async replace(id, version, record, ttl) {
        const current = records.get(id);
        if (!current) return 'missing';
        if (current.version !== version) return 'conflict';
        records.set(id, record, ttl);
        backoffs.take(id);
        return 'replaced';
      },
      async remove(id, version) {
        if (version !== undefined && records.get(id)?.version !== version) return undefined;
        leases.take(id);
        backoffs.take(id);
        return records.take(id);
      },
    },
    transactions: {
      async open(browser, id, value, ttl, limit) {
        const ids = (browsers.get(browser) ?? []).filter(
          (one) => values.get(open(browser, one)) !== undefined,
        );
        ids.push(id);
        for (const oldest of ids.splice(0, ids.length - limit)) values.take(open(browser, oldest));
        browsers.set(browser, ids, ttl);
        values.set(open(browser, id), value, ttl);
      },
      consume: async (browser, id) => values.take(open(browser, id)),
      remember: async (browser, id, value, ttl) => values.set(kept(browser, id), value, ttl),
      recall: async (browser, id) => values.get(kept(browser, id)),
    },
    locks: {
      async acquire(id, owner, lease) {
        if (leases.get(id) !== undefined) return false;
        leases.set(id, owner, lease);
        return true;
      },
      async extend(id, owner, lease) {
        const holder = leases.get(id);
        const free = holder === undefined && records.get(id) !== undefined;
        if (holder !== owner && !free) return false;
        leases.set(id, owner, lease);
        return true;
      },
      async release(id, owner) {
        if (leases.get(id) === owner) leases.take(id);
      },
    },
    backoff: {
      readBackoff: async (id) => backoffs.get(id),
      setBackoff: async (id, backoff, ttl) => backoffs.set(id, backoff, ttl),
    },
    revocations: memoryRevocations(clock),
    index: createMemoryIndex(clock),
    endings: {
      async settle(id, ending, ttl) {
        const said = endings.get(id);
        if (said === undefined) endings.set(id, ending, ttl);
        return said ?? ending;
      },
      find: async (id) => endings.get(id),
    },
    replays: {
      isUsed: async (id) => used.get(id) === true,
      async use(id, ttl) {
        if (used.get(id)) return false;
        used.set(id, true, ttl);
        return true;
      },
    },
    probe: async () => {},
  };
}

function memoryRevocations(clock: Clock): RevocationStore {
  const waiting = new ExpiringMap<{ queue: string; id: string; sealed: Uint8Array; dueAt: number }>(clock);
  const key = (queue: string, id: string) => `${queue} ${id}`;
  return {
    keep: async (queue, id, sealed, dueAt, ttl) =>
      waiting.set(key(queue, id), { queue, id, sealed, dueAt }, ttl),
    async claim(queue, now, heldUntil, limit) {
      const all = waiting.keys().flatMap((one) => waiting.get(one) ?? []);
      const due = all.filter((one) => one.queue === queue && one.dueAt <= now).slice(0, limit);
      for (const one of due) waiting.put(key(queue, one.id), { ...one, dueAt: heldUntil });
      return due;
    },
    async drop(queue, id) {
      waiting.take(key(queue, id));
    },
  };
}

/** Sessions in the memory of this process. */
export function createMemorySessions(idleTimeout: number, clock: Clock = systemClock): SessionBackend {
  const sessions = new ExpiringMap<string>(clock);
  return {
    async read(sid) {
      const text = sessions.get(sid);
      if (text !== undefined) sessions.set(sid, text, idleTimeout);
      return text;
    },
    peek: async (sid) => sessions.get(sid),
    create: async (sid, text) => sessions.set(sid, text, idleTimeout),
    async save(sid, text, rev) {
      const current = sessions.get(sid);
      if (current === undefined) return 'gone';
      if (revOf(current) !== rev) return { current };
      sessions.set(sid, text, idleTimeout);
      return 'saved';
    },
    async swap(sid, before, after) {
      if (sessions.get(sid) !== before) return false;
      sessions.put(sid, after);
      return true;
    },
    take: async (sid) => sessions.take(sid),
    ids: async () => sessions.keys(),
  };
}
