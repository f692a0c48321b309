import {
  aliyun,
  autoRefresh,
  ConfigurationError,
  oauth2,
  oauthRouter,
  oauthSession,
  oidc,
  requireLogin,
} from '../../src/index.js';
import { ownAuthorizationParams } from '../../src/provider.js';
import { title } from './support/cases.js';

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
