import express from 'express';
import {
  aliyun,
  autoRefresh,
  ConfigurationError,
  oauth2,
  oauthErrorPage,
  oauthRouter,
  oauthSession,
  oidc,
  type RequireLoginOptions,
  requireLogin,
} from '../../src/index.js';
import { ownAuthorizationParams } from '../../src/provider.js';
import { Browser } from './support/browser.js';
import { title } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import { useStage } from './support/stage.js';

const stage = useStage();
const [dialect] = dialects as [DialectUnderTest];
const client = { clientId: 'id', clientSecret: 'secret' };
const op = { name: 'x', issuer: 'https://op.example.com', ...client };
const none = undefined as never;

/** Mistakes that can be seen when the app starts, so that it does not start. */
const mistakes: [id: string, does: string, make: () => unknown][] = [
  ['guard-undefined', 'guards by options that somebody forgot', () => requireLogin(none)],
  ['guard-null', 'guards by null', () => requireLogin(null as never)],
  ['guard-text', 'guards by a text', () => requireLogin('admin' as never)],
  ['guard-list', 'guards by a list', () => requireLogin([] as never)],
  ['guard-unknown', 'guards by an option that nobody knows', () => requireLogin({ role: 'admin' } as never)],
  ['guard-typo', 'guards by an option with a typing error', () => requireLogin({ scopes: 'admin' } as never)],
  ['guard-scope-undefined', 'guards by a scope that is not there', () => requireLogin({ scope: none })],
  ['guard-scope-null', 'guards by null as a scope', () => requireLogin({ scope: null as never })],
  ['guard-scope-empty', 'guards by an empty scope', () => requireLogin({ scope: '' })],
  ['guard-scope-space', 'guards by a scope of spaces', () => requireLogin({ scope: '  ' })],
  ['guard-scope-none', 'guards by no scopes', () => requireLogin({ scope: [] })],
  ['guard-scope-number', 'guards by a number as a scope', () => requireLogin({ scope: 1 as never })],
  ['guard-claims-undefined', 'guards by claims that are not there', () => requireLogin({ claims: none })],
  ['guard-claims-text', 'guards by a text as claims', () => requireLogin({ claims: 'admin' as never })],
  [
    'guard-claim-undefined',
    'guards by a claim without a value',
    () => requireLogin({ claims: { role: undefined } }),
  ],
  ['guard-claim-null', 'guards by a claim that is null', () => requireLogin({ claims: { role: null } })],
  ['guard-claim-none', 'guards by a claim with no values', () => requireLogin({ claims: { role: [] } })],
  [
    'guard-claim-object',
    'guards by a claim that is an object',
    () => requireLogin({ claims: { role: { is: 'admin' } } }),
  ],
  ['guard-check-undefined', 'guards by a check that is not there', () => requireLogin({ check: none })],
  [
    'guard-check-true',
    'guards by true in the place of a check',
    () => requireLogin({ check: true as never }),
  ],
  [
    'guard-provider-undefined',
    'guards by a provider that is not there',
    () => requireLogin({ provider: none }),
  ],
  ['guard-provider-empty', 'guards by an empty provider', () => requireLogin({ provider: '' })],
  ['guard-max-age-text', 'guards by an age that is a text', () => requireLogin({ maxAge: '60' as never })],
  ['guard-max-age-negative', 'guards by a negative age', () => requireLogin({ maxAge: -1 })],
  ['guard-max-age-nan', 'guards by an age that is no number', () => requireLogin({ maxAge: Number.NaN })],
  ['refresh-undefined', 'refreshes by options that somebody forgot', () => autoRefresh(none)],
  ['alg-none', 'takes id_tokens without a signature', () => oidc({ ...op, idTokenAlgs: ['none'] })],
  [
    'alg-hs256',
    'takes id_tokens that are signed with a secret',
    () => oidc({ ...op, idTokenAlgs: ['RS256', 'HS256'] }),
  ],
  ['alg-empty', 'takes id_tokens by an empty algorithm', () => oidc({ ...op, idTokenAlgs: [''] })],
  ['scope-without-openid', 'asks for no id_token', () => oidc({ ...op, scope: 'profile' })],
  ['secret-empty', 'has an empty secret', () => oidc({ ...op, clientSecret: '' })],
  ['secret-number', 'has a number for a secret', () => oidc({ ...op, clientSecret: 1 as never })],
  [
    'auth-without-secret',
    'says how a secret travels that is not there',
    () => oidc({ name: 'x', issuer: op.issuer, clientId: 'id', clientAuth: 'post' }),
  ],
  ['client-id-missing', 'has no client id', () => oidc({ name: 'x', issuer: op.issuer } as never)],
  [
    'allowed-none',
    'lets nobody in, by an empty list',
    () => aliyun({ ...client, scope: 'openid aliuid', allowedAccounts: [] }),
  ],
  [
    'allowed-without-scope',
    'lets accounts in of which it does not ask',
    () => aliyun({ ...client, allowedAccounts: ['1'] }),
  ],
  [
    'allowed-undefined',
    'lets accounts in that are undefined',
    () => aliyun({ ...client, scope: 'openid aliuid', allowedAccounts: [none] }),
  ],
  [
    'userinfo-missing',
    'cannot know who the user is',
    () =>
      oauth2({
        name: 'x',
        ...client,
        endpoints: { authorization: 'https://op.example.com/a', token: 'https://op.example.com/t' } as never,
      }),
  ],
  ['providers-none', 'has no provider', () => oauthRouter([])],
  ['providers-twice', 'has two providers of one name', () => oauthRouter([oidc(op), oidc(op)])],
  ['provider-made-up', 'has a provider that nobody checked', () => oauthRouter({ ...oidc(op) })],
  [
    'router-unknown',
    'has an option that nobody knows',
    () => oauthRouter(oidc(op), { baseURL: 'https://app.example.com' } as never),
  ],
  [
    'base-url-http',
    'is served over http',
    () => oauthRouter(oidc(op), { baseUrl: 'http://app.example.com' }),
  ],
  [
    'base-url-path',
    'has an origin with a path',
    () => oauthRouter(oidc(op), { baseUrl: 'https://app.example.com/x' }),
  ],
  [
    'after-login-foreign',
    'sends its users away after the login',
    () => oauthRouter(oidc(op), { afterLogin: 'https://evil.example/' }),
  ],
  [
    'after-logout-double-slash',
    'sends its users away after the logout',
    () => oauthRouter(oidc(op), { afterLogout: '//evil.example/' }),
  ],
  [
    'login-page-backslash',
    'has its login page elsewhere',
    () => oauthRouter(oidc(op), { loginPage: '/\\evil.example' }),
  ],
  ['keys-none', 'has no encryption key', () => oauthRouter(oidc(op), { encryptionKeys: [] })],
  ['secret-missing', 'has sessions without a secret', () => oauthSession({} as never)],
  ['secret-list-empty', 'has an empty list of secrets', () => oauthSession({ secret: [] })],
  ...ownAuthorizationParams.map((param): [string, string, () => unknown] => [
    `param-${param}`,
    `sets ${param} itself`,
    () => oidc({ ...op, authorizationParams: { [param]: 'x' } }),
  ]),
];

