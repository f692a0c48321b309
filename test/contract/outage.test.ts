import { Redis } from 'ioredis';
import { StoreUnavailableError } from '../../src/index.js';
import type { SessionBackend, Stores } from '../../src/stores/contracts.js';
import { type Connection, connect, type RedisOption } from '../../src/stores/redis/client.js';
import { createRedisSessions } from '../../src/stores/redis/sessions.js';
import { createRedisStores } from '../../src/stores/redis/stores.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { IDLE_TIMEOUT } from './support/worlds.js';

/** Seconds for one command. */
const DEADLINE = 0.3;
/** Milliseconds by which a busy machine may be late. */
const PATIENCE = 1500;
const TTL = 60_000;

const record = { version: 1, sealed: Buffer.from('sealed') };
const bytes = Buffer.from('x');

/** A user's client as ioredis makes it by default: it queues commands and tries each of them many times. */
function defaultClient(url: string): Redis {
  const client = new Redis(url);
  client.on('error', () => {});
  return client;
}

const clients: [string, (url: string) => RedisOption][] = [
  ['a client made from a URL', (url) => url],
  ['a client made from options', (url) => ({ host: '127.0.0.1', port: Number(new URL(url).port) })],
  ['a default client of the user’s own', defaultClient],
];

describe.each(clients)('an outage of Redis, seen by %s', (_name, makeClient) => {
  let server: RedisServer;
  let connection: Connection;
  let stores: Stores;
  let sessions: SessionBackend;

  beforeEach(async () => {
    server = await startRedis({ own: true });
    connection = connect(makeClient(server.url), DEADLINE);
    stores = createRedisStores(connection);
    sessions = createRedisSessions(connection, { prefix: 'sess:', idleTimeout: IDLE_TIMEOUT });
    await eventually(() => stores.records.create('one', record, TTL));
    await sessions.create('s', '{}');
  });
  afterEach(async () => {
    connection.client.disconnect();
    await server.stop();
  });

  const commands: Record<string, () => Promise<unknown>> = {
    'records.create': () => stores.records.create('two', record, TTL),
    'records.read': () => stores.records.read('one'),
    'records.replace': () => stores.records.replace('one', 7, record, TTL),
    'records.remove': () => stores.records.remove('two'),
    'transactions.open': () => stores.transactions.open('b', 'a', bytes, TTL, 10),
    'transactions.consume': () => stores.transactions.consume('b', 'a'),
    'transactions.remember': () => stores.transactions.remember('b', 'a', bytes, TTL),
    'transactions.recall': () => stores.transactions.recall('b', 'a'),
    'locks.acquire': () => stores.locks.acquire('one', 'me', TTL),
    'locks.extend': () => stores.locks.extend('one', 'me', TTL),
    'locks.release': () => stores.locks.release('one', 'me'),
    'backoff.readBackoff': () => stores.backoff.readBackoff('one'),
    'backoff.setBackoff': () =>
      stores.backoff.setBackoff('one', { attempt: 1, reason: 'refused', until: 5 }, TTL),
    'revocations.keep': () => stores.revocations.keep('op', 'one', bytes, 5, TTL),
    'revocations.claim': () => stores.revocations.claim('op', 0, 5, 10),
    'revocations.drop': () => stores.revocations.drop('op', 'one'),
    probe: () => stores.probe(),
    'sessions.read': () => sessions.read('s'),
    'sessions.create': () => sessions.create('t', '{}'),
    'sessions.save': () => sessions.save('s', '{}', 'r'),
    'sessions.swap': () => sessions.swap('s', 'a', 'b'),
    'sessions.take': () => sessions.take('t'),
    'sessions.ids': () => sessions.ids(),
  };

  /** No command may answer: "nothing there" would log everybody out. */
  async function everyCommandIsUnavailable(): Promise<void> {
    const begin = performance.now();
    const answers = await Promise.all(
      Object.entries(commands).map(async ([name, command]) => {
        const answer = await command().catch((error: unknown) => error);
        if (!(answer instanceof StoreUnavailableError)) return `${name}: ${String(answer)}`;
        const { status, code, headers } = answer;
        return `${name}: ${status} ${code} ${headers?.['Retry-After']}`;
      }),
    );
    expect(performance.now() - begin).toBeLessThan(DEADLINE * 1000 + PATIENCE);
    expect(answers).toEqual(Object.keys(commands).map((name) => `${name}: 503 store_unavailable 1`));
  }

  test('a frozen server: every command says so in time, and works again as soon as the server does', async () => {
    process.kill(server.pid, 'SIGSTOP');
    await everyCommandIsUnavailable();
    process.kill(server.pid, 'SIGCONT');
    await eventually(async () => expect((await stores.records.read('one'))?.version).toBe(1));
    await eventually(async () => expect(await sessions.read('s')).toBe('{}'));
  });

  test('a server that ended: every command says so in time, and works again when one is back', async () => {
    await server.stop();
    await everyCommandIsUnavailable();
    server = await startRedis({ own: true, port: server.port });
    await eventually(() => stores.records.create('three', record, TTL));
    // Scripts too: the new server has never seen them.
    expect(await stores.records.replace('three', 1, { ...record, version: 2 }, TTL)).toBe('replaced');
    expect((await stores.records.remove('three'))?.version).toBe(2);
    await sessions.create('u', '{}');
    expect(await sessions.save('u', '{"a":1}', '')).toBe('saved');
  });

  test('a server that is not there yet: commands say so in time, and work when it comes', async () => {
    const { port, url } = server;
    await server.stop();
    const early = connect(makeClient(url), DEADLINE);
    const begin = performance.now();
    await expect(createRedisStores(early).records.read('one')).rejects.toThrow(StoreUnavailableError);
    expect(performance.now() - begin).toBeLessThan(DEADLINE * 1000 + PATIENCE);
    server = await startRedis({ own: true, port });
    await eventually(async () => expect(await createRedisStores(early).records.read('one')).toBeUndefined());
    early.client.disconnect();
  });

  test('a server that refuses to write: an error of its own, not a lost login', async () => {
    const admin = new Redis(server.url);
    await admin.config('SET', 'maxmemory', '1');
    await expect(stores.records.create('four', record, TTL)).rejects.toMatchObject({
      code: 'store_unavailable',
      status: 503,
    });
    expect((await stores.records.read('one'))?.version).toBe(1);
    admin.disconnect();
  });
});

test('the first command waits for a connection that is being made', async () => {
  const server = await startRedis();
  const connection = connect(server.url, 5);
  expect(await createRedisStores(connection).records.read('one')).toBeUndefined();
  await connection.close();
  await server.stop();
});

test('closing ends a connection that was opened here, and leaves the user’s own alone', async () => {
  const server = await startRedis();
  const client = new Redis(server.url);
  await connect(client, 5).close();
  expect(await client.ping()).toBe('PONG');
  const ours = connect(server.url, 5);
  await createRedisStores(ours).records.read('one');
  await ours.close();
  await eventually(async () => expect(ours.client.status).toBe('end'));
  client.disconnect();
  await server.stop();
});
