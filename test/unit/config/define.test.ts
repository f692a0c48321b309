import { defineProvider } from '../../../src/index.js';
import { expectRefusal, type Misuse, misuses, notA, refusal, SECRET, SECRET_NUMBER } from './misuse.js';

const endpoints = {
  authorization: 'https://as.example.com/authorize',
  token: 'https://as.example.com/token',
  userinfo: 'https://as.example.com/me',
};
const base = { name: 'as', clientId: '1', endpoints };
const hook = (name: string) => ({ [name]: 'not a function' });

/** Members of members, each with something that would go wrong at the first login, or never be noticed. */
const mistyped: Misuse[] = (
  [
    ['authorization.renames', { authorization: { renames: {} } }],
    ['authorization.rename', { authorization: { rename: 'client_id' } }],
    ['authorization.rename.client_id', { authorization: { rename: { client_id: 5 } } }],
    ['authorization.omit', { authorization: { omit: 'state' } }],
    ['authorization.scopeDelimiter', { authorization: { scopeDelimiter: '' } }],
    ['callback.renam', { callback: { renam: {} } }],
    ['callback.rename', { callback: { rename: ['code'] } }],
    ...['request', 'refresh', 'revocation'].flatMap((part): [string, object][] => [
      [`${part}.encoding`, { [part]: { encoding: 'xml' } }],
      [`${part}.method`, { [part]: { method: 'PUT' } }],
      [`${part}.add`, { [part]: { add: { a: 1 } } }],
      [`${part}.omit`, { [part]: { omit: [5] } }],
      [`${part}.endpoint`, { [part]: { endpoint: 'tokn' } }],
      [`${part}.headers`, { [part]: { headers: {} } }],
    ]),
    ['answer.envelope', { answer: { envelope: 'data' } }],
    ['answer.envelope', { answer: { envelope: [5] } }],
    ['answer.success.value', { answer: { success: { path: ['code'], value: ['0'] } } }],
    ['answer.success.values', { answer: { success: { path: ['code'] } } }],
    ['answer.success.values', { answer: { success: { path: ['code'], values: [0] } } }],
    ['answer.success.path', { answer: { success: { values: ['0'] } } }],
    ['answer.success.path', { answer: { success: { path: 'code', values: ['0'] } } }],
    ['answer.accessToken', { answer: { accessToken: 'token' } }],
    ['answer.acessToken', { answer: { acessToken: ['token'] } }],
    ['error.code', { error: { code: 'code' } }],
    ['error.map', { error: { map: 'invalid_grant' } }],
    ['error.map.1', { error: { map: { 1: 'invalidgrant' } } }],
    ['error.map.1', { error: { map: { 1: 'toString' } } }],
    ['hooks.reqest', { hooks: { reqest: () => {} } }],
  ] satisfies [string, object][]
).map(
  ([path, dialect]): Misuse => [
    `dialect.${path}: ${JSON.stringify(dialect)}`,
    path,
    () => defineProvider({ ...base, dialect: dialect as never }),
  ],
);
mistyped.push(
  ...(
    [
      ['calls', []],
      ['calls', {}],
      ['calls', ['userinfo']],
      ['endpont', [{ endpont: 'userinfo' }]],
      ['endpoint', [{}, { endpoint: 'usrinfo' }]],
      ['method', [{ method: 'PUT' }]],
      ['params', [{ params: { a: 1 } }]],
      ['envelope', [{ envelope: 'data' }]],
      ['success', [{ success: 'ok' }]],
      ['denied', [{ denied: '403' }]],
    ] satisfies [string, unknown][]
  ).map(
    ([member, calls]): Misuse => [
      `identity.calls: ${JSON.stringify(calls)}`,
      member,
      () => defineProvider({ ...base, identity: { calls: calls as never } }),
    ],
  ),
);

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
    ...mistyped,
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

  it('freezes the dialect and the calls to their last member', () => {
    const success = { path: ['code'], values: ['0'] };
    const calls = [{ endpoint: 'userinfo', success }];
    const dialect = {
      answer: { success, envelope: undefined },
      error: { map: { 1: 'invalid_grant' } },
    } as const;
    const made = defineProvider({ ...base, dialect: dialect as never, identity: { calls } });
    success.values.push('1');
    expect(made.dialect).toEqual({
      answer: { success: { path: ['code'], values: ['0'] } },
      error: dialect.error,
    });
    expect(made.identity.calls).toEqual([
      { endpoint: 'userinfo', success: { path: ['code'], values: ['0'] } },
    ]);
    expect(Object.isFrozen(made.identity.calls[0]?.success?.values)).toBe(true);
    expect(Object.isFrozen(made.dialect.error?.map)).toBe(true);
  });

  it('lets discovery find what a dialect calls by its standard name, and nothing else', () => {
    const discovered = {
      name: 'as',
      clientId: '1',
      discovery: true,
      endpoints: { issuer: 'https://as.example.com' },
    };
    const dialect = {
      request: { endpoint: 'token' },
      refresh: { endpoint: 'token' },
      revocation: { endpoint: 'revocation' },
    };
    const identity = { calls: [{ endpoint: 'userinfo' }] };
    expect(defineProvider({ ...discovered, dialect, identity }).dialect).toEqual(dialect);
    for (const wrong of [
      { dialect: { request: { endpoint: 'revocation' } } },
      { dialect: { refresh: { endpoint: 'renew' } } },
      { dialect: { revocation: { endpoint: 'token' } } },
      { identity: { calls: [{ endpoint: 'token' }] } },
    ]) {
      expect(() => defineProvider({ ...discovered, ...wrong })).toThrow(/which is not among the 'endpoints'/);
    }
  });

  it('takes the facts from id_tokens where there are some', () => {
    const all = { ...endpoints, issuer: 'https://as.example.com', jwks: 'https://as.example.com/keys' };
    const { idToken, identity } = defineProvider({ ...base, endpoints: all, idToken: {} });
    expect(idToken).toEqual({ algs: [], nonce: 'required', audiences: [] });
    expect(identity.source).toBe('id_token');
  });
});
