import { halfHash } from '../../unit/wire/signing.js';
import { type LoginCase, type Row, table } from '../support/cases.js';
import { type Change, CLIENT_ID } from '../support/provider.js';

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const now = () => Math.floor(Date.now() / 1000);
const claims = (source: string, rows: Row<Change>[]) =>
  table(source, rows, (change) => ({ script: { claims: change } }));
const header = (source: string, rows: Row<object>[]) =>
  table(source, rows, (change) => ({ script: { header: change } }));

/** Well signed, and wrong in what it says. */
export const wrongClaims: LoginCase[] = [
  ...claims('OIDC Core 3.1.3.7 (2)', [
    ['iss-missing', 'names no issuer', { iss: undefined }],
    ['iss-foreign', 'names another issuer', { iss: 'https://evil.example' }],
    ['iss-slash', 'adds a slash to the issuer', (usual) => ({ iss: `${usual.iss}/` })],
    [
      'iss-prefix',
      'names an issuer that begins like ours',
      (usual) => ({ iss: `${usual.iss}.evil.example` }),
    ],
    ['iss-case', 'writes the issuer in capitals', (usual) => ({ iss: String(usual.iss).toUpperCase() })],
    ['iss-list', 'names the issuer in a list', (usual) => ({ iss: [usual.iss] })],
    ['iss-empty', 'names an empty issuer', { iss: '' }],
    ['iss-null', 'names null as the issuer', { iss: null }],
  ]),
  ...claims('OIDC Core 2', [
    ['sub-missing', 'names no subject', { sub: undefined }],
    ['sub-empty', 'names an empty subject', { sub: '' }],
    ['sub-long', 'names a subject of 256 characters', { sub: 'x'.repeat(256) }],
    ['sub-number', 'names a number as the subject', { sub: 1 }],
    ['sub-true', 'names true as the subject', { sub: true }],
    ['sub-null', 'names null as the subject', { sub: null }],
    ['sub-list', 'names a list as the subject', { sub: ['alice'] }],
    ['sub-object', 'names an object as the subject', { sub: { toString: 'alice' } }],
    ['sub-nul', 'puts a NUL into the subject', { sub: 'alice\0' }],
    ['sub-newline', 'puts a line break into the subject', { sub: 'alice\r\nSet-Cookie: sid=x' }],
    ['sub-delete', 'puts a DEL into the subject', { sub: 'ali\x7fce' }],
    ['sub-non-ascii', 'puts a letter that looks like another into the subject', { sub: 'аlice' }],
    ['sub-invisible', 'puts a character without width into the subject', { sub: 'alice\u200b' }],
  ]),
  ...claims('OIDC Core 3.1.3.7 (3)', [
    ['aud-missing', 'names no audience', { aud: undefined }],
    ['aud-foreign', 'is for another client', { aud: 'another-client' }],
    ['aud-empty', 'is for an empty client', { aud: '' }],
    ['aud-none', 'is for an empty list of clients', { aud: [] }],
    ['aud-foreign-list', 'is for a list of other clients', { aud: ['another-client', 'a-third'] }],
    ['aud-second', 'is for us and somebody untrusted', { aud: [CLIENT_ID, 'another-client'] }],
    [
      'aud-second-azp',
      'is for us and somebody untrusted, and says that we asked',
      { aud: [CLIENT_ID, 'another-client'], azp: CLIENT_ID },
    ],
    ['aud-prefix', 'is for a client whose name begins like ours', { aud: `${CLIENT_ID}-2` }],
    ['aud-case', 'is for our name in capitals', { aud: CLIENT_ID.toUpperCase() }],
    ['aud-nested', 'is for us in a list within a list', { aud: [[CLIENT_ID]] }],
    ['aud-object', 'is for us in an object', { aud: { [CLIENT_ID]: CLIENT_ID } }],
    ['aud-words', 'is for us and another in one string', { aud: `${CLIENT_ID} another-client` }],
  ]),
  ...claims('OIDC Core 3.1.3.7 (5)', [
    ['azp-foreign', 'was asked for by another client', { azp: 'another-client' }],
    [
      'azp-foreign-list',
      'was asked for by another client, and is for a list of one',
      { aud: [CLIENT_ID], azp: 'another-client' },
    ],
    ['azp-empty', 'was asked for by an empty client', { azp: '' }],
    ['azp-null', 'was asked for by null', { azp: null }],
    ['azp-list', 'was asked for by a list', { azp: [CLIENT_ID] }],
  ]),
  ...claims('OIDC Core 3.1.3.7 (9)', [
    ['exp-missing', 'never expires', { exp: undefined }],
    ['exp-past', 'expired a minute ago', () => ({ exp: now() - 60 })],
    ['exp-past-tolerance', 'expired 32 s ago, 30 s being allowed', () => ({ exp: now() - 32 })],
    ['exp-zero', 'expired in 1970', { exp: 0 }],
    ['exp-negative', 'expired before 1970', { exp: -1 }],
    ['exp-absurd', 'expires in a hundred years', () => ({ exp: now() + 100 * 366 * 86_400 })],
    ['exp-milliseconds', 'counts its expiry in milliseconds', () => ({ exp: Date.now() + 300_000 })],
    ['exp-huge', 'expires after the end of time', { exp: 1e308 }],
    ['exp-text', 'expires at a text', (usual) => ({ exp: String(usual.exp) })],
    ['exp-null', 'expires at null', { exp: null }],
  ]),
  ...claims('OIDC Core 3.1.3.7 (10)', [
    ['iat-missing', 'does not say when it was issued', { iat: undefined }],
    ['iat-future', 'was issued in ten minutes', () => ({ iat: now() + 600, exp: now() + 900 })],
    ['iat-milliseconds', 'counts its issue in milliseconds', () => ({ iat: Date.now() })],
    ['iat-text', 'was issued at a text', (usual) => ({ iat: String(usual.iat) })],
    ['iat-null', 'was issued at null', { iat: null }],
  ]),
  ...claims('RFC 7519 4.1.5', [
    ['nbf-future', 'is not yet valid', () => ({ nbf: now() + 600 })],
    ['nbf-text', 'is not valid before a text', { nbf: 'soon' }],
  ]),
  ...claims('OIDC Core 3.1.3.7 (11)', [
    ['nonce-foreign', 'has the nonce of another login', { nonce: 'another' }],
    ['nonce-empty', 'has an empty nonce', { nonce: '' }],
    ['nonce-null', 'has null as its nonce', { nonce: null }],
    ['nonce-list', 'has the nonce in a list', (usual) => ({ nonce: [usual.nonce] })],
    ['nonce-longer', 'has a nonce that begins like ours', (usual) => ({ nonce: `${usual.nonce}x` })],
    ['nonce-case', 'has the nonce in another case', (usual) => ({ nonce: swapCase(String(usual.nonce)) })],
  ]),
  ...claims('OIDC Core 3.1.3.8', [
    ['at-hash-foreign', 'has the hash of another access token', { at_hash: halfHash('another', 256) }],
    ['at-hash-empty', 'has an empty hash', { at_hash: '' }],
    ['at-hash-null', 'has null as its hash', { at_hash: null }],
    ['at-hash-number', 'has a number as its hash', { at_hash: 0 }],
  ]),
  ...claims('RFC 8725 3.11', [['logout-token', 'is a logout token', { events: { [LOGOUT_EVENT]: {} } }]]),
  ...header('RFC 8725 3.11', [
    ['typ-access-token', 'is an access token', { typ: 'at+jwt' }],
    ['typ-access-token-full', 'is an access token, in full', { typ: 'application/at+jwt' }],
    ['typ-logout-token', 'calls itself a logout token', { typ: 'logout+jwt' }],
    ['typ-event', 'is a security event', { typ: 'secevent+jwt' }],
    ['typ-proof', 'is a proof of possession', { typ: 'dpop+jwt' }],
    ['typ-assertion', 'is a client’s assertion', { typ: 'client-authentication+jwt' }],
    ['typ-list', 'has a list of types', { typ: ['JWT'] }],
    ['typ-number', 'has a number as its type', { typ: 1 }],
  ]),
];

