import { type Login, oidc, requireLogin } from '../../../src/index.js';
import { type Lab, startLab } from '../../../src/testing/index.js';
import { startApp, type TestApp, type Visitor, waitFor } from '../../support/app.js';
import { navigation } from './serve.js';

let lab: Lab;
let app: TestApp;
let visitor: Visitor;
let seen: Login[] = [];

const routes = {
  '/any': requireLogin({}),
  '/provider': requireLogin({ provider: 'oidc' }),
  '/scope': requireLogin({ scope: 'email profile' }),
  '/scope-lacking': requireLogin({ scope: ['email', 'admin'] }),
  '/claim': requireLogin({ claims: { email: 'alice@example.com', email_verified: true } }),
  '/claim-one-of': requireLogin({ claims: { email: ['bob@example.com', 'alice@example.com'] } }),
  '/claim-other': requireLogin({ claims: { email: 'bob@example.com' } }),
  '/claim-type': requireLogin({ claims: { email_verified: 'true' } }),
  '/claim-missing': requireLogin({ claims: { groups: 'admin' } }),
  '/claim-inherited': requireLogin({ claims: { constructor: 'x' } }),
  '/check': requireLogin({ check: (login) => seen.push(login) > 0 }),
  '/check-async': requireLogin({ check: async () => true }),
  '/check-no': requireLogin({ check: () => false }),
  '/check-truthy': requireLogin({ check: (() => 'yes') as never }),
  '/check-forgot': requireLogin({ check: (() => {}) as never }),
  '/check-throws': requireLogin({
    check: () => {
      throw new Error('broken');
    },
  }),
  '/recent': requireLogin({ maxAge: 3600 }),
  '/very-recent': requireLogin({ maxAge: 1 }),
};

beforeAll(async () => {
  lab = await startLab({ providers: ['oidc'] });
  const { endpoints, clients } = lab.provider('oidc');
  const { clientId, clientSecret } = clients.web;
  const provider = oidc({ name: 'oidc', issuer: endpoints.issuer as string, clientId, clientSecret });
  app = await startApp({
    lab,
    providers: [provider],
    routes: (server) => {
      for (const [path, guard] of Object.entries(routes)) {
        server.get(path, guard, (_req, res) => void res.send('let through'));
      }
    },
  });
  visitor = app.visitor();
  await visitor.logIn('oidc');
});
beforeEach(() => {
  seen = [];
});
afterAll(async () => {
  await app.close();
  await lab.close();
});

const get = async (path: string, headers: Record<string, string> = { accept: 'application/json' }) => {
  const { status, body, text, headers: received } = await visitor.get(path, headers);
  return {
    status,
    error: body.error as string | undefined,
    passed: text === 'let through',
    headers: received,
  };
};

it.each(['/any', '/provider', '/scope', '/claim', '/claim-one-of', '/check', '/check-async', '/recent'])(
  '%s is open to this login',
  async (path) => {
    expect((await get(path)).passed).toBe(true);
  },
);

it.each([
  ['/scope-lacking', 'insufficient_scope'],
  ['/claim-other', 'claim_mismatch'],
  ['/claim-type', 'claim_mismatch'],
  ['/claim-missing', 'claim_mismatch'],
  ['/claim-inherited', 'claim_mismatch'],
  ['/check-no', 'check_failed'],
  ['/check-truthy', 'check_failed'],
  ['/check-forgot', 'check_failed'],
])('%s is closed to this login: 403 %s', async (path, code) => {
  expect(await get(path)).toMatchObject({ status: 403, error: code, passed: false });
});

it('a check that throws lets nobody pass', async () => {
  expect(await get('/check-throws')).toMatchObject({ status: 500, passed: false });
});

it('a check sees the login, and no token', async () => {
  await get('/check');
  expect(seen).toMatchObject([
    { provider: 'oidc', user: { email: 'alice@example.com' }, scope: ['openid', 'profile', 'email'] },
  ]);
  expect(JSON.stringify(seen)).not.toMatch(/token/i);
});

it('a login that is too old begins anew, and asks the provider to ask the user', async () => {
  await waitFor(async () => !(await get('/very-recent')).passed);
  const { status, headers } = await get('/very-recent', navigation);
  expect(status).toBe(302);
  const location = new URL(headers.location as string);
  expect(location.href).toContain(lab.provider('oidc').endpoints.authorization as string);
  expect(location.searchParams.get('max_age')).toBe('1');
  expect(await get('/very-recent')).toMatchObject({ status: 401, error: 'login_required' });
});
