import { randomBytes } from 'node:crypto';
import { Cluster, Redis } from 'ioredis';
import type { SessionBackend, Stores } from '../../../src/stores/contracts.js';
import { createMemorySessions, createMemoryStores } from '../../../src/stores/memory.js';
import { type Connection, connect, type RedisOption } from '../../../src/stores/redis/client.js';
import { createRedisSessions } from '../../../src/stores/redis/sessions.js';
import { createRedisStores } from '../../../src/stores/redis/stores.js';
import { makeCertificate } from '../../support/certificate.js';
import { freePort } from '../../support/free-port.js';
import { startCluster } from '../../support/redis-cluster.js';
import { aclRule } from '../../support/redis-docs.js';
import { startSentinel } from '../../support/redis-sentinel.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';

/** One kind of store, seen by several processes at once, in a time that the test moves. */
export interface World {
  /** The same stores, as each of several processes has them. */
  readonly stores: readonly Stores[];
  /** The same sessions, as each of several processes has them. */
  sessions(idleTimeout: number): readonly SessionBackend[];
  /** Lets so many milliseconds pass. */
  pass(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

const PROCESSES = 4;

export const IDLE_TIMEOUT = 60_000;

/** Every store that we ship, and the ways to reach Redis that users have. */
export const worlds: [name: string, open: () => Promise<World>][] = [
  ['memory', memory],
  ['Redis by URL', redisByUrl],
  ['a Redis client with a key prefix', redisWithKeyPrefix],
  ['a Redis client that says numbers in strings', redisWithStringNumbers],
  ['Redis over TLS', redisOverTls],
  ['a Redis user who may do no more than the documentation says', redisWithAcl],
  ['Redis behind Sentinel', redisBehindSentinel],
  ['Redis Cluster', redisCluster],
];

async function memory(): Promise<World> {
  let now = Date.now();
  const clock = { now: () => now, sleep: async () => {} };
  const stores = createMemoryStores(clock);
  return {
    stores: Array<Stores>(PROCESSES).fill(stores),
    sessions: (idleTimeout) =>
      Array<SessionBackend>(PROCESSES).fill(createMemorySessions(idleTimeout, clock)),
    pass: async (milliseconds) => {
      now += milliseconds;
    },
    close: async () => {},
  };
}

async function redisByUrl(): Promise<World> {
  const server = await startRedis();
  return onRedis([server], server.stop, () => server.url);
}

async function redisWithKeyPrefix(): Promise<World> {
  const server = await startRedis();
  return onRedis([server], server.stop, () => new Redis(server.url, { keyPrefix: 'app:' }));
}

async function redisWithStringNumbers(): Promise<World> {
  const server = await startRedis();
  return onRedis([server], server.stop, () => new Redis(server.url, { stringNumbers: true }));
}

async function redisOverTls(): Promise<World> {
  const certificate = await makeCertificate();
  const port = await freePort();
  const files = ['--tls-cert-file', certificate.certFile, '--tls-key-file', certificate.keyFile];
  const args = ['--tls-port', `${port}`, ...files, '--tls-auth-clients', 'no'];
  const server = await startRedis({ args });
  const stop = async () => {
    await server.stop();
    await certificate.remove();
  };
  return onRedis([server], stop, () => ({ host: '127.0.0.1', port, tls: { ca: certificate.cert } }));
}

async function redisWithAcl(): Promise<World> {
  const server = await startRedis({ own: true });
  const admin = new Redis(server.url);
  await admin.call('ACL', 'SETUSER', 'logins', 'on', '>secret', ...aclRule());
  admin.disconnect();
  return onRedis([server], server.stop, () => server.url.replace('//', '//logins:secret@'), 'sess:');
}

async function redisBehindSentinel(): Promise<World> {
  const sentinel = await startSentinel();
  // What is aged on the master is aged on its replicas.
  return onRedis(sentinel.servers.slice(0, 1), sentinel.stop, () => sentinel.options);
}

async function redisCluster(): Promise<World> {
  const cluster = await startCluster();
  return onRedis(cluster.nodes, cluster.stop, () => new Cluster(cluster.addresses));
}

export async function onRedis(
  nodes: readonly RedisServer[],
  stop: () => Promise<void>,
  client: () => RedisOption,
  prefixes = 'sess-',
): Promise<World> {
  const observers = nodes.map((node) => new Redis(node.url));
  const connections: Connection[] = [];
  for (let i = 0; i < PROCESSES; i++) connections.push(connect(client(), 5));
  return {
    stores: connections.map(createRedisStores),
    sessions(idleTimeout) {
      const prefix = `${prefixes}${uniqueId()}:`;
      return connections.map((connection) => createRedisSessions(connection, { prefix, idleTimeout }));
    },
    async pass(milliseconds) {
      for (const observer of observers) await age(observer, milliseconds);
    },
    async close() {
      for (const { client } of connections) client.disconnect();
      for (const observer of observers) observer.disconnect();
      await stop();
    },
  };
}

/** Takes time from every key, which must have some: what has no time to live stays for ever. */
async function age(redis: Redis, milliseconds: number): Promise<void> {
  for (const key of await redis.keys('*')) {
    const left = await redis.pttl(key);
    if (left === -1) throw new Error(`${key} has no time to live`);
    if (left !== -2) await redis.pexpire(key, left - milliseconds);
  }
}

/** An id that no other test uses. */
export function uniqueId(): string {
  return randomBytes(12).toString('base64url');
}

/** Calls from all processes at the same time, `times` in all. */
export function fromEverywhere<S, T>(
  processes: readonly S[],
  times: number,
  call: (process: S, n: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, (_, n) => call(processes[n % processes.length] as S, n)));
}

/** Every byte there is, and what looks like our own framing. */
export const AWKWARD_BYTES = Buffer.concat([
  Buffer.from('7:1700000000000:\r\n$3\r\n\0'),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x3a, 0x00]),
]);
