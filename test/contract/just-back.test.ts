import { kill } from 'node:process';
import { Cluster, Redis } from 'ioredis';
import type { Stores } from '../../src/stores/contracts.js';
import { type Connection, connect } from '../../src/stores/redis/client.js';
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

function storesOn(redis: Parameters<typeof connect>[0]): Stores & { connection: Connection } {
  const connection = connect(redis, DEADLINE);
  closing.push(() => connection.client.disconnect());
  return { ...createRedisStores(connection), connection };
}

async function ownServer(): Promise<RedisServer> {
  const server = await startRedis({ own: true });
  closing.push(() => server.stop());
  return server;
}

/** For how long nobody gets the lock, in milliseconds, from now on. */
async function pauseOf({ locks }: Stores, id: string): Promise<number> {
  const begin = performance.now();
  await eventually(async () => expect(await locks.acquire(id, 'me', LEASE)).toBe(true));
  return performance.now() - begin;
}

const clients: [string, (url: string) => Parameters<typeof connect>[0]][] = [
  ['a client made from a URL', (url) => url],
  ['a client of the user’s own', (url) => new Redis(url).on('error', () => {})],
];

describe.each(clients)('%s', (_name, makeClient) => {
  test('takes a lock at once when it has just connected', async () => {
    const { locks } = storesOn(makeClient((await ownServer()).url));
    expect(await locks.acquire('one', 'me', LEASE)).toBe(true);
  });

  test('takes no lock for a moment after Redis was gone, though nobody has it', async () => {
    const server = await ownServer();
    const stores = storesOn(makeClient(server.url));
    await stores.records.read('one');
    await server.stop();
    await eventually(async () => expect(stores.connection.client.status).not.toBe('ready'));
    const back = await startRedis({ own: true, port: server.port });
    closing.push(() => back.stop());
    await eventually(() => stores.records.read('one'));
    expect(await stores.locks.acquire('one', 'me', LEASE)).toBe(false);
    expect(await back.keys()).toEqual([]);
    expect(await pauseOf(stores, 'one')).toBeGreaterThan(250);
  });

  test('takes no lock for a moment after Redis was frozen, but writes and lets go of locks', async () => {
    const server = await ownServer();
    const stores = storesOn(makeClient(server.url));
    await stores.locks.acquire('held', 'me', LEASE);
    await stores.records.create('one', { version: 1, sealed: Buffer.from('x') }, LEASE);
    kill(server.pid, 'SIGSTOP');
    await expect(stores.records.read('one')).rejects.toThrow();
    kill(server.pid, 'SIGCONT');
    await eventually(() => stores.records.read('one'));
    expect(await stores.locks.acquire('one', 'me', LEASE)).toBe(false);
    expect(await stores.locks.extend('held', 'me', LEASE)).toBe(true);
    const next = { version: 2, sealed: Buffer.from('x') };
    expect(await stores.records.replace('one', 1, next, LEASE)).toBe('replaced');
    await stores.locks.release('held', 'me');
    expect(await pauseOf(stores, 'held')).toBeGreaterThan(250);
    expect(await stores.locks.acquire('one', 'me', LEASE)).toBe(true);
  });
});

test('a process that starts while Redis is gone takes no lock either for a moment', async () => {
  const server = await ownServer();
  await server.stop();
  const stores = storesOn(server.url);
  await expect(stores.records.read('one')).rejects.toThrow();
  const back = await startRedis({ own: true, port: server.port });
  closing.push(() => back.stop());
  await eventually(() => stores.records.read('one'));
  expect(await stores.locks.acquire('one', 'me', LEASE)).toBe(false);
  expect(await pauseOf(stores, 'one')).toBeGreaterThan(250);
});

test('asking for the lock alone also ends the pause', async () => {
  const server = await ownServer();
  const stores = storesOn(server.url);
  await stores.records.read('one');
  kill(server.pid, 'SIGSTOP');
  await expect(stores.locks.acquire('one', 'me', LEASE)).rejects.toMatchObject({ code: 'store_unavailable' });
  kill(server.pid, 'SIGCONT');
  await pauseOf(stores, 'another');
});

test('when one node of a cluster was frozen, the locks on the others are taken as ever', async () => {
  const cluster = await startCluster();
  closing.push(() => cluster.stop());
  const stores = storesOn(new Cluster(cluster.addresses).on('error', () => {}));
  const admin = new Redis(cluster.masters[0]?.url as string);
  closing.push(() => admin.disconnect());
  // Slots begin with the first master.
  const ids = { frozen: [] as string[], alive: [] as string[] };
  for (let n = 0; n < 40; n++) {
    const slot = (await admin.cluster('KEYSLOT', `{${n}}`)) as number;
    if (slot < 5400) ids.frozen.push(`${n}`);
    else if (slot > 5500) ids.alive.push(`${n}`);
  }
  await stores.records.read('one');
  const frozen = cluster.masters[0] as RedisServer;
  kill(frozen.pid, 'SIGSTOP');
  const [first, second] = ids.frozen as [string, string];
  await expect(stores.records.read(first)).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(await stores.locks.acquire(ids.alive[0] as string, 'me', LEASE)).toBe(true);
  kill(frozen.pid, 'SIGCONT');
  await eventually(() => stores.records.read(first));
  expect(await stores.locks.acquire(second, 'me', LEASE)).toBe(false);
  expect(await stores.locks.acquire(ids.alive[1] as string, 'me', LEASE)).toBe(true);
  expect(await pauseOf(stores, second)).toBeGreaterThan(250);
});
