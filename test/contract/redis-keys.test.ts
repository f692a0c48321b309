import { Redis } from 'ioredis';
import type { Stores } from '../../src/stores/contracts.js';
import { type Connection, connect } from '../../src/stores/redis/client.js';
import { createRedisSessions } from '../../src/stores/redis/sessions.js';
import { createRedisStores } from '../../src/stores/redis/stores.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { IDLE_TIMEOUT, uniqueId } from './support/worlds.js';

const TTL = 60_000;
const record = { version: 1, sealed: Buffer.from('sealed') };

describe('keys in Redis', () => {
  let server: RedisServer;
  let clusterNode: RedisServer;
  let slots: Redis;
  let redis: Redis;
  let connection: Connection;
  let stores: Stores;

  beforeAll(async () => {
    server = await startRedis();
    // Only a server in cluster mode says which slot a key has.
    clusterNode = await startRedis({ args: ['--cluster-enabled', 'yes'] });
    slots = new Redis(clusterNode.url);
    redis = new Redis(server.url);
    connection = connect(server.url, 5);
    stores = createRedisStores(connection);
  });
  afterAll(async () => {
    await connection?.close();
    redis?.disconnect();
    slots?.disconnect();
    await server?.stop();
    await clusterNode?.stop();
  });
  beforeEach(() => server.flush());

  async function fillLogin(id: string): Promise<void> {
    await stores.records.create(id, record, TTL);
    await stores.locks.acquire(id, 'me', TTL);
    await stores.backoff.setBackoff(id, { attempt: 1, reason: 'unavailable', until: 5 }, TTL);
  }

  async function fillBrowser(browser: string): Promise<void> {
    await stores.transactions.open(browser, 'a', Buffer.from('x'), TTL, 10);
    await stores.transactions.open(browser, 'b', Buffer.from('x'), TTL, 10);
    await stores.transactions.remember(browser, 'b', Buffer.from('x'), TTL);
  }

  const login = { id: 'l', provider: 'op', session: 's', subject: 'h', loggedInAt: 1 };

  async function fillIndex(name: string): Promise<void> {
    await stores.index.add(name, { ...login, endsAt: Date.now() + TTL }, { here: 5 }, 10);
    await stores.index.end(name, { here: 1, provider: 1 }, TTL);
  }

  async function slotsOf(keys: readonly string[]): Promise<number[]> {
    const all = keys.map((key) => slots.cluster('KEYSLOT', key) as Promise<number>);
    return [...new Set(await Promise.all(all))];
  }

  test('every key has a time to live, whatever was done to it', async () => {
    const sessions = createRedisSessions(connection, { prefix: 'sess:', idleTimeout: IDLE_TIMEOUT });
    await fillLogin('one');
    await stores.records.replace('one', 1, { ...record, version: 2 }, TTL);
    await stores.locks.extend('one', 'me', TTL);
    await fillBrowser('browser');
    await stores.transactions.consume('browser', 'a');
    const texts = ['r1', 'r2', 'r3'].map((rev) => JSON.stringify({ oauth: { rev } })) as [
      string,
      string,
      string,
    ];
    for (const sid of ['created', 'read', 'saved', 'swapped']) await sessions.create(sid, texts[0]);
    await sessions.read('read');
    await sessions.save('saved', texts[1], 'r1');
    await sessions.swap('swapped', texts[0], texts[2]);
    await fillIndex('name');
    await stores.index.add('name', { ...login, id: 'm', endsAt: Date.now() + TTL / 2 }, { here: 5 }, 10);
    await stores.index.remove('name', 'l');
    await stores.replays.use('jti', TTL);
    await stores.endings.settle('sid', 'logout', TTL);
    await stores.backoff.setBackoff('one', { attempt: 1, reason: 'refused', until: 5 }, TTL);
    await stores.revocations.keep('op', 'one', Buffer.from('x'), 5, TTL);
    await stores.revocations.keep('op', 'two', Buffer.from('x'), 5, TTL / 2);
    await stores.revocations.claim('op', 5, 6, 10);
    await stores.probe();

    const keys = await server.keys();
    expect(keys).toHaveLength(3 + 3 + 4 + 2 + 1 + 1 + 3 + 1);
    for (const key of keys) {
      const left = await redis.pttl(key);
      // That of a lock outlives its lease by five minutes.
      const longest = key.endsWith(':lock') ? TTL + 300_000 : TTL;
      expect([key, left > 0 && left <= longest]).toEqual([key, true]);
    }
  });

  test('Redis ends a key by itself', async () => {
    await stores.records.create('one', record, 30);
    await eventually(async () => expect(await server.keys()).toEqual([]));
    expect(await stores.records.read('one')).toBeUndefined();
  });

  test('all keys of one login share a hash slot', async () => {
    for (let n = 0; n < 20; n++) {
      await server.flush();
      await fillLogin(uniqueId());
      const keys = await server.keys();
      expect(keys).toHaveLength(3);
      expect(await slotsOf(keys)).toHaveLength(1);
    }
  });

  test('all keys of one browser share a hash slot', async () => {
    for (let n = 0; n < 20; n++) {
      await server.flush();
      await fillBrowser(uniqueId());
      const keys = await server.keys();
      expect(keys).toHaveLength(4);
      expect(await slotsOf(keys)).toHaveLength(1);
    }
  });

  test('an index and its mark share a hash slot', async () => {
    for (let n = 0; n < 20; n++) {
      await server.flush();
      await fillIndex(uniqueId());
      const keys = await server.keys();
      expect(keys).toHaveLength(2);
      expect(await slotsOf(keys)).toHaveLength(1);
    }
  });

  test('a user with one login takes as little room in the index as Redis has for a hash', async () => {
    const now = Date.now();
    const [session, id] = ['s'.repeat(32), 'l'.repeat(24)];
    const one = { id, provider: 'aliyun-pds', session, loggedInAt: now, endsAt: now + 14 * 86_400_000 };
    await stores.index.add('name', one, { here: now }, 10);
    expect(await redis.object('ENCODING', 'oauth:index:{name}')).toMatch(/^(?:listpack|ziplist)$/);
    expect(await stores.index.list('name')).toEqual([one]);
  });

  test('adding a login to the index takes one command', async () => {
    await fillIndex('name');
    await redis.config('RESETSTAT');
    await stores.index.add('name', { ...login, endsAt: Date.now() + TTL }, { here: 5 }, 10);
    expect(await redis.info('commandstats')).toContain('cmdstat_evalsha:calls=1,');
  });

  test('keys of different logins are spread over the slots', async () => {
    for (let n = 0; n < 20; n++) await stores.records.create(uniqueId(), record, TTL);
    expect((await slotsOf(await server.keys())).length).toBeGreaterThan(10);
  });

  test('after the removal of a login nothing of it is left', async () => {
    await fillLogin('one');
    await stores.records.remove('one');
    expect(await server.keys()).toEqual([]);
  });

  test('of transactions that gave way nothing is left', async () => {
    for (let n = 0; n < 30; n++) await stores.transactions.open('b', `n${n}`, Buffer.from('x'), TTL, 5);
    expect(await server.keys()).toHaveLength(1 + 5);
    for (let n = 0; n < 30; n++) await stores.transactions.consume('b', `n${n}`);
    expect(await server.keys()).toEqual([]);
  });

  // A failover to a replica, or SCRIPT FLUSH, leaves a server that has never seen them.
  test('scripts are sent again to a server that forgot them', async () => {
    await stores.records.create('one', record, TTL);
    expect(await stores.records.replace('one', 1, { ...record, version: 2 }, TTL)).toBe('replaced');
    await redis.script('FLUSH');
    const all = [2, 3, 4].map((version) =>
      stores.records.replace('one', version, { ...record, version: version + 1 }, TTL),
    );
    expect(await Promise.all(all)).toEqual(['replaced', 'replaced', 'replaced']);
    expect((await stores.records.remove('one'))?.version).toBe(5);
  });

  test('two sets of stores on one client do not get into each other’s way', async () => {
    const client = new Redis(server.url);
    const [first, second] = [connect(client, 5), connect(client, 5)].map(createRedisStores) as [
      Stores,
      Stores,
    ];
    await first.records.create('one', record, TTL);
    expect(await second.records.replace('one', 1, { ...record, version: 2 }, TTL)).toBe('replaced');
    expect((await first.records.remove('one'))?.version).toBe(2);
    client.disconnect();
  });

  it('lists sessions by their prefix to the letter, however many keys there are', async () => {
    const of = (prefix: string) => createRedisSessions(connection, { prefix, idleTimeout: IDLE_TIMEOUT });
    const strange = of('a[bc]*?\\^-:');
    const ids = Array.from({ length: 2500 }, () => uniqueId());
    await Promise.all(ids.map((id) => strange.create(id, '{}')));
    await of('ab').create('*?\\^-:other', '{}');
    await of('').create('a[bc]xy\\^-:other', '{}');
    expect((await strange.ids()).sort()).toEqual(ids.sort());
    expect(await of('none:').ids()).toEqual([]);
  });
});
