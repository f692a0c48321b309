import type { OAuthEvent } from '../../src/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import { providerOf, startApp, type TestApp, type Visitor } from '../support/app.js';

let lab: Lab;
let app: TestApp;
let visitor: Visitor;

beforeAll(async () => {
  lab = await startLab({ providers: ['aliyun', 'oidc'] });
});
beforeEach(async () => {
  app = await startApp({ lab, providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')] });
  visitor = app.visitor();
});
afterEach(async () => {
  for (const provider of Object.values(lab.providers)) provider.clearFaults();
  await app.close();
});
afterAll(() => lab.close());

/** All that was told; when, and how long it took, is only judged. */
function told() {
  return app.events.map(({ at, duration, ...event }) => {
    expect(Math.abs(Date.now() - at)).toBeLessThan(60_000);
    if (duration !== undefined) {
      expect(duration).toBeGreaterThanOrEqual(0);
      expect(duration).toBeLessThan(60_000);
    }
    return { ...event, timed: duration !== undefined };
  });
}

const login = expect.stringMatching(/^[\w-]{16,}$/);

it('a login, a refresh and a logout are told, each with its login', async () => {
  lab.provider('aliyun').alter('token', (answer) => ({ ...answer, expires_in: 0 }));
  await visitor.logIn('aliyun');
  lab.provider('aliyun').clearFaults();
  await visitor.get('/token').expect(200);
  await visitor.post('/auth/logout').expect(303);
  expect(told()).toEqual([
    { type: 'login.started', provider: 'aliyun', timed: false },
    { type: 'login.completed', provider: 'aliyun', login, timed: true },
    { type: 'token.refreshed', provider: 'aliyun', login, timed: true },
    { type: 'logout.completed', provider: 'aliyun', login, outcome: 'revoked', timed: true },
  ]);
  const logins = app.events.flatMap((event: OAuthEvent) => event.login ?? []);
  expect(new Set(logins).size).toBe(1);
});

it('a login that fails at the callback is told with the reason', async () => {
  await visitor.get('/auth/callback/aliyun?code=c&state=s').expect(400);
  expect(told()).toEqual([
    { type: 'login.failed', provider: 'aliyun', error: 'transaction_missing', timed: true },
  ]);
});

it('a login that the provider refuses is told with its own code', async () => {
  const callback = await visitor.authorize('aliyun');
  lab.provider('aliyun').fail('token', { status: 400, body: { error: 'invalid_grant' } });
  const answer = await visitor.get(callback, { Accept: 'application/json' }).expect(502);
  expect(answer.body).toMatchObject({ error: 'invalid_grant' });
  expect(told()).toEqual([
    { type: 'login.started', provider: 'aliyun', timed: false },
    {
      type: 'login.failed',
      provider: 'aliyun',
      error: 'invalid_grant',
      providerError: 'invalid_grant',
      timed: true,
    },
  ]);
});

it('a login that cannot begin is told as failed, and not as started', async () => {
  lab.provider('oidc').fail('discovery', { status: 500 });
  await visitor.get('/auth/login/oidc').expect(503);
  expect(told()).toEqual([
    { type: 'login.failed', provider: 'oidc', error: 'provider_unavailable', timed: true },
  ]);
});
