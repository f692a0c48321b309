import { type LoginCase, type Row, table } from '../support/cases.js';

type Changed = (params: URLSearchParams) => void;
const params = (source: string, rows: Row<Changed>[]) => table(source, rows, (callback) => ({ callback }));
const query = (source: string, rows: Row<(query: string) => string>[]) =>
  table(source, rows, (change) => ({ query: change }));
const refusedAs = (refusal: Partial<LoginCase>, cases: LoginCase[]) =>
  cases.map((one) => ({ status: 400, leaves: 'the open transaction' as const, ...refusal, ...one }));

/** Not as one honest answer would be: refused before anybody looks for a transaction. */
export const malformed: LoginCase[] = refusedAs({ code: 'callback_malformed' }, [
  ...params('RFC 6749 4.1.2', [
    ['state-missing', 'has no state', (it) => it.delete('state')],
    ['state-empty', 'has an empty state', (it) => it.set('state', '')],
    ['state-long', 'has a state of 513 characters', (it) => it.set('state', 'x'.repeat(513))],
    ['code-missing', 'has neither a code nor an error', (it) => it.delete('code')],
    ['code-empty', 'has an empty code', (it) => it.set('code', '')],
    ['code-long', 'has a code of 4097 characters', (it) => it.set('code', 'x'.repeat(4097))],
    ['code-newline', 'has a line break in its code', (it) => it.set('code', 'a\r\nx-evil: 1')],
    ['code-nul', 'has a NUL in its code', (it) => it.set('code', 'a\0b')],
    ['code-non-ascii', 'has a letter in its code that is none of ASCII', (it) => it.set('code', 'cöde')],
    ['code-and-error', 'has a code and an error', (it) => it.set('error', 'access_denied')],
    ['code-and-empty-error', 'has a code and an empty error', (it) => it.set('error', '')],
  ]),
  ...query('RFC 6749 3.1', [
    ['code-twice', 'has two codes', (it) => `${it}&code=another&auth_code=another`],
    ['code-twice-first', 'has another code before its own', (it) => `code=another&auth_code=another&${it}`],
    ['code-twice-same', 'has its code twice', (it) => `${it}&${it}`],
    ['state-twice', 'has two states', (it) => `${it}&state=another&echo=another`],
    ['iss-twice', 'has two issuers', (it) => `${it}&iss=a&iss=b`],
    ['unknown-twice', 'has a parameter twice that nobody knows', (it) => `${it}&x=1&x=2`],
  ]),
  ...query('OWASP ASVS 4.0 5.1.1, parameter pollution', [
    ['code-list', 'has a list of codes', (it) => `${it}&code[]=another`],
    ['code-list-encoded', 'has a list of codes, encoded', (it) => `${it}&code%5B%5D=another`],
    ['code-member', 'has a member of its code', (it) => `${it}&code[x]=another`],
    ['code-prototype', 'has a prototype of its code', (it) => `${it}&code[__proto__][x]=another`],
    ['state-list', 'has a list of states', (it) => `${it}&state[]=another`],
    ['proto-member', 'sets a member of __proto__', (it) => `${it}&__proto__[polluted]=1`],
    [
      'proto-deep',
      'sets a member of constructor.prototype',
      (it) => `${it}&constructor[prototype][polluted]=1`,
    ],
    ['bracket-open', 'has a bracket that is never closed', (it) => `${it}&a[b=1`],
  ]),
]);

/** The state of nobody. */
export const unknownState: LoginCase[] = refusedAs({ code: 'transaction_unknown' }, [
  ...params('RFC 6749 10.12', [
    ['state-unknown', 'has a state that nobody sent', (it) => it.set('state', 'x'.repeat(43))],
    ['state-short', 'has the beginning of its state', (it) => it.set('state', stateOf(it).slice(0, -1))],
    ['state-longer', 'has more than its state', (it) => it.set('state', `${stateOf(it)}x`)],
    ['state-case', 'has its state in capitals', (it) => it.set('state', stateOf(it).toUpperCase())],
    ['state-space', 'has its state and a space', (it) => it.set('state', `${stateOf(it)} `)],
    ['state-pattern', 'has a pattern for a state', (it) => it.set('state', '*')],
    ['state-key', 'has the name of a key for a state', (it) => it.set('state', '}:open:*')],
    ['state-nul', 'has a NUL behind its state', (it) => it.set('state', `${stateOf(it)}\0`)],
    ['state-prototype', 'has __proto__ for a state', (it) => it.set('state', '__proto__')],
    ['state-markup', 'has markup for a state', (it) => it.set('state', '"><script>alert(1)</script>')],
    ['posted-unknown', 'says that it was posted', (it) => it.set('posted', 'x'.repeat(43))],
    ['posted-markup', 'says so with markup', (it) => it.set('posted', '<script>alert(1)</script>')],
  ]),
]);

