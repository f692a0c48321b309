import { type Lab, type LabProviders, startLab } from '../../src/testing/index.js';
import { issueExpired, Visitor } from '../support/app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { type AppProcess, startAppProcess } from '../support/start-app-process.js';

let lab: Lab;
let op: LabProviders['oidc'];
let redis: RedisServer;
/** Two that bind tokens to a key, and one as it was before that was switched on. */
let apps: [AppProcess, AppProcess, AppProcess];

beforeAll(async () => {
  [lab, redis] = await Promise.all([startLab({ providers: ['oidc', 'aliyun'] }), startRedis()]);
  op = lab.provider('oidc');
  const { clientId } = op.clients.native;
  const publicClient = { clientId, clientSecret: undefined };
  apps = await Promise.all([
    startAppProcess(lab, redis, { ...publicClient, dpop: true }),
    startAppProcess(lab, redis, { ...publicClient, dpop: true }),
    startAppProcess(lab, redis, publicClient),
  ]);
}, 30_000);
beforeEach(() => op.clearRequests());
afterAll(async () => {
  await Promise.all(apps.map((app) => app.stop()));
  await Promise.all([lab.close(), redis.stop()]);
});

/** Logs in at one process with a token that has expired, and returns the cookies. */
async function logInAt(app: AppProcess): Promise<string> {
  const visitor = new Visitor(app.url, lab);
  issueExpired(op);
  await visitor.logIn('oidc');
  return visitor.cookie;
}

const proofs = () => op.tokenRequests('refresh_token').map(({ headers }) => headers.dpop);

it('a public client whose refresh tokens are bound to a key refreshes in any process, once', async () => {
  const [first, second] = apps;
  const cookie = await logInAt(first);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      fetch(`${index % 2 === 0 ? first.url : second.url}/token`, { headers: { cookie } }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(op.tokenRequests('refresh_token')).toHaveLength(1);
  for (const { url } of [first, second]) {
    expect((await fetch(`${url}/call`, { headers: { cookie } })).status).toBe(200);
  }
});

it('a refresh by another process than that of the login has the proof of the same key', async () => {
  const [first, second] = apps;
  const cookie = await logInAt(first);
  expect((await fetch(`${second.url}/token`, { headers: { cookie } })).status).toBe(200);
  expect(proofs()).toEqual([expect.any(String)]);
});

it('a login goes on as it began, when the option is switched on or off', async () => {
  const [bound, , unbound] = apps;
  for (const [from, to, proof] of [
    [unbound, bound, undefined],
    [bound, unbound, expect.any(String)],
  ] as const) {
    op.clearRequests();
    const cookie = await logInAt(from);
    expect((await fetch(`${to.url}/call`, { headers: { cookie } })).status).toBe(200);
    expect(proofs()).toEqual([proof]);
  }
});
