import {
  canRefresh,
  issuedTokens,
  refreshedTokens,
  type TokenSet,
  timeLeft,
} from '../../../src/tokens/token-set.js';
import { tokens } from './harness.js';

const old: TokenSet = {
  accessToken: 'at-0',
  tokenType: 'Bearer',
  expiresAt: 1000,
  refreshToken: 'rt-0',
  refreshExpiresAt: 9000,
  idToken: 'id-0',
  scope: ['openid', 'profile'],
  raw: { access_token: 'at-0', extra: 'old' },
};

describe('the tokens of a new login', () => {
  it('have the scope that was granted, or what was asked for where the provider does not say', () => {
    expect(issuedTokens(tokens('at', 1, { scope: ['openid'] }), ['openid', 'email']).scope).toEqual([
      'openid',
    ]);
    expect(issuedTokens(tokens('at', 1, { scope: [] }), ['openid']).scope).toEqual([]);
    expect(issuedTokens(tokens('at', 1), ['openid', 'email']).scope).toEqual(['openid', 'email']);
  });
});

describe('the tokens after a refresh', () => {
  it('are the new ones where there are new ones', () => {
    const answer = tokens('at-1', 2000, {
      refreshToken: 'rt-1',
      refreshExpiresAt: 9999,
      idToken: 'id-1',
      scope: ['openid'],
    });
    expect(refreshedTokens(old, answer)).toEqual(answer);
  });

  it('are the old ones where nothing came, but for the access token and its lifetime', () => {
    expect(refreshedTokens(old, tokens('at-1', undefined))).toEqual({
      accessToken: 'at-1',
      tokenType: 'Bearer',
      refreshToken: 'rt-0',
      refreshExpiresAt: 9000,
      idToken: 'id-0',
      scope: ['openid', 'profile'],
      raw: { access_token: 'at-1' },
    });
  });

  it('do not give the lifetime of the old refresh token to a new one', () => {
    expect(refreshedTokens(old, tokens('at-1', 2000, { refreshToken: 'rt-1' }))).not.toHaveProperty(
      'refreshExpiresAt',
    );
    expect(refreshedTokens(old, tokens('at-1', 2000, { refreshToken: 'rt-0' })).refreshExpiresAt).toBe(9000);
    expect(refreshedTokens(old, tokens('at-1', 2000, { refreshExpiresAt: 9500 })).refreshExpiresAt).toBe(
      9500,
    );
  });

  it('never have a member that is undefined, which a store would turn into something else', () => {
    const bare = refreshedTokens(
      { accessToken: 'a', tokenType: 'Bearer', scope: [], raw: {} },
      tokens('b', undefined),
    );
    expect(Object.keys(bare).sort()).toEqual(['accessToken', 'raw', 'scope', 'tokenType']);
  });
});

it.each([
  [{ expiresAt: 5000 }, 4000],
  [{ expiresAt: 1000 }, 0],
  [{ expiresAt: 0 }, -1000],
  [{}, Number.POSITIVE_INFINITY],
])('of %j at 1000, %p ms are left', (set, left) => {
  expect(timeLeft(set, 1000)).toBe(left);
});

it.each([
  [{ refreshToken: 'rt' }, true],
  [{ refreshToken: 'rt', refreshExpiresAt: 1001 }, true],
  [{ refreshToken: 'rt', refreshExpiresAt: 1000 }, false],
  [{ refreshExpiresAt: 5000 }, false],
  [{}, false],
])('%j can be refreshed at 1000: %p', (set, expected) => {
  expect(canRefresh({ accessToken: 'at', tokenType: 'Bearer', scope: [], raw: {}, ...set }, 1000)).toBe(
    expected,
  );
});
