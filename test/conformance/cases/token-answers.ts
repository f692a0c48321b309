import type { Reply } from '../../unit/wire/server.js';
import { type LoginCase, type Row, table } from '../support/cases.js';
import type { Change } from '../support/provider.js';

const members = (source: string, rows: Row<Change>[]) =>
  table(source, rows, (token) => ({ script: { token } }));
const answer = (source: string, rows: Row<Reply>[]) =>
  table(source, rows, (reply) => ({ script: { answers: { token: reply } } }));
/** The usual answer, with more around it: `body` makes the new body of the usual one. */
const body = (source: string, rows: Row<(usual: object) => unknown>[], status = 200) =>
  table(source, rows, (change) => ({
    script: { answers: { token: (usual) => ({ ...usual, status, body: change(usual.body as object) }) } },
  }));

/** Members of an answer that is in the form that the provider has. */
export const wrongMembers: LoginCase[] = [
  ...members('RFC 6749 5.1, A.12', [
    ['access-token-missing', 'gives no access token', { access_token: undefined }],
    ['access-token-null', 'gives null', { access_token: null }],
    ['access-token-empty', 'gives an empty access token', { access_token: '' }],
    ['access-token-number', 'gives a number', { access_token: 12345678 }],
    ['access-token-true', 'gives true', { access_token: true }],
    ['access-token-object', 'gives an object', { access_token: { value: 'x' } }],
    ['access-token-list', 'gives a list', { access_token: ['x'] }],
    ['access-token-newline', 'gives a line break, to get into a header', { access_token: 'x\r\nX-Evil: 1' }],
    ['access-token-nul', 'gives a NUL', { access_token: 'x\0y' }],
    ['access-token-delete', 'gives a DEL', { access_token: 'x\x7fy' }],
    ['access-token-non-ascii', 'gives letters that are none of ASCII', { access_token: 'tökén' }],
  ]),
  ...members('RFC 6749 7.1, RFC 9449 5', [
    ['type-dpop', 'gives a token that needs proofs', { token_type: 'DPoP' }],
    ['type-mac', 'gives a token of a type that we do not speak', { token_type: 'mac' }],
    ['type-na', 'gives a token that is none', { token_type: 'N_A' }],
    ['type-empty', 'gives a token of an empty type', { token_type: '' }],
    ['type-list', 'gives a token of a list of types', { token_type: ['Bearer'] }],
    ['type-number', 'gives a token of the type 1', { token_type: 1 }],
    ['type-newline', 'gives a type with a line break', { token_type: 'Bearer\r\nX-Evil: 1' }],
    ['type-markup', 'gives a type with markup', { token_type: '<script>alert(1)</script>' }],
  ]),
  ...members('RFC 6749 5.1, A.14', [
    ['lifetime-negative', 'gives a negative lifetime', { expires_in: -1 }],
    ['lifetime-negative-text', 'gives a negative lifetime as a text', { expires_in: '-1' }],
    ['lifetime-word', 'gives a word for a lifetime', { expires_in: 'soon' }],
    ['lifetime-nan', 'gives NaN for a lifetime', { expires_in: 'NaN' }],
    ['lifetime-infinite', 'gives an infinite lifetime', { expires_in: 'Infinity' }],
    ['lifetime-absurd', 'gives a lifetime beyond the end of time', { expires_in: 1e300 }],
    ['lifetime-absurd-text', 'gives one of 400 digits', { expires_in: '9'.repeat(400) }],
    ['lifetime-exponent', 'gives a lifetime with an exponent', { expires_in: '1e3' }],
    ['lifetime-hex', 'gives a hexadecimal lifetime', { expires_in: '0x10' }],
    ['lifetime-space', 'gives a lifetime among spaces', { expires_in: ' 3600 ' }],
    ['lifetime-true', 'gives true for a lifetime', { expires_in: true }],
    ['lifetime-list', 'gives a list of lifetimes', { expires_in: [3600] }],
    ['lifetime-object', 'gives an object for a lifetime', { expires_in: { valueOf: 3600 } }],
  ]),
  ...members('RFC 6749 3.3', [
    ['scope-number', 'grants a number', { scope: 1 }],
    ['scope-object', 'grants an object', { scope: { all: true } }],
    ['scope-numbers', 'grants a list of numbers', { scope: [1, 2] }],
  ]),
];

/** Where there are refresh tokens. */
export const wrongRefreshTokens: LoginCase[] = members('RFC 6749 5.1, A.17', [
  ['refresh-token-empty', 'gives an empty refresh token', { refresh_token: '' }],
  ['refresh-token-number', 'gives a number for a refresh token', { refresh_token: 1 }],
  ['refresh-token-list', 'gives a list of refresh tokens', { refresh_token: ['x'] }],
  ['refresh-token-newline', 'gives a refresh token with a line break', { refresh_token: 'x\r\ny' }],
  ['refresh-lifetime-word', 'gives a word for the refresh token’s lifetime', { refresh_expires_in: 'soon' }],
  ['refresh-lifetime-negative', 'gives a negative one', { refresh_expires_in: -1 }],
]);

const markup = '"><img src=x onerror=alert(1)>';

