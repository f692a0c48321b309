import { encode, sign } from '../../unit/wire/signing.js';
import { type LoginCase, type Row, table } from '../support/cases.js';
import { hmac, jws, publicKey, signed, type TokenParts, withPart } from '../support/forge.js';
import { CLIENT_SECRET } from '../support/provider.js';

type Forgery = (parts: TokenParts) => unknown;
const token = (source: string, rows: Row<Forgery>[]) =>
  table(source, rows, (idToken) => ({ script: { idToken } }));
const value = (source: string, rows: Row<unknown>[]) =>
  table(source, rows, (id_token) => ({ script: { token: { id_token } } }));

/** Right in what they say, and not signed by the provider as it announced. */
export const forgeries: LoginCase[] = [
  ...token('RFC 8725 3.2', [
    ['alg-none', 'is signed by nobody', ({ claims }) => jws({ alg: 'none', typ: 'JWT' }, claims)],
    ['alg-none-capitals', 'is signed by nobody, in capitals', ({ claims }) => jws({ alg: 'NONE' }, claims)],
    ['alg-none-mixed', 'is signed by nobody, in mixed case', ({ claims }) => jws({ alg: 'nOnE' }, claims)],
    [
      'alg-none-signed',
      'says alg none, and is signed',
      (parts) => signed(parts, {}).replace(/^[^.]*/, encode({ alg: 'none' })),
    ],
  ]),
  ...token('RFC 7515 4.1.1', [
    ['alg-missing', 'names no algorithm', ({ claims }) => jws({ typ: 'JWT' }, claims, 'AAAA')],
    ['alg-null', 'names null as its algorithm', ({ claims }) => jws({ alg: null }, claims, 'AAAA')],
    ['alg-empty', 'names an empty algorithm', ({ claims }) => jws({ alg: '' }, claims, 'AAAA')],
    ['alg-list', 'names a list of algorithms', ({ claims }) => jws({ alg: ['RS256'] }, claims, 'AAAA')],
    [
      'alg-inherited',
      'names its algorithm in __proto__',
      ({ claims }) => jws('{"__proto__":{"alg":"RS256"}}', claims, 'AAAA'),
    ],
  ]),
  ...token('RFC 8725 2.1 and 3.1', [
    ['hs256-secret', 'is signed with the client secret, HS256', (parts) => hmac(CLIENT_SECRET, parts)],
    ['hs384-secret', 'is signed with the client secret, HS384', (parts) => hmac(CLIENT_SECRET, parts, 384)],
    ['hs512-secret', 'is signed with the client secret, HS512', (parts) => hmac(CLIENT_SECRET, parts, 512)],
    ['hs256-pem', 'is signed with the public key in PEM', (parts) => hmac(publicKey(parts, 'pem'), parts)],
    ['hs256-der', 'is signed with the public key in DER', (parts) => hmac(publicKey(parts, 'der'), parts)],
    [
      'hs256-jwk',
      'is signed with the public key as a JWK',
      (parts) => hmac(JSON.stringify(parts.key.jwk), parts),
    ],
    [
      'hs256-modulus',
      'is signed with the modulus of the public key',
      (parts) => hmac(Buffer.from(parts.key.jwk.n as string, 'base64url'), parts),
    ],
    ['hs256-empty', 'is signed with an empty secret', (parts) => hmac('', parts)],
  ]),
  ...token('OIDC Core 3.1.3.7 (6)', [
    [
      'key-swapped',
      'is signed by somebody else under the same kid',
      ({ claims, stranger }) => sign(stranger, claims),
    ],
    [
      'key-swapped-no-kid',
      'is signed by somebody else, and names no kid',
      ({ claims, stranger }) => sign(stranger, claims, { kid: undefined }),
    ],
  ]),
  ...token('OIDC Core 3.1.3.7 (7)', [
    [
      'es256-foreign',
      'is signed by somebody else with ES256',
      ({ claims, elliptic }) => sign(elliptic, claims),
    ],
    [
      'rs384-unannounced',
      'is signed by the right key as RS384, which nobody announced',
      (parts) => signed(parts, { alg: 'RS384' }),
    ],
    [
      'rs512-unannounced',
      'is signed by the right key as RS512, which nobody announced',
      (parts) => signed(parts, { alg: 'RS512' }),
    ],
    [
      'ps256-unannounced',
      'is signed by the right key as PS256, which nobody announced',
      (parts) => signed(parts, { alg: 'PS256' }),
    ],
  ]),
  ...token('CVE-2022-21449', [
    [
      'es256-zeros',
      'has a signature of zeros, as ES256',
      ({ claims }) => jws({ alg: 'ES256', kid: 'op-key' }, claims, Buffer.alloc(64).toString('base64url')),
    ],
  ]),
  ...token('RFC 7515 5.2', [
    ['signature-empty', 'has an empty signature', ({ honest }) => withPart(honest, 2, '')],
    ['signature-cut', 'has a signature that was cut', ({ honest }) => honest.slice(0, -4)],
    [
      'signature-of-another',
      'has the signature of another token',
      (parts) => withPart(parts.honest, 2, signed(parts, { jti: 'x' }).split('.')[2] as string),
    ],
    [
      'payload-changed',
      'was signed, and then made to be about bob',
      ({ honest, claims }) => withPart(honest, 1, encode({ ...claims, sub: 'bob' })),
    ],
    [
      'header-changed',
      'was signed, and then given another header',
      ({ honest }) => withPart(honest, 0, encode({ alg: 'RS256', kid: 'op-key', typ: 'JWT' })),
    ],
    ['padded', 'is padded as other base64 is', ({ honest }) => `${honest}==`],
  ]),
  ...token('RFC 7515 7.1', [
    ['parts-two', 'has no signature part', ({ honest }) => honest.replace(/\.[^.]*$/, '')],
    ['parts-four', 'has a fourth part', ({ honest }) => `${honest}.AAAA`],
    ['parts-of-two-tokens', 'is two tokens in one', ({ honest }) => `${honest} ${honest}`],
    ['space-before', 'begins with a space', ({ honest }) => ` ${honest}`],
  ]),
  ...token('RFC 7519 7.2', [
    ['payload-text', 'is signed, and no JSON inside', (parts) => signed(parts, {}, 'alice')],
    [
      'payload-list',
      'is signed, and a list inside',
      (parts) => signed(parts, {}, JSON.stringify([parts.claims])),
    ],
    ['payload-null', 'is signed, and null inside', (parts) => signed(parts, {}, 'null')],
    [
      'payload-inherited',
      'is signed, and has its claims in __proto__',
      (parts) => signed(parts, {}, `{"__proto__":${JSON.stringify(parts.claims)}}`),
    ],
  ]),
  ...token('RFC 7515 4.1.11', [
    [
      'crit-unknown',
      'has a critical extension that nobody knows',
      (parts) => signed(parts, { crit: ['x-evil'], 'x-evil': 1 }),
    ],
    [
      'crit-absent',
      'names a critical extension that is not there',
      (parts) => signed(parts, { crit: ['x-evil'] }),
    ],
    ['crit-empty', 'has an empty list of critical extensions', (parts) => signed(parts, { crit: [] })],
    [
      'crit-text',
      'has a text for the list of critical extensions',
      (parts) => signed(parts, { crit: 'exp' }),
    ],
    [
      'crit-registered',
      'calls a registered name a critical extension',
      (parts) => signed(parts, { crit: ['alg'] }),
    ],
  ]),
  ...token('RFC 7797 7', [
    ['b64-false', 'is not encoded inside', (parts) => signed(parts, { b64: false, crit: ['b64'] })],
  ]),
  ...token('RFC 8725 3.10', [
    [
      'jku',
      'says that its key is at a URL of the attacker',
      ({ claims, stranger, url }) => sign(stranger, claims, { jku: `${url}/evil-keys` }),
    ],
    [
      'jku-no-kid',
      'says so, and names no kid',
      ({ claims, stranger, url }) => sign(stranger, claims, { jku: `${url}/evil-keys`, kid: undefined }),
    ],
    [
      'x5u',
      'says that its certificate is at a URL',
      ({ claims, stranger, url }) => sign(stranger, claims, { x5u: `${url}/evil.pem` }),
    ],
    [
      'x5c',
      'brings a certificate along',
      ({ claims, stranger }) => sign(stranger, claims, { x5c: [encode('certificate')] }),
    ],
  ]),
  ...token('CVE-2018-0114', [
    ['jwk', 'brings its key along', ({ claims, stranger }) => sign(stranger, claims, { jwk: stranger.jwk })],
    [
      'jwk-no-kid',
      'brings its key along, and names no kid',
      ({ claims, stranger }) => sign(stranger, claims, { jwk: stranger.jwk, kid: undefined }),
    ],
  ]),
  ...token('RFC 7516 4.1.1', [
    [
      'jwe-direct',
      'is encrypted with a key that both know',
      ({ claims }) => `${jws({ alg: 'dir', enc: 'A128GCM' }, '', encode('iv'))}.${encode(claims)}.AAAA`,
    ],
    ['jwe-parts', 'is five empty parts', () => '....'],
  ]),
  ...token('CVE-2023-50967', [
    [
      'jwe-p2c',
      'is encrypted, and asks for two thousand million rounds',
      ({ claims }) =>
        `${jws({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2s: 'AAAA', p2c: 2_147_483_647 }, 'key', encode('iv'))}.${encode(claims)}.AAAA`,
    ],
  ]),
  ...token('CVE-2024-28176', [
    [
      'jwe-zip',
      'is encrypted and compressed',
      ({ claims }) =>
        `${jws({ alg: 'dir', enc: 'A128GCM', zip: 'DEF' }, '', encode('iv'))}.${encode(claims)}.AAAA`,
    ],
  ]),
  ...value('OIDC Core 3.1.3.3', [
    ['token-missing', 'is not there', undefined],
    ['token-null', 'is null', null],
  ]),
  ...value('RFC 7519 7.2', [
    ['token-word', 'is a word', 'alice'],
    ['token-markup', 'is markup', '<script>alert(1)</script>'],
    ['token-dots', 'is dots', '..'],
    ['token-long', 'is half a megabyte long', `${'A'.repeat(500_000)}.e30.AA`],
    ['token-deep', 'is nested ten thousand deep', `${encode('['.repeat(10_000))}.e30.AA`],
  ]),
];

