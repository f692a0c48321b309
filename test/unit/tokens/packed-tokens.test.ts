import { packTokens, unpackTokens } from '../../../src/tokens/packed-tokens.js';
import type { TokenSet } from '../../../src/tokens/token-set.js';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = `${part({ alg: 'RS256' })}.${part({ sub: 'é"\\', name: '名字' })}.c2lnbmF0dXJl`;

const tokens = (more: Partial<TokenSet> = {}): TokenSet => ({
  accessToken: 'opaque',
  tokenType: 'Bearer',
  scope: ['openid'],
  raw: { access_token: 'opaque', expires_in: 3600 },
  ...more,
});
const kept = (set: TokenSet): TokenSet => unpackTokens(JSON.parse(JSON.stringify(packTokens(set))));

test.each([
  ['opaque tokens', tokens({ refreshToken: 'again', expiresAt: 17 })],
  ['JWTs', tokens({ accessToken: jwt, idToken: jwt, raw: { access_token: jwt, id_token: jwt } })],
  ['a provider that gives a token twice', tokens({ raw: { token: 'opaque', access_token: 'opaque' } })],
  ['members that are null, or deeper', tokens({ raw: { data: { access_token: 'opaque' }, error: null } })],
  ['dots in what is no JWT', tokens({ accessToken: 'a.b.c', idToken: '..', refreshToken: 'a.b' })],
  ['base64 that was padded', tokens({ accessToken: 'e30=.e30=.e30=' })],
  [
    'bytes that are no UTF-8',
    tokens({ accessToken: `${Buffer.from([255, 254]).toString('base64url')}.e30.e30` }),
  ],
  ['more than three parts', tokens({ accessToken: `${jwt}.e30.e30` })],
])('%s come out as they went in', (_what, set) => {
  expect(kept(set)).toStrictEqual(set);
});

test('the members of the answer keep their order', () => {
  const raw = { token_type: 'Bearer', access_token: 'opaque', expires_in: 1 };
  expect(Object.keys(kept(tokens({ raw })).raw)).toEqual(Object.keys(raw));
});

test('a JWT is kept without base64, and no token twice', () => {
  const text = JSON.stringify(packTokens(tokens({ accessToken: jwt, raw: { access_token: jwt } })));
  expect(text).toContain('名字');
  expect(text.split('c2lnbmF0dXJl')).toHaveLength(2);
});