describe('an app that', () => {
  it.each(
    mistakes.map(
      ([id, does, make]) =>
        [title('refused', { id, does, source: 'OWASP ASVS 5.0 16.5.3, fail closed' }), make] as const,
    ),
  )('%s', (_title, make) => {
    expect(make).toThrow(ConfigurationError);
  });
});

/** Guards that look right, before a user who is logged in and has too little. */
const guards: [id: string, does: string, options: RequireLoginOptions, status: number][] = [
  ['scope', 'wants a scope that was not granted', { scope: 'admin' }, 403],
  ['scope-all', 'wants two scopes, of which one was granted', { scope: 'openid admin' }, 403],
  ['scope-part', 'wants a scope of which another is the beginning', { scope: 'open' }, 403],
  ['scope-inherited', 'wants a scope that is named as a member of lists', { scope: 'constructor' }, 403],
  ['claim', 'wants a claim that the user does not have', { claims: { role: 'admin' } }, 403],
  ['claim-value', 'wants another value of a claim', { claims: { name: 'Bob' } }, 403],
  ['claim-type', 'wants a claim of another type', { claims: { email_verified: 'true' } }, 403],
  ['claim-inherited', 'wants a claim that every object has', { claims: { constructor: 'x' } }, 403],
  [
    'claim-list',
    'wants one of several values, and none is there',
    { claims: { name: ['Bob', 'Carol'] } },
    403,
  ],
  ['check-false', 'checks, and says no', { check: () => false }, 403],
  ['check-truthy', 'checks, and says something', { check: () => 1 as never }, 403],
  ['check-text', 'checks, and says "true"', { check: () => 'true' as never }, 403],
  ['check-promise', 'checks, and promises something', { check: () => Promise.resolve({}) as never }, 403],
  ['check-nothing', 'checks, and says nothing', { check: () => undefined as never }, 403],
  [
    'check-throws',
    'checks, and fails',
    {
      check: () => {
        throw new Error('broken');
      },
    },
    500,
  ],
  ['check-rejects', 'checks, and fails later', { check: () => Promise.reject(new Error('broken')) }, 500],
  ['provider-other', 'wants a login at a provider that is not there', { provider: 'nobody' }, 500],
  ['max-age', 'wants a user who proved themselves this very second, and before', { maxAge: 0 }, 401],
];