/** No token at all: it is the token answer that makes no sense. */
export const noTokens: LoginCase[] = value('RFC 6749 A.12', [
  ['token-empty', 'is empty', ''],
  ['token-number', 'is a number', 1],
  ['token-list', 'is a list of tokens', ['a.b.c']],
  ['token-object', 'is a JWS in JSON', { payload: encode({ sub: 'alice' }), signatures: [] }],
  ['token-newline', 'has a line break in it', 'a.b.c\r\nx: y'],
  ['token-nul', 'has a NUL in it', 'a.b.c\0'],
  ['token-non-ascii', 'has a letter in it that is none of ASCII', 'а.b.c'],
]);

/** They make the keys be read anew, which is throttled: each meets an app that has just started. */
export const unknownKeys: LoginCase[] = table<unknown>(
  'OIDC Core 10.1',
  [
    ['kid-unknown', 'names a key that the provider does not have', 'another'],
    ['kid-path', 'names a file as its key', '../../../../dev/null'],
    ['kid-sql', 'names a query as its key', "x' UNION SELECT 'key"],
    ['kid-prototype', 'names __proto__ as its key', '__proto__'],
    ['kid-markup', 'names markup as its key', '<img src=x onerror=alert(1)>'],
    ['kid-number', 'names a number as its key', 0],
    ['kid-list', 'names a list as its key', ['op-key']],
  ],
  (kid) => ({ fresh: true, script: { idToken: (parts) => signed(parts, { kid }) } }),
);
