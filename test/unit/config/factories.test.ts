import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { aliyun, oauth2, oidc, openPlatform } from '../../../src/index.js';
import { expectRefusal, type Misuse, misuses, notA, refusal, SECRET, SECRET_NUMBER } from './misuse.js';

/** What every factory takes. */
const common = {
  name: ['', 'With Capitals', 'a/b', '-a', 'a'.repeat(33), 5, null, {}],
  title: notA.string,
  endpoints: notA.object,
  'endpoints.token': notA.url,
  'endpoints.tokenn': ['https://as.example.com/token'],
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
  'authorizationParams.dpop_jkt': ['x'],
  'authorizationParams.request': ['x'],
  'authorizationParams.request_uri': ['https://evil.example/'],
  redirectUri: [...notA.url, '/callback', 'https://example.com/cb?x=1'],
  apiOrigins: notA.origin,
  clientId: [undefined, ...notA.string],
  clientSecret: notA.string,
  client_id: ['x'],
  unheard: [1],
};

const pem = (key: { privateKey: KeyObject }) =>
  key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ecPem = pem({ privateKey });

/** What the factories for servers that follow the standards take, besides. */
const standard = {
  clientAuth: ['Basic', 'none', 'private_key_jwt', null, 5, []],
  par: ['always', null, 5, {}],
  dpop: notA.boolean,
};

/** Wrong ways to give a key, in the place of the secret. */
const keyMisuses = (make: (clientAuth: object) => unknown): Misuse[] => [
  ...(
    [
      ['no key', 'privateKey', { keyId: 'k' }],
      ['a secret in the place of a key', 'privateKey', { privateKey: SECRET }],
      ['a public key', 'privateKey', { privateKey: publicKey }],
      ['a public JWK', 'privateKey', { privateKey: publicKey.export({ format: 'jwk' }) }],
      [
        'an RSA key of 1024 bits',
        'privateKey',
        { privateKey: pem(generateKeyPairSync('rsa', { modulusLength: 1024 })) },
      ],
      ['a curve without an algorithm', 'privateKey', { privateKey: pem(generateKeyPairSync('x25519')) }],
      [
        'a curve that JOSE servers rarely take',
        'privateKey',
        { privateKey: pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })) },
      ],
      ['a key id that is none', 'keyId', { privateKey: ecPem, keyId: '' }],
      ['an algorithm of another key', 'alg', { privateKey: ecPem, alg: 'RS256' }],
      ['an algorithm with a secret', 'alg', { privateKey: ecPem, alg: 'HS256' }],
      [
        'a JWK that names the algorithm of another key',
        'alg',
        { privateKey: { ...privateKey.export({ format: 'jwk' }), alg: 'ES384' } },
      ],
      ['something unheard of', 'kid', { privateKey: ecPem, kid: 'k' }],
    ] as const
  ).map(([title, option, clientAuth]): Misuse => [title, `clientAuth.${option}`, () => make(clientAuth)]),
];

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
      issuer: [
        undefined,
        ...notA.url,
        'https://op.example.com/.well-known/openid-configuration',
        'https://op.example.com/{tenant}/v2.0',
      ],
      scope: [...notA.words, '', [], 'profile email'],
      ...standard,
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
    ['a secret and a key', 'clientAuth', () => oidc({ ...oidcBase, clientAuth: { privateKey } })],
    ...keyMisuses((clientAuth) => oidc({ ...oidcBase, clientSecret: undefined, clientAuth } as never)),
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
describe('what is undefined is not given', () => {
  const nothing = {
    title: undefined,
    endpoints: { token: undefined, issuer: undefined },
    pkce: undefined,
    authorizationParams: undefined,
    redirectUri: undefined,
    apiOrigins: undefined,
  };
  const standardNothing = {
    ...nothing,
    clientSecret: undefined,
    clientAuth: undefined,
    par: undefined,
    dpop: undefined,
    scope: undefined,
  };
  const platform = { name: 'op', clientId: '1', clientSecret: 's', scope: 'a b', endpoints };

  it.each<[string, unknown, unknown]>([
    [
      'aliyun',
      aliyun({
        clientId: '1',
        ...nothing,
        name: undefined,
        clientSecret: undefined,
        site: undefined,
        scope: undefined,
        accessType: undefined,
        prompt: undefined,
        allowedAccounts: undefined,
      }),
      aliyun({ clientId: '1' }),
    ],
    [
      'oidc',
      oidc({
        name: 'op',
        issuer: 'https://op.example.com',
        clientId: '1',
        ...standardNothing,
        responseMode: undefined,
        idTokenAlgs: undefined,
        audiences: undefined,
        userinfo: undefined,
      }),
      oidc({ name: 'op', issuer: 'https://op.example.com', clientId: '1' }),
    ],
    [
      'oauth2',
      oauth2({
        name: 'as',
        clientId: '1',
        ...standardNothing,
        claims: { subject: undefined },
        endpoints: { ...endpoints, revocation: undefined },
      }),
      oauth2({ name: 'as', clientId: '1', endpoints }),
    ],
    [
      'openPlatform',
      openPlatform({
        ...platform,
        identity: { subject: undefined },
        tokenPlacement: undefined,
        dialect: { request: { omit: undefined }, authorization: undefined },
      }),
      openPlatform(platform),
    ],
  ])('by %s', (_name, provider, same) => {
    // Functions are made anew each time.
    expect(JSON.stringify(provider)).toBe(JSON.stringify(same));
  });

  it('takes a name where a list of names would do', () => {
    const claims = { subject: 'id', name: 'display_name', email: 'mail' };
    expect(oauth2({ ...oauth2Base, claims }).identity).toMatchObject({
      subject: ['id'],
      name: ['display_name'],
      email: ['mail'],
    });
    expect(openPlatform({ ...platform, identity: claims }).identity.subject).toEqual(['id']);
    expect(openPlatform(platform).scope).toEqual(['a', 'b']);
  });
});

describe('oauth2 refuses at construction', () => {
  it.each([
    ...misuses(oauth2, oauth2Base, {
      ...common,
      name: [undefined, ...common.name],
      endpoints: [undefined, ...notA.object],
      scope: notA.words,
      ...standard,
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
    ['a secret and a key', 'clientAuth', () => oauth2({ ...oauth2Base, clientAuth: { privateKey } })],
    ...keyMisuses((clientAuth) => oauth2({ ...oauth2Base, clientSecret: undefined, clientAuth } as never)),
    [
      'requests to push, and no place to push them to',
      'endpoints.pushedAuthorization',
      () => oauth2({ ...oauth2Base, par: true }),
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
