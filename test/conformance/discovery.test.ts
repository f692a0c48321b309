import type { Reply } from '../unit/wire/server.js';
import { accepts, type LoginCase, type Row, refuses, table, title } from './support/cases.js';
import { openIdDialects } from './support/dialects.js';
import type { Change } from './support/provider.js';
import { useStage } from './support/stage.js';
import type { Refusal } from './support/verdict.js';

const stage = useStage();
const [oidc] = openIdDialects as [(typeof openIdDialects)[number]];
const refusal: Refusal = { code: 'provider_protocol', leaves: 'nothing' };

// Each meets an app that has just started: one that knows its provider does not ask again for an hour.
const metadata = (source: string, rows: Row<Change>[]) =>
  table(source, rows, (change) => ({ fresh: true, script: { metadata: change } }));
const answer = (source: string, rows: Row<Reply>[]) =>
  table(source, rows, (discovery) => ({ fresh: true, script: { answers: { discovery } } }));

const issuers: LoginCase[] = metadata('OIDC Discovery 4.3, RFC 8414 3.3', [
  ['issuer-missing', 'names no issuer', { issuer: undefined }],
  ['issuer-foreign', 'names another issuer', { issuer: 'https://evil.example' }],
  ['issuer-slash', 'adds a slash to the issuer', (usual) => ({ issuer: `${usual.issuer}/` })],
  ['issuer-path', 'adds a path to the issuer', (usual) => ({ issuer: `${usual.issuer}/tenant` })],
  ['issuer-query', 'adds a query to the issuer', (usual) => ({ issuer: `${usual.issuer}?x` })],
  ['issuer-fragment', 'adds a fragment to the issuer', (usual) => ({ issuer: `${usual.issuer}#x` })],
  [
    'issuer-case',
    'writes the issuer in another case',
    (usual) => ({ issuer: String(usual.issuer).replace('http', 'HTTP') }),
  ],
  [
    'issuer-spelling',
    'spells the issuer as another URL that means the same',
    (usual) => ({ issuer: String(usual.issuer).replace('127.0.0.1', '127.1') }),
  ],
  ['issuer-port', 'names another port', (usual) => ({ issuer: String(usual.issuer).replace(/\d+$/, '1') })],
  ['issuer-space', 'puts a space behind the issuer', (usual) => ({ issuer: `${usual.issuer} ` })],
  ['issuer-list', 'names the issuer in a list', (usual) => ({ issuer: [usual.issuer] })],
  ['issuer-number', 'names a number', { issuer: 1 }],
  ['issuer-null', 'names null', { issuer: null }],
  ['issuer-markup', 'names markup', { issuer: '<script>alert(1)</script>' }],
]);

const members = {
  authorization: 'authorization_endpoint',
  token: 'token_endpoint',
  userinfo: 'userinfo_endpoint',
  jwks: 'jwks_uri',
  revocation: 'revocation_endpoint',
  'end-session': 'end_session_endpoint',
  par: 'pushed_authorization_request_endpoint',
};
const badUrls: Record<string, unknown> = {
  http: 'http://op.example.com/x',
  'http-look-alike': 'http://127.0.0.1.evil.example/x',
  'http-localhost-look-alike': 'http://localhost.evil.example/x',
  'http-user': 'http://127.0.0.1@evil.example/x',
  'http-metadata': 'http://169.254.169.254/latest/meta-data',
  'http-private': 'http://10.0.0.1/x',
  'http-any': 'http://0.0.0.0/x',
  'http-ipv6': 'http://[::ffff:169.254.169.254]/x',
  javascript: 'javascript:alert(document.domain)',
  data: 'data:text/html,<script>alert(1)</script>',
  file: 'file:///etc/passwd',
  ftp: 'ftp://127.0.0.1/x',
  credentials: 'https://user:password@op.example.com/x',
  relative: '/x',
  'no-scheme': '//op.example.com/x',
  empty: '',
  number: 1,
  list: ['https://op.example.com/x'],
  null: null,
  object: { href: 'https://op.example.com/x' },
};
const endpoints: LoginCase[] = Object.entries(members).flatMap(([name, member]) =>
  metadata(
    'RFC 9700 2.6, RFC 8414 2',
    Object.entries(badUrls).map(([id, url]) => [
      `${name}-${id}`,
      `names ${JSON.stringify(url)} as ${member}`,
      { [member]: url },
    ]),
  ),
);

const lists = {
  algs: 'id_token_signing_alg_values_supported',
  auth: 'token_endpoint_auth_methods_supported',
  'auth-algs': 'token_endpoint_auth_signing_alg_values_supported',
};
const flags = {
  iss: 'authorization_response_iss_parameter_supported',
  claims: 'claims_parameter_supported',
  'par-required': 'require_pushed_authorization_requests',
};
const wrongTypes = (named: Record<string, string>, values: Record<string, unknown>): LoginCase[] =>
  Object.entries(named).flatMap(([name, member]) =>
    metadata(
      'RFC 8414 2',
      Object.entries(values).map(([id, value]) => [
        `${name}-${id}`,
        `says ${JSON.stringify(value)} as ${member}`,
        { [member]: value },
      ]),
    ),
  );
