import { Cluster } from 'ioredis';
import type { SessionBackend, Stores } from '../../src/stores/contracts.js';
import { type Connection, connect } from '../../src/stores/redis/client.js';
import { createRedisSessions } from '../../src/stores/redis/sessions.js';
import { createRedisStores } from '../../src/stores/redis/stores.js';
import { eventually } from '../support/eventually.js';
import { type RedisCluster, startCluster } from '../support/redis-cluster.js';
import { IDLE_TIMEOUT } from './support/worlds.js';

const TTL = 60_000;
const bytes = (text: string) => Buffer.from(text);
const record = (version: number) => ({ version, sealed: bytes('sealed') });

let cluster: RedisCluster;
let connection: Connection;
let stores: Stores;
let sessions: SessionBackend;

beforeAll(async () => {
  cluster = await startCluster();
  connection = connect(new Cluster(cluster.addresses), 5);
  stores = createRedisStores(connection);
  sessions = createRedisSessions(connection, { prefix: 'sess:', idleTimeout: IDLE_TIMEOUT });
});
afterAll(async () => {
  connection.client.disconnect();
  await cluster.stop();
});

/** What happens to keys of one hash tag, before, and while their slot is on its way. */
type Step = [
  before: (tag: string) => Promise<unknown>,
  operate: (tag: string) => Promise<unknown>,
  answer: unknown,
];

const steps: Record<string, Step> = {
  'records.read': [
    (id) => stores.records.create(id, record(3), TTL),
    async (id) => (await stores.records.read(id))?.version,
    3,
  ],
  'records.create': [
    async () => {},
    async (id) => {
      await stores.records.create(id, record(1), TTL);
      return (await stores.records.read(id))?.version;
    },
    1,
  ],
  'records.replace': [
    (id) => stores.records.create(id, record(3), TTL),
    (id) => stores.records.replace(id, 3, record(4), TTL),
    'replaced',
  ],
  'records.replace, with nothing there': [
    async () => {},
    (id) => stores.records.replace(id, 3, record(4), TTL),
    'missing',
  ],
  'records.remove': [
    (id) => stores.records.create(id, record(3), TTL),
    async (id) => (await stores.records.remove(id))?.version,
    3,
  ],
  'transactions.open': [
    async () => {},
    async (id) => {
      await stores.transactions.open(id, 'a', bytes('opened'), TTL, 10);
      return String(await stores.transactions.consume(id, 'a'));
    },
    'opened',
  ],
  'transactions.consume': [
    (id) => stores.transactions.open(id, 'a', bytes('opened'), TTL, 10),
    async (id) => String(await stores.transactions.consume(id, 'a')),
    'opened',
  ],
  'transactions.recall': [
    (id) => stores.transactions.remember(id, 'a', bytes('kept'), TTL),
    async (id) => String(await stores.transactions.recall(id, 'a')),
    'kept',
  ],
  'locks.acquire': [async () => {}, (id) => stores.locks.acquire(id, 'me', TTL), true],
  'locks.acquire, when it is held': [
    (id) => stores.locks.acquire(id, 'you', TTL),
    (id) => stores.locks.acquire(id, 'me', TTL),
    false,
  ],
  'locks.extend': [
    (id) => stores.locks.acquire(id, 'me', TTL),
    (id) => stores.locks.extend(id, 'me', TTL),
    true,
  ],
  'locks.release': [
    (id) => stores.locks.acquire(id, 'me', TTL),
    async (id) => {
      await stores.locks.release(id, 'me');
      return stores.locks.acquire(id, 'you', TTL);
    },
    true,
  ],
  'backoff.readBackoff': [
    (id) => stores.backoff.setBackoff(id, { attempt: 2, until: 5, reason: 'refused' }, TTL),
    async (id) => (await stores.backoff.readBackoff(id))?.attempt,
    2,
  ],
  'sessions.read': [(sid) => sessions.create(sid, '{}'), (sid) => sessions.read(sid), '{}'],
  'sessions.save': [(sid) => sessions.create(sid, '{}'), (sid) => sessions.save(sid, '{"a":1}', ''), 'saved'],
  'sessions.swap': [(sid) => sessions.create(sid, '{}'), (sid) => sessions.swap(sid, '{}', '{"a":1}'), true],
  'sessions.take': [(sid) => sessions.create(sid, '{}'), (sid) => sessions.take(sid), '{}'],
};

/** Tags of their own: `{…}` around them changes no slot. */
const tagOf = (name: string, when: string) => `${name.replace(/\W/g, '')}-${when}`;
const slotOf = (name: string, tag: string) =>
  cluster.slotOf(name.startsWith('sessions') ? `sess:${tag}` : `{${tag}}`);

/** How often the client has been told to go elsewhere, to ask there, or to try again. */
async function redirections(): Promise<number> {
  const { MOVED = 0, ASK = 0, TRYAGAIN = 0 } = await cluster.errors();
  return MOVED + ASK + TRYAGAIN;
}

/**
 * Begins a move, and returns how to end it once the client has been sent on: which it is at its first command, as the keys
 * are elsewhere already.
 */
async function beginMove(slot: number): Promise<() => Promise<void>> {
  const move = await cluster.beginMove(slot);
  const before = await redirections();
  return async () => {
    await eventually(async () => expect(await redirections()).toBeGreaterThan(before));
    await move.finish();
  };
}

describe.each(Object.entries(steps))('%s', (name, [prepare, operate, answer]) => {
  test('is right when the slot has moved since it was last used', async () => {
    const tag = tagOf(name, 'moved');
    await prepare(tag);
    await cluster.moveSlot(await slotOf(name, tag));
    expect(await operate(tag)).toEqual(answer);
  });

  test('is right while the slot is moving', async () => {
    const tag = tagOf(name, 'moving');
    await prepare(tag);
    const finishOnceTold = await beginMove(await slotOf(name, tag));
    const [outcome] = await Promise.all([operate(tag), finishOnceTold()]);
    expect(outcome).toEqual(answer);
  });
});

describe('a client with auto-pipelining, which sends commands for several slots together', () => {
  let pipelining: Connection;
  let records: Stores['records'];

  beforeAll(() => {
    pipelining = connect(new Cluster(cluster.addresses, { enableAutoPipelining: true }), 5);
    records = createRedisStores(pipelining).records;
  });
  afterAll(() => {
    pipelining.client.disconnect();
  });

  const users = Array.from({ length: 30 }, (_, n) => `user-${n}`);

  async function useAll() {
    const replaced = await Promise.all(users.map((id) => records.replace(id, 1, record(2), TTL)));
    expect(new Set(replaced)).toEqual(new Set(['replaced']));
    const found = await Promise.all(users.map((id) => records.read(id)));
    expect(new Set(found.map((each) => each?.version))).toEqual(new Set([2]));
  }

  test('finds the keys of slots that have moved', async () => {
    await Promise.all(users.map((id) => records.create(id, record(1), TTL)));
    for (const id of users.slice(0, 10)) await cluster.moveSlot(await cluster.slotOf(`{${id}}`));
    await useAll();
  });

  test('finds the keys of a slot that is moving', async () => {
    await Promise.all(users.map((id) => records.create(id, record(1), TTL)));
    const finishOnceTold = await beginMove(await cluster.slotOf(`{${users[0]}}`));
    await Promise.all([useAll(), finishOnceTold()]);
  });
});

test('the nodes have really told the client to go elsewhere, to ask, and to try again', async () => {
  expect(Object.keys(await cluster.errors())).toEqual(expect.arrayContaining(['MOVED', 'ASK', 'TRYAGAIN']));
});
