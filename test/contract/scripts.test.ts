import { Redis } from 'ioredis';
import { connect } from '../../src/stores/redis/client.js';
import { createRedisStores } from '../../src/stores/redis/stores.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { uniqueId } from './support/worlds.js';

const TTL = 60_000;

describe('scripts in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ own: true });
  });
  afterAll(() => server.stop());

  test.each([true, false])(
    'those that the server forgot run all the same (auto-pipelining: %s)',
    async (on) => {
      const client = new Redis(server.url, { enableAutoPipelining: on, keyPrefix: 'app:' });
      const stores = createRedisStores(connect(client, 5));
      const ids = [uniqueId(), uniqueId()];
      for (const id of ids) {
        await stores.records.create(id, { version: 1, sealed: Buffer.from('sealed') }, TTL);
        await client.script('FLUSH');
        const removed = await Promise.all([stores.records.remove(id), stores.records.remove(id)]);
        expect(removed.filter((one) => one !== undefined)).toHaveLength(1);
      }
      client.disconnect();
    },
  );

  // Of those in a pipeline, ioredis redirects none when slots have moved: neither the first nor the second must be in one.
  test('those that the server forgot run outside of pipelines', async () => {
    const client = new Redis(server.url, { enableAutoPipelining: true });
    const sent: [name: string, isPipeline: boolean][] = [];
    const send = client.sendCommand;
    client.sendCommand = function (this: Redis, command, stream) {
      sent.push([command.name, stream !== undefined]);
      return send.call(this, command, stream);
    };
    const { records } = createRedisStores(connect(client, 5));
    await client.script('FLUSH');
    sent.length = 0;
    await Promise.all([records.remove(uniqueId()), records.remove(uniqueId())]);
    client.disconnect();
    expect(sent).toEqual([
      ['evalsha', true],
      ['evalsha', true],
      ['eval', false],
      ['eval', false],
    ]);
  });

  test('an app finds its own client, and its pipelines, as they were', async () => {
    const client = new Redis(server.url);
    const before = Object.keys(client.pipeline());
    createRedisStores(connect(client, 5));
    expect(Object.keys(client.pipeline())).toEqual(before);
    client.disconnect();
  });
});
