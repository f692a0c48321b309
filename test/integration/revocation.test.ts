import { type Lab, startLab } from '../../src/testing/index.js';
import { providerOf, startApp } from '../support/app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

let lab: Lab;
let redis: RedisServer;

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['aliyun'] }), startRedis()]);
});
afterAll(() => Promise.all([lab.close(), redis.stop()]));

/** What is not a marker that is gone in minutes, and tells nothing. */
const keysOfLogins = async () =>
  (await redis.keys()).filter((key) => !/:kept:|^oauth:(?:used|ended):/.test(key));

it('a logout while the provider is down is sent by another process within a minute, and leaves nothing', async () => {
  const aliyun = lab.provider('aliyun');
  const options = { lab, providers: [providerOf(lab, 'aliyun')], session: { redis: redis.url } };
  const [first, second] = [await startApp(options), await startApp(options)];
  const visitor = first.visitor();
  await visitor.logIn('aliyun');
  // A process that nobody has visited knows of no stores.
  await second.visitor().get('/');
  const { body: tokens } = await visitor.get('/token').expect(200);
  aliyun.down(true);
  await visitor.post('/auth/logout').expect(303);
  await visitor.get('/me').expect(401);
  await first.close();
  expect(await keysOfLogins()).toEqual([
    expect.stringMatching(/^oauth:\{revocations\}:aliyun:[0-9a-f]{8}$/),
    expect.stringMatching(/^oauth:\{revocations\}:aliyun:[0-9a-f]{8}:/),
  ]);
  expect(await redis.dump()).not.toContain(tokens.refreshToken);
  aliyun.down(false);
  aliyun.clearRequests();
  const until = Date.now() + 60_000;
  const revocations = () => aliyun.requests.filter(({ endpoint }) => endpoint === 'revocation');
  while (revocations().length === 0 && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(revocations().map(({ form, status }) => [form?.token, status])).toEqual([
    [tokens.refreshToken, 200],
  ]);
  await second.close();
  expect(second.events).toMatchObject([{ type: 'logout.revocation_retried', outcome: 'revoked' }]);
  expect(await keysOfLogins()).toEqual([]);
}, 90_000);
