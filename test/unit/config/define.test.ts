import { defineProvider } from '../../../src/index.js';
import { expectRefusal, type Misuse, misuses, notA, refusal, SECRET, SECRET_NUMBER } from './misuse.js';

const endpoints = {
  authorization: 'https://as.example.com/authorize',
  token: 'https://as.example.com/token',
  userinfo: 'https://as.example.com/me',
};
const base = { name: 'as', clientId: '1', endpoints };
const hook = (name: string) => ({ [name]: 'not a function' });

describe('defineProvider refuses', () => {
  it.each([
    ...misuses(defineProvider, base, {
      name: [undefined, '', 'With Capitals', 'a b', '../x', '-a', 'a'.repeat(33), '360', '0', 5, null],
      title: notA.string,
      clientId: [undefined, ...notA.string],
      clientAuthentication: ['post', null, 5, [], {}, { method: 'jwt' }],
      par: ['always', null, 1, true],
      dpop: notA.boolean,
      discovery: notA.boolean,
      endpoints: [undefined, ...notA.object],
      scope: notA.words,
      pkce: notA.boolean,
      authorizationParams: notA.object,
      'authorizationParams.state': ['fixed'],
      redirectUri: [...notA.url, 'https://example.com/cb?x=1'],
      responseMode: ['fragment', null],
      idToken: [...notA.object, {}],
      'idToken.algs': [['none'], ['HS256'], 'HS256', [''], 5, null],
      'idToken.nonce': ['optional', true, null],
      'idToken.audiences': ['', [5], 5],
      'idToken.issuer': ['https://as.example.com'],
      identity: notA.object,
      'identity.source': ['userInfo', '', null, 'id_token'],
      'identity.userinfo': ['sometimes', true],
      'identity.subject': ['', [], [''], 5, null],
      'identity.name': ['', [5], 5],
      'identity.refuse': notA.function,
      'identity.sub': ['id'],
      revoke: ['access_token', null, true],
      tokenPlacement: notA.object,
      'tokenPlacement.header': ['', 'two words', 'a:b', 'a\r\nb', 5, null],
      'tokenPlacement.prefix': [5, 'a\r\nb', true],
      'tokenPlacement.suffix': ['x'],
      apiOrigins: notA.origin,
      dialect: notA.object,
      'dialect.autorization': [{ rename: {} }],
      'dialect.request': ['x', null, []],
      'dialect.hooks': [
        'x',
        [],
        hook('request'),
        hook('response'),
        hook('callback'),
        hook('authorizationUrl'),
      ],
      clientSecret: [SECRET],
      issuer: ['https://as.example.com'],
    }).filter(([title]) => !title.startsWith('idToken: {}')),
    [
      'a parameter by which the dialect calls one of ours',
      'authorizationParams',
      () =>
        defineProvider({
          ...base,
          dialect: { authorization: { rename: { client_id: 'appid' } } },
          authorizationParams: { appid: 'x' },
        }),
    ],
    ...['request', 'refresh', 'revocation'].map(
      (part): Misuse => [
        `a GET with a body as ${part}`,
        part,
        () => defineProvider({ ...base, dialect: { [part]: { method: 'GET', encoding: 'json' } } as never }),
      ],
    ),
    [
      'a key that is missing',
      'clientAuthentication.privateKey',
      () => defineProvider({ ...base, clientAuthentication: { method: 'private_key_jwt' } as never }),
    ],
    [
      'tokens that are bound, and a place for them of its own',
      'tokenPlacement',
      () => defineProvider({ ...base, dpop: true, tokenPlacement: { header: 'x-token', prefix: '' } }),
    ],
    [
      'tokens that are bound, for users who are never sent to the provider',
      'assertion',
      () => defineProvider({ ...base, dpop: true, assertion: async () => 'x' }),
    ],
    [
      'discovery without an issuer',
      'endpoints.issuer',
      () => defineProvider({ name: 'as', clientId: '1', discovery: true, endpoints: {} }),
    ],
    ...(['issuer', 'jwks'] as const).map(
      (missing): Misuse => [
        `id_tokens without ${missing}`,
        `endpoints.${missing}`,
        () => {
          const all = { ...endpoints, issuer: 'https://as.example.com', jwks: 'https://as.example.com/keys' };
          const { [missing]: _, ...others } = all;
          return defineProvider({ ...base, idToken: {}, endpoints: others });
        },
      ],
    ),
    ...['post', 'basic', 'announced'].flatMap((method) =>
      [undefined, '', SECRET_NUMBER, null, [SECRET]].map(
        (clientSecret): Misuse => [
          `the secret ${typeof clientSecret} for ${method}`,
          'clientSecret',
          () => defineProvider({ ...base, clientAuthentication: { method, clientSecret } as never }),
        ],
      ),
    ),
  ] satisfies Misuse[])('%s', (_title, option, make) => expectRefusal(option, make));

  it.each([[undefined], [null], ['as'], [5], [[]]])('%p in the place of a definition', (definition) => {
    expect(refusal(() => defineProvider(definition as never)).message).toContain("'name'");
  });
});

describe('defineProvider', () => {
  it('makes something complete and frozen of little', () => {
    const provider = defineProvider(base);
    expect(provider).toMatchObject({
      title: 'as',
      clientAuthentication: { method: 'none' },
      discovery: false,
      scope: [],
      pkce: true,
      responseMode: 'query',
      par: 'auto',
      dpop: false,
      revoke: 'refresh_token',
      identity: { source: 'userinfo', subject: ['sub'] },
      tokenPlacement: { header: 'Authorization', prefix: 'Bearer ' },
      issuerId: endpoints.token,
    });
    expect(provider.idToken).toBeUndefined();
    const parts = [provider, provider.endpoints, provider.scope, provider.identity, provider.dialect];
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
  });

  it('keeps a copy: who changes the definition later changes no provider', () => {
    const definition = { ...base, endpoints: { ...endpoints }, authorizationParams: { a: '1' } };
    const provider = defineProvider(definition);
    definition.endpoints.token = 'http://evil.example/';
    definition.authorizationParams.a = '2';
    expect(provider.endpoints.token).toBe(endpoints.token);
    expect(provider.authorizationParams).toEqual({ a: '1' });
  });

  it('takes the facts from id_tokens where there are some', () => {
    const all = { ...endpoints, issuer: 'https://as.example.com', jwks: 'https://as.example.com/keys' };
    const { idToken, identity } = defineProvider({ ...base, endpoints: all, idToken: {} });
    expect(idToken).toEqual({ algs: [], nonce: 'required', audiences: [] });
    expect(identity.source).toBe('id_token');
  });
});