/** They name the open transaction, which is over with them. */
export const otherIssuer: LoginCase[] = params('RFC 9207 2.4', [
  ['iss-foreign', 'comes from another issuer', (it) => it.set('iss', 'https://evil.example')],
  ['iss-empty', 'comes from an empty issuer', (it) => it.set('iss', '')],
  ['iss-slash', 'comes from our issuer with a slash', (it) => it.set('iss', 'http://127.0.0.1/')],
  ['iss-markup', 'comes from markup', (it) => it.set('iss', '<script>alert(1)</script>')],
  [
    'iss-foreign-error',
    'comes from another issuer, with an error',
    (it) => answerError(it, 'access_denied', { iss: 'https://evil.example' }),
  ],
]).map((one) => ({ ...one, status: 400, code: 'issuer_mismatch' }));

const denied = { status: 403, code: 'access_denied' };
const rejected = { status: 502, code: 'provider_rejected' };
const markup = '"><img src=x onerror=alert(1)>';
const handler = '" autofocus onfocus="alert(1)';

/** Errors in the place of a code. */
export const errors: LoginCase[] = [
  ...params('RFC 6749 4.1.2.1', [
    ['denied', 'says that the user declined', (it) => answerError(it, 'access_denied')],
    [
      'denied-markup',
      'says so with markup',
      (it) => answerError(it, 'access_denied', { error_description: markup }),
    ],
    [
      'denied-uri',
      'says so with a link to a script',
      (it) => answerError(it, 'access_denied', { error_uri: 'javascript:alert(1)' }),
    ],
    [
      'denied-login-url',
      'says so and where to log in',
      (it) => answerError(it, 'access_denied', { login_url: 'https://evil.example' }),
    ],
  ]).map((one) => ({ ...one, ...denied })),
  ...params('RFC 6749 4.1.2.1', [
    ['error-standard', 'has an error of ours', (it) => answerError(it, 'invalid_scope')],
    ['error-unknown', 'has an error that nobody knows', (it) => answerError(it, 'evil')],
    ['error-markup', 'has markup for an error', (it) => answerError(it, '<script>alert(1)</script>')],
    ['error-attribute', 'has an end of an attribute for an error', (it) => answerError(it, markup)],
    ['error-handler', 'has a handler for an error', (it) => answerError(it, handler)],
    ['error-script', 'has a link to a script for an error', (it) => answerError(it, 'javascript:alert(1)')],
    ['error-long', 'has an error of 8 KiB', (it) => answerError(it, 'x'.repeat(8192))],
    ['error-newline', 'has a line break in its error', (it) => answerError(it, 'a\r\nSet-Cookie: sid=x')],
    ['error-empty', 'has an empty error', (it) => answerError(it, '')],
    ['error-prototype', 'has __proto__ for an error', (it) => answerError(it, '__proto__')],
    ['error-constructor', 'has constructor for an error', (it) => answerError(it, 'constructor')],
    ['error-method', 'has toString for an error', (it) => answerError(it, 'toString')],
    ['error-ours', 'has one of our codes for an error', (it) => answerError(it, 'login_required')],
    ['error-grant', 'has an error of the token endpoint', (it) => answerError(it, 'invalid_grant')],
  ]).map((one) => ({ ...one, ...rejected })),
];

/** Unusual, and right. */
export const honest: LoginCase[] = [
  ...query('RFC 6749 4.1.2', [
    ['base', 'is as it should be', (it) => it],
    [
      'unknown',
      'has parameters that nobody knows, which are ignored',
      (it) => `${it}&session_state=x&foo=bar`,
    ],
    ['proto-plain', 'has a parameter named __proto__', (it) => `${it}&__proto__=x&constructor=y`],
    [
      'redirect',
      'says where to go, which is ignored',
      (it) => `${it}&returnTo=//evil.example&redirect_uri=x`,
    ],
  ]),
];

const stateOf = (params: URLSearchParams) => params.get('state') ?? '';

/** An error in the place of the code. */
export function answerError(params: URLSearchParams, error: string, more: Record<string, string> = {}): void {
  params.delete('code');
  for (const [name, value] of Object.entries({ error, ...more })) params.set(name, value);
}
