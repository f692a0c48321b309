import { AuthorizationDeniedError, ProviderProtocolError } from '../../../src/errors.js';
import { buildUser, lacksPromisedClaims } from '../../../src/login/user.js';
import type { IdentityMapping } from '../../../src/provider.js';
import { defineProvider } from '../../../src/providers/define.js';

const provider = (identity: Partial<IdentityMapping> = {}) =>
  defineProvider({
    name: 'as',
    clientId: '1',
    endpoints: {
      authorization: 'https://as.example.com/a',
      token: 'https://as.example.com/t',
      userinfo: 'https://as.example.com/u',
    },
    identity,
  });

describe('the subject', () => {
  it.each<[readonly string[], Record<string, unknown>, string]>([
    [['sub'], { sub: 'alice' }, 'alice'],
    [['sub'], { sub: '007' }, '007'],
    [['id'], { id: 42 }, '42'],
    [['id'], { id: 0 }, '0'],
    [['domain_id', 'user_id'], { domain_id: 'd', user_id: 'u' }, 'd:u'],
    [['sub'], { sub: 'x'.repeat(255) }, 'x'.repeat(255)],
  ])('%j of %j is %s', (subject, facts, sub) => {
    expect(buildUser(provider({ subject }), facts).sub).toBe(sub);
  });

  it.each<[readonly string[], Record<string, unknown>]>([
    [['sub'], {}],
    [['sub'], { sub: '' }],
    [['sub'], { sub: null }],
    [['sub'], { sub: true }],
    [['sub'], { sub: {} }],
    [['sub'], { sub: ['alice'] }],
    [['sub'], { sub: 1.5 }],
    [['sub'], { sub: 2 ** 53 }],
    [['sub'], { sub: Number.NaN }],
    [['sub'], { sub: 'x'.repeat(256) }],
    [['sub'], { sub: 'älice' }],
    [['sub'], { sub: 'alice\n' }],
    [['a', 'b'], { a: 'x' }],
    [['a', 'b'], { a: '', b: 'y' }],
    [['open_id'], { union_id: 'u' }],
    // Nothing stands in for a subject.
    [['sub'], { id: '1', email: 'a@b.c', name: 'Alice' }],
  ])('%j of %j is none, and nobody logs in', (subject, facts) => {
    let thrown: unknown;
    try {
      buildUser(provider({ subject }), facts);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ProviderProtocolError);
    expect(thrown).toMatchObject({ code: 'provider_protocol' });
  });
});

describe('a user', () => {
  it('has what is for display from the first claim that holds text', () => {
    const mapping = { name: ['name', 'login_name', 'upn'], email: ['mail', 'email'], picture: ['avatar'] };
    const user = buildUser(provider(mapping), {
      sub: '1',
      name: '',
      login_name: 5,
      upn: 'a@b',
      email: 'a@b.c',
    });
    expect(user).toMatchObject({ provider: 'as', sub: '1', name: 'a@b', email: 'a@b.c' });
    expect(user).not.toHaveProperty('picture');
    expect(buildUser(provider(mapping), { sub: '1', avatar: 'https://x/a.png' }).picture).toBe(
      'https://x/a.png',
    );
    expect(Object.keys(buildUser(provider(mapping), { sub: '1' })).sort()).toEqual([
      'claims',
      'provider',
      'sub',
    ]);
  });

  it('has the provider’s claims in the provider’s spelling, and none about the token', () => {
    const about = {
      aud: 'x',
      azp: 'x',
      exp: 1,
      iat: 1,
      nbf: 1,
      jti: 'x',
      nonce: 'n',
      at_hash: 'h',
      c_hash: 'h',
      s_hash: 'h',
    };
    const claims = {
      sub: '1',
      iss: 'https://op',
      openId: 'o',
      auth_time: 5,
      'https://x/role': ['admin'],
      extra: null,
    };
    expect(buildUser(provider(), { ...claims, ...about }).claims).toEqual(claims);
  });

  it('is not made an administrator by a member named __proto__', () => {
    const facts = JSON.parse('{"sub":"1","__proto__":{"admin":true,"name":"root"}}');
    const user = buildUser(provider(), facts);
    expect((user.claims as { admin?: boolean }).admin).toBeUndefined();
    expect(user.name).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('is refused when the provider’s policy says so, with its reason', () => {
    const refuse = ({ aid }: Readonly<Record<string, unknown>>) =>
      aid === '1' ? undefined : 'wrong_account';
    expect(buildUser(provider({ refuse }), { sub: 'a', aid: '1' }).sub).toBe('a');
    let thrown: unknown;
    try {
      buildUser(provider({ refuse }), { sub: 'a', aid: '2' });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AuthorizationDeniedError);
    expect(thrown).toMatchObject({ code: 'user_not_allowed', status: 403, providerCode: 'wrong_account' });
  });
});

it.each<[Record<string, unknown>, string[], boolean]>([
  [{ sub: '1' }, ['openid'], false],
  [{ sub: '1' }, ['openid', 'profile'], true],
  [{ sub: '1', name: 'A' }, ['openid', 'profile'], false],
  [{ sub: '1', picture: 'p' }, ['openid', 'profile'], false],
  [{ sub: '1', name: 'A' }, ['openid', 'profile', 'email'], true],
  [{ sub: '1', email: 'e' }, ['openid', 'email'], false],
  [{ sub: '1' }, ['openid', 'phone'], true],
  [{ sub: '1', phone_number: '1' }, ['openid', 'phone'], false],
  [{ sub: '1', address: {} }, ['openid', 'address'], false],
  [{ sub: '1' }, ['openid', '/acs/ccc', 'offline_access'], false],
  [{ sub: '1' }, ['constructor', '__proto__', 'toString'], false],
  [{ sub: '1' }, [], false],
])('of %j with the scope %j, promised claims are missing: %p', (claims, scope, expected) => {
  expect(lacksPromisedClaims(claims, scope)).toBe(expected);
});

// [OpenID Connect Core 5.4]
it.each(['family_name', 'given_name', 'nickname', 'preferred_username', 'profile'])(
  'the scope profile promises %s, among others',
  (claim) => {
    expect(lacksPromisedClaims({ sub: '1', [claim]: 'x' }, ['profile'])).toBe(false);
  },
);
