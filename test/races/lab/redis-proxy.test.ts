import { Redis } from 'ioredis';
import type { LockStore } from '../../../src/stores/contracts.js';
import { connect } from '../../../src/stores/redis/client.js';
import { createRedisStores } from '../../../src/stores/redis/stores.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { type RedisProxy, startRedisProxy } from './redis-proxy.js';
import { RespSplitter, wordsOf } from './resp.js';

const LOCK = 'oauth:login:{a}:lock';
let redis: RedisServer;
let direct: Redis;
let proxy: RedisProxy;
let client: Redis;
let locks: LockStore;

beforeAll(async () => {
  redis = await startRedis();
  direct = new Redis(redis.url);
});
beforeEach(async () => {
  await redis.flush();
  proxy = await startRedisProxy(() => redis.port);
  const { pathname } = new URL(redis.url);
  client = new Redis(`redis://127.0.0.1:${proxy.faults.port}${pathname}`, {
    retryStrategy: null,
    disconnectTimeout: 100,
    enableAutoPipelining: true,
  });
  client.on('error', () => {});
  locks = createRedisStores(connect(client, 2)).locks;
});
afterEach(async () => {
  client.disconnect();
  await proxy.faults.close();
});
afterAll(async () => {
  direct.disconnect();
  await redis.stop();
});

it('cuts a stream into messages, wherever its pieces end', () => {
  const messages = [
    '*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n',
    '+OK\r\n',
    '$-1\r\n',
    '*1\r\n*1\r\n:7\r\n',
    '-ERR no\r\n',
  ];
  const stream = Buffer.from(messages.join(''));
  for (let size = 1; size < stream.length; size += 1) {
    const splitter = new RespSplitter();
    const found: string[] = [];
    for (let at = 0; at < stream.length; at += size) {
      found.push(...splitter.push(stream.subarray(at, at + size)).map(String));
    }
    expect(found).toEqual(messages);
  }
  expect(wordsOf(Buffer.from(messages[0] as string))).toEqual(['GET', 'a\r\nb']);
});

it('tells of each command before Redis sees it and after', async () => {
  // The first time a script is sent twice: by its hash, and in full.
  await locks.acquire('another', 'me', 1000);
  const seen: string[] = [];
  proxy.watch = ({ moment, kind }) => {
    seen.push(`${moment} ${kind}`);
    return undefined;
  };
  await Promise.all([
    locks.acquire('a', 'me', 1000),
    client.get('oauth:login:{a}'),
    client.get('oauth:login:{a}:backoff'),
  ]);
  const kinds = ['acquire lock', 'read record', 'read backoff'];
  expect(seen.filter((one) => one.startsWith('before') && !one.endsWith('other'))).toEqual(
    kinds.map((kind) => `before ${kind}`),
  );
  expect(seen.filter((one) => one.startsWith('after') && !one.endsWith('other'))).toEqual(
    kinds.map((kind) => `after ${kind}`),
  );
});

it('does not take a command that failed for one that was executed', async () => {
  const seen: string[] = [];
  proxy.watch = ({ moment, kind }) => {
    if (kind === 'release lock') seen.push(moment);
    return undefined;
  };
  await expect(client.evalsha('0'.repeat(40), 1, LOCK, 'me')).rejects.toThrow('NOSCRIPT');
  expect(await client.eval('return redis.call("DEL", KEYS[1])', 1, LOCK, 'me')).toBe(0);
  expect(seen).toEqual(['before', 'before', 'after']);
});

it.each([
  ['before', null],
  ['after', 'me'],
] as const)('cuts the connection %s a command', async (moment, stored) => {
  proxy.watch = (passage) =>
    passage.moment === moment && passage.kind === 'acquire lock' ? 'cut' : undefined;
  await expect(locks.acquire('a', 'me', 10_000)).rejects.toThrow();
  expect(await direct.get(LOCK)).toBe(stored);
});

it('holds a command back until its promise resolves', async () => {
  let letGo = () => {};
  const held = new Promise<undefined>((resolve) => {
    letGo = () => resolve(undefined);
  });
  proxy.watch = ({ moment, kind }) => (moment === 'before' && kind === 'acquire lock' ? held : undefined);
  const setting = locks.acquire('a', 'me', 10_000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await direct.get(LOCK)).toBeNull();
  letGo();
  await setting;
  expect(await direct.get(LOCK)).toBe('me');
});