const types: LoginCase[] = [
  ...wrongTypes(lists, {
    string: 'RS256',
    number: 1,
    boolean: true,
    null: null,
    object: {},
    mixed: ['x', 1],
  }),
  ...wrongTypes(flags, { string: 'true', number: 1, null: null, list: [true], object: {} }),
];

const answers: LoginCase[] = [
  ...answer('OIDC Discovery 4.2', [
    [
      'html',
      'is a page',
      { body: '<html><img src=x onerror=alert(1)></html>', headers: { 'content-type': 'text/html' } },
    ],
    ['empty', 'is empty', { body: '' }],
    ['nothing', 'is nothing', { status: 204 }],
    ['null', 'is null', { body: 'null' }],
    ['list', 'is a list', { body: [] }],
    ['object', 'is an empty object', { body: {} }],
    ['text', 'is a text', { body: '"https://op.example.com"' }],
    ['cut', 'is cut', { body: '{"issuer":"' }],
    ['inherited', 'hides itself in __proto__', { body: '{"__proto__":{"issuer":"https://evil.example"}}' }],
    ['huge', 'is 2 MiB', { body: { issuer: 'x'.repeat(2 ** 21) } }],
    ['not-there', 'is not there', { status: 404, body: { error: 'not_found' } }],
    ['forbidden', 'is forbidden', { status: 403, body: '<script>alert(1)</script>' }],
  ]),
  ...answer('OIDC Discovery 7.2, RFC 9700 4.12', [
    ['redirect', 'is said to be elsewhere', { status: 302, headers: { location: '/elsewhere' } }],
    [
      'redirect-permanent',
      'is said to be elsewhere for ever',
      { status: 308, headers: { location: '/elsewhere' } },
    ],
    [
      'redirect-local',
      'is said to be in the local network',
      { status: 302, headers: { location: 'http://169.254.169.254/' } },
    ],
  ]),
  ...table(
    'OIDC Discovery 4.2',
    [
      ['usual-with-404', 'is as it should be, with the status 404', 404],
      ['usual-with-302', 'is as it should be, with the status 302', 302],
    ],
    (status) => ({
      fresh: true,
      script: { answers: { discovery: (usual) => ({ ...usual, status }) } },
    }),
  ),
];

describe('the metadata of oidc', () => {
  accepts(stage, oidc, [
    { id: 'base', does: 'is as it should be', source: 'OIDC Discovery 4.2', fresh: true },
    ...metadata('RFC 8414 2', [
      ['unknown', 'has members that nobody knows', { 'x-unknown': 'javascript:alert(1)', constructor: 'x' }],
      [
        'optional',
        'has nothing that a login can do without',
        { revocation_endpoint: undefined, end_session_endpoint: undefined, userinfo_endpoint: undefined },
      ],
      [
        'weak-algs',
        'announces weak algorithms too',
        { id_token_signing_alg_values_supported: ['none', 'HS256', 'RS256'] },
      ],
    ]),
  ]);
  refuses(stage, oidc, [...issuers, ...endpoints, ...types, ...answers], refusal);
  refuses(
    stage,
    oidc,
    metadata('OIDC Discovery 3', [
      ['authorization-missing', 'names no authorization endpoint', { authorization_endpoint: undefined }],
    ]),
    { ...refusal, leaves: 'the open transaction' },
  );
  refuses(
    stage,
    oidc,
    metadata('OIDC Discovery 3', [
      ['token-missing', 'names no token endpoint', { token_endpoint: undefined }],
    ]),
    { code: 'provider_protocol' },
  );
  refuses(
    stage,
    oidc,
    metadata('OIDC Discovery 3', [['jwks-missing', 'names no keys', { jwks_uri: undefined }]]),
    { code: 'provider_protocol', after: 'token' },
  );
  refuses(
    stage,
    oidc,
    metadata('RFC 9207 2.4', [
      [
        'iss-promised',
        'promises an issuer in the callback, which is not there',
        { authorization_response_iss_parameter_supported: true },
      ],
    ]),
    { code: 'issuer_mismatch', status: 400 },
  );
  // Neither is refused for what it announces: a token that keeps to it is.
  refuses(
    stage,
    oidc,
    [
      ...table(
        'RFC 8725 3.1',
        [
          ['announces-none', 'announces none, and signs so', ['none']],
          ['announces-hmac', 'announces HS256, and signs so', ['HS256']],
          ['announces-nothing', 'announces no algorithm at all', []],
        ],
        (algs) => ({
          fresh: true,
          script: { metadata: { id_token_signing_alg_values_supported: algs }, header: { alg: 'RS256' } },
        }),
      ),
    ],
    { code: ['id_token_invalid', 'provider_protocol'], after: 'token' },
  );

  const loophole = [
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
    '/.well-known/x/..',
  ];
  it.each(
    loophole.map((path) => [
      title('refused', {
        id: `well-known${path.replaceAll('/', '-')}`,
        does: `is asked for at an issuer with ${path} in it`,
        source: 'RFC 8414 3.3',
      }),
      path,
    ]),
  )('%s', async (_title, path) => {
    const issuer = `${stage().provider(oidc).url}${path}`;
    // A client that looked no further would take any metadata from there: such an issuer is refused before a login.
    await expect(stage().attempt(oidc, { options: { issuer } })).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'invalid_option',
    });
  });
});