/** Errors that look like success, and answers that are no token answer. */
export const wrongAnswers: LoginCase[] = [
  ...body('RFC 6749 5.2', [
    ['error-in-200', 'gives tokens, and an error', (usual) => ({ ...usual, error: 'access_denied' })],
    ['error-alone-in-200', 'gives an error with the status 200', () => ({ error: 'invalid_grant' })],
    [
      'error-markup',
      'gives an error with markup',
      () => ({
        error: '<script>alert(1)</script>',
        error_description: markup,
        code: markup,
        message: markup,
      }),
    ],
    ['error-prototype', 'gives an error named __proto__', () => ({ error: '__proto__', code: '__proto__' })],
    [
      'error-constructor',
      'gives an error named constructor',
      () => ({ error: 'constructor', code: 'constructor' }),
    ],
    ['error-object', 'gives an error that is an object', (usual) => ({ ...usual, error: { code: 'evil' } })],
  ]),
  ...body('RFC 6749 5.2', [['tokens-in-400', 'gives tokens with the status 400', (usual) => usual]], 400),
  ...body('RFC 6749 5.2', [['tokens-in-401', 'gives tokens with the status 401', (usual) => usual]], 401),
  ...body('RFC 6749 5.2', [['tokens-in-403', 'gives tokens with the status 403', (usual) => usual]], 403),
  ...body('RFC 6749 5.1', [['tokens-in-302', 'gives tokens with the status 302', (usual) => usual]], 302),
  ...body('RFC 6749 5.1', [
    ['answer-in-list', 'gives tokens in a list', (usual) => [usual]],
    ['answer-in-text', 'gives tokens in a text of JSON', (usual) => JSON.stringify(JSON.stringify(usual))],
    ['answer-cut', 'is cut', (usual) => JSON.stringify(usual).slice(0, -2)],
    [
      'answer-and-more',
      'has something behind it',
      (usual) => `${JSON.stringify(usual)}<script>alert(1)</script>`,
    ],
    ['answer-inherited', 'hides itself in __proto__', (usual) => `{"__proto__":${JSON.stringify(usual)}}`],
    [
      'answer-constructor',
      'hides itself in constructor.prototype',
      (usual) => ({ constructor: { prototype: usual } }),
    ],
    [
      'answer-padded',
      'is a token answer and 2 MiB of spaces',
      (usual) => JSON.stringify(usual) + ' '.repeat(2 ** 21),
    ],
  ]),
  ...answer('RFC 6749 5.1', [
    ['empty', 'is empty', { body: '' }],
    ['nothing', 'is nothing', { status: 204 }],
    ['null', 'is null', { body: 'null' }],
    ['true', 'is true', { body: 'true' }],
    ['number', 'is a number', { body: '1' }],
    ['list', 'is an empty list', { body: [] }],
    ['object', 'is an empty object', { body: {} }],
    ['html', 'is a page', { body: `<html>${markup}</html>`, headers: { 'content-type': 'text/html' } }],
    ['xml', 'is XML', { body: '<access_token>x</access_token>', headers: { 'content-type': 'text/xml' } }],
    [
      'form',
      'is a form',
      {
        body: 'access_token=x&token_type=Bearer',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
    ],
    [
      'script',
      'is a script',
      { body: 'callback({"access_token":"x"})', headers: { 'content-type': 'text/javascript' } },
    ],
    ['binary', 'is bytes', { body: Buffer.from([0xff, 0xfe, 0, 1, 2]) }],
    ['deep', 'is nested a hundred thousand deep', { body: '['.repeat(100_000) + ']'.repeat(100_000) }],
    ['huge', 'is 2 MiB', { body: { access_token: 'x'.repeat(2 ** 21), token_type: 'Bearer' } }],
    ['plain-401', 'is a page with the status 401', { status: 401, body: markup }],
    ['plain-404', 'is not there', { status: 404, body: 'not found' }],
  ]),
  ...[301, 302, 303, 307, 308].map((status) => ({
    ...(answer('RFC 9700 4.12', [
      [
        `redirect-${status}`,
        `redirects the request with its secrets (${status})`,
        { status, headers: { location: '/elsewhere' } },
      ],
    ])[0] as LoginCase),
  })),
  ...answer('RFC 9700 4.12', [
    [
      'redirect-script',
      'redirects to a script',
      { status: 302, headers: { location: 'javascript:alert(1)' } },
    ],
    [
      'redirect-local',
      'redirects into the local network',
      { status: 307, headers: { location: 'http://169.254.169.254/latest/meta-data' } },
    ],
  ]),
];

/** Unusual, and right. */
export const unusual: LoginCase[] = [
  ...members('RFC 6749 5.1, 7.1', [
    ['base', 'is as it should be', {}],
    ['type-case', 'writes the type in another case', { token_type: 'bEaReR' }],
    ['type-missing', 'names no type, and all that we speak is Bearer', { token_type: undefined }],
    ['lifetime-missing', 'gives no lifetime', { expires_in: undefined }],
    ['lifetime-text', 'gives a lifetime as a text', { expires_in: '3600' }],
    [
      'unknown',
      'has members that nobody knows',
      { 'x-unknown': markup, constructor: 'x', hasOwnProperty: 'x' },
    ],
    ['polluting', 'has a member named __proto__', () => JSON.parse('{"__proto__":{"polluted":true}}')],
  ]),
  ...body('RFC 8259 11', [
    [
      'text-plain',
      'is JSON that calls itself text, as with some platforms',
      (usual) => JSON.stringify(usual),
    ],
    ['byte-order-mark', 'begins with a byte order mark', (usual) => `\ufeff${JSON.stringify(usual)}`],
  ]),
];
