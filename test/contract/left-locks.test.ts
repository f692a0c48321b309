import { kill } from 'node:process';
import { Cluster } from 'ioredis';
import type { LockStore, Stores } from '../../src/stores/contracts.js';
import { connect } from '../../src/stores/redis/client.js';
import { createRedisStores } from '../../src/stores/redis/stores.js';
import { eventually } from '../support/eventually.js';
import { startCluster } from '../support/redis-cluster.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const DEADLINE = 0.3;
const LEASE = 60_000;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function storesOn(redis: Parameters<typeof connect>[0]): Stores {
  const connection = connect(redis, DEADLINE);
  closing.push(() => connection.client.disconnect());
  return createRedisStores(connection);
}

async function ownServer(): Promise<RedisServer> {
  const server = await startRedis({ own: true });
  closing.push(() => server.stop());
  return server;
}

/** Stops a server as it is. One command may still slip through. */
async function freeze(server: RedisServer, { records }: Stores): Promise<void> {
  kill(server.pid, 'SIGSTOP');
  await eventually(() => expect(records.read('one')).rejects.toMatchObject({ code: 'store_unavailable' }));
}

/** A lease that has run out, and was not given back. */
async function leave({ locks, records }: Stores, id: string, owner: string): Promise<void> {
  await records.create(id, { version: 1, sealed: Buffer.from('x') }, LEASE);
  expect(await locks.acquire(id, owner, 1)).toBe(true);
  const end = Date.now() + 1;
  await eventually(async () => expect(Date.now()).toBeGreaterThan(end));
}

/** Asks for a lock all the time, and says for how many milliseconds it was refused. */
async function refusalOf(locks: LockStore, id: string, owner: string): Promise<number> {
  const begin = performance.now();
  await eventually(async () => expect(await locks.acquire(id, owner, LEASE)).toBe(true));
  return performance.now() - begin;
}

describe.each([
  ['one server', async () => (await ownServer()).url],
  [
    'a cluster',
    async () => {
      const cluster = await startCluster();
      closing.push(() => cluster.stop());
      return new Cluster(cluster.addresses).on('error', () => {});
    },
  ],
] as const)('%s', (_name, start) => {
  test('a lease that ran out is its holder’s for a moment more, counted from the first who wants it', async () => {
    const redis = await start();
    const [holder, other] = [storesOn(redis), storesOn(redis)];
    await leave(holder, 'one', 'holder');
    expect(await other.locks.acquire('one', 'other', LEASE)).toBe(false);
    expect(await holder.locks.extend('one', 'holder', 1)).toBe(true);
    // Who asks all the time does not make the moment last longer.
    expect(await refusalOf(other.locks, 'one', 'other')).toBeGreaterThan(250);
    expect(await holder.locks.extend('one', 'holder', LEASE)).toBe(false);
  });

  test('a lease that was given back is free at once', async () => {
    const redis = await start();
    const [holder, other] = [storesOn(redis), storesOn(redis)];
    await leave(holder, 'one', 'holder');
    await holder.locks.release('one', 'holder');
    expect(await other.locks.acquire('one', 'other', LEASE)).toBe(true);
  });

  test('the lease of a login that is gone is left by nobody', async () => {
    const stores = storesOn(await start());
    await leave(stores, 'one', 'holder');
    await stores.records.remove('one');
    expect(await stores.locks.extend('one', 'holder', LEASE)).toBe(false);
    expect(await stores.locks.acquire('one', 'other', LEASE)).toBe(true);
  });
});

test('a lease that ran out while Redis was frozen is renewed before a process that has just started gets it', async () => {
  const server = await ownServer();
  const holder = storesOn(server.url);
  await leave(holder, 'one', 'holder');
  await freeze(server, holder);
  const newcomer = storesOn(server.url);
  const wanted = newcomer.locks.acquire('one', 'newcomer', LEASE).catch(() => false);
  kill(server.pid, 'SIGCONT');
  expect(await wanted).toBe(false);
  await eventually(async () => expect(await holder.locks.extend('one', 'holder', LEASE)).toBe(true));
  expect(await newcomer.locks.acquire('one', 'newcomer', LEASE)).toBe(false);
});

test('after an outage a lock that nobody has is taken at once', async () => {
  const server = await ownServer();
  const stores = storesOn(server.url);
  await freeze(server, stores);
  await expect(stores.locks.acquire('one', 'me', LEASE)).rejects.toMatchObject({ code: 'store_unavailable' });
  kill(server.pid, 'SIGCONT');
  await eventually(() => stores.records.read('one'));
  expect(await stores.locks.acquire('another', 'me', LEASE)).toBe(true);
});
