import { Redis } from 'ioredis';
import { type Connection, connect, type RedisOption } from '../../src/stores/redis/client.js';
import { createRedisStores } from '../../src/stores/redis/stores.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { type Switchboard, startSwitchboard } from '../support/switchboard.js';

/** Seconds for one command. */
const DEADLINE = 0.3;
const TTL = 60_000;

const record = (version: number) => ({ version, sealed: Buffer.from('sealed') });

function defaultClient(url: string): Redis {
  const client = new Redis(url);
  client.on('error', () => {});
  return client;
}

const clients: [string, (url: string) => RedisOption][] = [
  ['a client made from a URL', (url) => url],
  ['a default client of the user’s own', defaultClient],
];

describe.each(clients)('%s', (_name, makeClient) => {
  let server: RedisServer;
  let other: RedisServer;
  let board: Switchboard;
  let connection: Connection;

  beforeEach(async () => {
    const args = ['--repl-diskless-sync-delay', '0'];
    [server, other] = await Promise.all([startRedis({ own: true }), startRedis({ args })]);
    board = await startSwitchboard(server.port);
    connection = connect(makeClient(board.url), DEADLINE);
    await createRedisStores(connection).records.create('one', record(1), TTL);
  });
  afterEach(async () => {
    connection.client.disconnect();
    await board.close();
    await Promise.all([server.stop(), other.stop()]);
  });

  test('leaves a connection on which nothing comes any more, and keeps what listens to the client', async () => {
    const { records } = createRedisStores(connection);
    let readies = 0;
    connection.client.on('ready', () => {
      readies += 1;
    });
    board.holdAll();
    await expect(records.read('one')).rejects.toMatchObject({ code: 'store_unavailable' });
    await eventually(async () => expect((await records.read('one'))?.version).toBe(1));
    expect(readies).toBe(1);
  });

  test('leaves a connection that is not even greeted', async () => {
    const { records } = createRedisStores(connection);
    board.delay = 60_000;
    board.holdAll();
    await expect(records.read('one')).rejects.toMatchObject({ code: 'store_unavailable' });
    await eventually(async () => expect(board.connections).toBeGreaterThan(1));
    // The second connection is the silent one now.
    board.delay = 0;
    board.holdAll();
    await eventually(async () => expect((await records.read('one'))?.version).toBe(1));
  });

  test('stays on a connection that is only slow', async () => {
    const { records } = createRedisStores(connection);
    board.delay = 250;
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, async (_, n) => {
        await new Promise((resolve) => setTimeout(resolve, 40 * n));
        return records.read('one');
      }),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    expect(board.connections).toBe(1);
  });

  test('leaves a server that has become the replica of another one', async () => {
    const { records } = createRedisStores(connection);
    const admin = new Redis(server.url);
    const elsewhere = connect(other.url, 5);
    await createRedisStores(elsewhere).records.create('two', record(7), TTL);
    await elsewhere.close();
    // As behind a name or an address that moves: the old connection still leads to the old server.
    board.target = other.port;
    await admin.replicaof('127.0.0.1', other.port);
    await eventually(async () => expect(await records.replace('two', 7, record(8), TTL)).toBe('replaced'));
    admin.disconnect();
  });

  test('a client that is not to connect by itself connects with the first command', async () => {
    const lazy = connect(new Redis(board.url, { lazyConnect: true, enableOfflineQueue: false }), 5);
    expect((await createRedisStores(lazy).records.read('one'))?.version).toBe(1);
    lazy.client.disconnect();
  });
});

test('a client of the user’s own that ended is not woken up', async () => {
  const server = await startRedis();
  const client = new Redis(server.url);
  await client.ping();
  client.disconnect();
  await eventually(async () => expect(client.status).toBe('end'));
  const { records } = createRedisStores(connect(client, 60));
  await expect(records.read('one')).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(client.status).toBe('end');
  await server.stop();
});

test('a closed connection leaves nothing behind on the user’s client', async () => {
  const server = await startRedis();
  const client = new Redis(server.url);
  const before = client.eventNames();
  const connection = connect(client, 5);
  await createRedisStores(connection).records.read('one');
  await connection.close();
  expect(client.eventNames()).toEqual(before);
  expect(await client.ping()).toBe('PONG');
  client.disconnect();
  await server.stop();
});