/** Wrong where the authorization request asked for a `max_age`. */
export const wrongAuthTime: LoginCase[] = claims('OIDC Core 3.1.3.7 (13)', [
  [
    'auth-time-missing',
    'does not say when the user proved who they are, though asked',
    { auth_time: undefined },
  ],
  [
    'auth-time-old',
    'is of a user who was there an hour ago, a minute being allowed',
    () => ({ auth_time: now() - 3600 }),
  ],
  ['auth-time-text', 'is of a user who was there at a text', () => ({ auth_time: String(now()) })],
  ['auth-time-null', 'is of a user who was there at null', { auth_time: null }],
  ['auth-time-future', 'is of a user who will be there in ten minutes', () => ({ auth_time: now() + 600 })],
  [
    'auth-time-milliseconds',
    'counts in milliseconds when the user was there',
    () => ({ auth_time: Date.now() }),
  ],
]);

/** Wrong where the authorization request asked for an essential `auth_time`. */
export const wrongEssentialAuthTime: LoginCase[] = claims('OIDC Core 5.5.1', [
  [
    'auth-time-essential-missing',
    'does not say when the user proved who they are, though that is essential',
    { auth_time: undefined },
  ],
  [
    'auth-time-essential-milliseconds',
    'counts in milliseconds when the user was there, which is essential',
    () => ({ auth_time: Date.now() }),
  ],
]);

/** Too little where the authorization request asked for an essential `acr`, whichever. */
export const wrongEssentialAcr: LoginCase[] = claims('OIDC Core 5.5.1.1', [
  [
    'acr-essential-missing',
    'does not say how the user proved who they are, though that is essential',
    { acr: undefined },
  ],
  ['acr-essential-empty', 'says nothing of how the user proved who they are', { acr: '' }],
]);

/** Too little where the authorization request asked for `acr` by `acr_values` ("b c") and by `claims` ("a", "b"). */
export const wrongAcr: LoginCase[] = claims('OIDC Core 5.5.1.1', [
  ['acr-claims-only', 'has what claims ask for, and acr_values do not', { acr: 'a' }],
  ['acr-values-only', 'has what acr_values ask for, and claims do not', { acr: 'c' }],
]);

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()));
}
