import { aliyun, oauth2, oidc } from '../../../src/index.js';
import { expectRefusal, type Misuse, misuses, notA, refusal, SECRET, SECRET_NUMBER } from './misuse.js';

/** What every factory takes. */
const common = {
  name: ['', 'With Capitals', 'a/b', '-a', 'a'.repeat(33), 5, null, {}],
  title: notA.string,
  endpoints: notA.object,
  'endpoints.token': notA.url,
  'endpoints.jwks': ['http://keys.example.com', 'keys'],
  pkce: notA.boolean,
  authorizationParams: notA.object,
  'authorizationParams.prompt': [5, null, true, []],
  // Ours, whoever asks for them.
  'authorizationParams.state': ['fixed'],
  'authorizationParams.nonce': ['fixed'],
  'authorizationParams.scope': ['all'],
  'authorizationParams.client_id': ['x'],
  'authorizationParams.redirect_uri': ['https://evil.example/'],
  'authorizationParams.response_type': ['token'],
  'authorizationParams.response_mode': ['fragment'],
  'authorizationParams.code_challenge': ['x'],
  'authorizationParams.code_challenge_method': ['plain'],
  'authorizationParams.request': ['x'],
  'authorizationParams.request_uri': ['https://evil.example/'],
  redirectUri: [...notA.url, '/callback', 'https://example.com/cb?x=1'],
  apiOrigins: notA.origin,
  clientId: [undefined, ...notA.string],
  clientSecret: notA.string,
  client_id: ['x'],
  unheard: [1],
};

const aliyunBase = { clientId: '1', clientSecret: SECRET };
describe('aliyun refuses at construction', () => {
  it.each([
    ...misuses(aliyun, aliyunBase, {
      ...common,
      site: ['us', '', null, 5],
      scope: [...notA.words, '', 'profile', ['aliuid']],
      accessType: ['on', null, 5],
      prompt: ['consent', 'login', null, 5],
      allowedAccounts: ['', [], [SECRET_NUMBER], SECRET_NUMBER, null, {}, '123'],
      'authorizationParams.access_type': ['online'],
      'endpoints.issuer': notA.url,
    }),
    ['prompt in two places', 'prompt', () => aliyun({ ...aliyunBase, authorizationParams: { prompt: 'x' } })],
    [
      'allowedAccounts without the scope that tells the account',
      'allowedAccounts',
      () => aliyun({ ...aliyunBase, allowedAccounts: ['1'] }),
    ],
  ] satisfies Misuse[])('%s', (_title, option, make) => expectRefusal(option, make));
});

const oidcBase = { name: 'op', issuer: 'https://op.example.com', clientId: '1', clientSecret: SECRET };
describe('oidc refuses at construction', () => {
  it.each([
    ...misuses(oidc, oidcBase, {
      ...common,
      name: [undefined, ...common.name],
      issuer: [undefined, ...notA.url],
      scope: [...notA.words, '', [], 'profile email'],
      clientAuth: ['Basic', 'none', null, 5],
      responseMode: ['fragment', 'jwt', null],
      idTokenAlgs: ['none', 'HS256', ['RS256', 'HS512'], ['RS257'], [], '', 5, null, {}],
      audiences: ['', [''], [5], 5, null],
      userinfo: ['sometimes', true, null],
    }),
    [
      'a way to send a secret, and no secret',
      'clientSecret',
      () => oidc({ name: 'op', issuer: 'https://op.example.com', clientId: '1', clientAuth: 'post' }),
    ],
    [
      'two issuers',
      'issuer',
      () => oidc({ ...oidcBase, endpoints: { issuer: 'https://other.example.com' } }),
    ],
  ] satisfies Misuse[])('%s', (_title, option, make) => expectRefusal(option, make));
});

const endpoints = {
  authorization: 'https://as.example.com/authorize',
  token: 'https://as.example.com/token',
  userinfo: 'https://as.example.com/me',
};
const oauth2Base = { name: 'as', clientId: '1', clientSecret: SECRET, endpoints };
describe('oauth2 refuses at construction', () => {
  it.each([
    ...misuses(oauth2, oauth2Base, {
      ...common,
      name: [undefined, ...common.name],
      endpoints: [undefined, ...notA.object],
      scope: notA.words,
      clientAuth: ['Basic', 'none', null, 5],
      claims: notA.object,
      'claims.subject': ['', [], [''], 5, null],
      'claims.picture': ['', 5],
      'claims.phone': ['tel'],
    }),
    ...(['authorization', 'token', 'userinfo'] as const).map(
      (missing): Misuse => [
        `no ${missing} endpoint`,
        `endpoints.${missing}`,
        () => {
          const { [missing]: _, ...others } = endpoints;
          return oauth2({ ...oauth2Base, endpoints: others as typeof endpoints });
        },
      ],
    ),
    [
      'a way to send a secret, and no secret',
      'clientSecret',
      () => oauth2({ name: 'as', clientId: '1', endpoints, clientAuth: 'post' }),
    ],
  ] satisfies Misuse[])('%s', (_title, option, make) => expectRefusal(option, make));
});

it.each([
  ['aliyun', aliyun],
  ['oidc', oidc],
  ['oauth2', oauth2],
] as const)('%s wants an object of options', (where, factory) => {
  for (const options of [undefined, null, SECRET, 5, [], () => {}]) {
    expect(refusal(() => factory(options as never)).message).toContain(`${where} takes an object`);
  }
});
