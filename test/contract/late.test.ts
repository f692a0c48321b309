import { connect } from '../../src/stores/redis/client.js';
import { createRedisStores } from '../../src/stores/redis/stores.js';
import { eventually } from '../support/eventually.js';
import { startRedis } from '../support/redis-server.js';

test('a command that was given up is not run when Redis is back', async () => {
  let server = await startRedis({ own: true });
  const connection = connect(server.url, 0.3);
  const stores = createRedisStores(connection);
  await stores.records.read('x');
  await server.stop();
  await eventually(async () => expect(connection.client.status).not.toBe('ready'));
  await expect(stores.locks.acquire('one', 'me', 60_000)).rejects.toThrow();
  server = await startRedis({ own: true, port: server.port });
  await eventually(() => stores.records.read('x'));
  const keys = await server.keys();
  connection.client.disconnect();
  await server.stop();
  expect(keys).toEqual([]);
});