describe('a guard that', () => {
  it.each(
    guards.map(
      ([id, does, options, status]) =>
        [title('refused', { id, does, source: 'OWASP ASVS 5.0 8.3' }), options, status] as const,
    ),
  )('%s', async (_title, options, status) => {
    let passed = false;
    const app = await stage().freshApp(
      dialect,
      {},
      {
        routes(it) {
          it.get('/guarded', requireLogin(options), (_req, res) => {
            passed = true;
            res.send('secret');
          });
        },
      },
    );
    const script = { claims: () => ({ auth_time: Math.floor(Date.now() / 1000) - 60 }) };
    const { browser } = await stage().loggedIn(dialect, { app, script });
    const page = await browser.get('/guarded', { accept: 'application/json' });
    expect([page.status, passed]).toEqual([status, false]);
  });

  it(
    title('accepted', { id: 'right', does: 'wants what the user has', source: 'OWASP ASVS 5.0 8.3' }),
    async () => {
      const options = {
        scope: 'openid',
        claims: { name: ['Alice', 'Bob'] },
        check: async () => true,
        maxAge: 3600,
      };
      const app = await stage().freshApp(
        dialect,
        {},
        { routes: (it) => void it.get('/guarded', requireLogin(options), (_req, res) => res.send('secret')) },
      );
      const { browser } = await stage().loggedIn(dialect, { app });
      expect((await browser.get('/guarded')).text).toBe('secret');
    },
  );

  const unmounted: [id: string, does: string, set: (app: express.Express) => void][] = [
    ['no-router', 'runs without a router', (app) => app.use(oauthSession({ secret: 's'.repeat(32) }))],
    ['no-session', 'runs without a session', (app) => app.use(oauthRouter(oidc(op)))],
    ['nothing', 'runs without anything', () => {}],
    [
      'forged',
      'runs behind something that looks like a login',
      (app) =>
        app.use((req, _res, next) => {
          Object.assign(req, { oauth: { loggedIn: true, user: { sub: 'alice' }, logins: [{}] } });
          next();
        }),
    ],
  ];
  it.each(
    unmounted.map(
      ([id, does, set]) =>
        [title('refused', { id, does, source: 'OWASP ASVS 5.0 16.5.3, fail closed' }), set] as const,
    ),
  )('%s', async (_title, set) => {
    const app = express();
    let passed = false;
    set(app);
    app.get('/guarded', requireLogin, (_req, res) => {
      passed = true;
      res.send('secret');
    });
    app.use(oauthErrorPage());
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const page = await new Browser(`http://127.0.0.1:${port}`).get('/guarded', {
      accept: 'application/json',
    });
    server.close();
    expect([page.status, passed]).toEqual([500, false]);
    expect(page.text).toContain('session_missing');
  });
});
