import { packLogins, unpackLogins } from '../../../src/express/packed-logins.js';
import type { SessionLogin } from '../../../src/express/session-data.js';
import type { User } from '../../../src/login/user.js';

const claims = {
  sub: 'u1',
  iss: 'https://id.example.com',
  name: 'Ann',
  email: 'a@example.com',
  amr: ['pwd'],
};
const user: User = { provider: 'oidc', sub: 'u1', name: 'Ann', email: 'a@example.com', claims };
const login = (is: object): SessionLogin => ({
  id: 'l1',
  sub: 'u1',
  user: { ...user, ...is },
  scope: ['openid'],
  loggedInAt: 1,
  issuer: 'https://id.example.com',
});
const text = (one: SessionLogin) => JSON.stringify(packLogins({ oidc: one }));
const kept = (one: SessionLogin) => unpackLogins(JSON.parse(text(one))).oidc as SessionLogin;

test('what the claims and the login say is in the text once', () => {
  const packed = text(login({}));
  for (const once of ['"u1"', '"Ann"', '"a@example.com"', '"https://id.example.com"']) {
    expect(packed.split(once)).toHaveLength(2);
  }
  expect(packed).not.toContain('"lacks"');
});

test.each([
  ['a user as providers give it', {}],
  ['claims without sub and iss', { claims: { name: 'Ann' } }],
  ['a user without a name, though a claim says one', { name: undefined, email: undefined }],
  ['a name that is not the one in the claims', { name: 'Doctor Ann' }],
  ['a name that no claim says', { claims: { display: 'Ann' } }],
  ['another sub and iss in the claims', { claims: { sub: 'other', iss: 'https://other.example.com' } }],
  ['claims that are null', { claims: { sub: null, iss: null, name: null, email: null } }],
  ['another provider and sub in the user', { provider: 'other', sub: 'u2' }],
  ['a picture', { picture: 'https://example.com/a.png', claims: { picture: 'https://example.com/a.png' } }],
  ['what an app added', { role: 'admin', lacks: ['name'], claims: { ...claims, lacks: ['sub'] } }],
  ['names of JavaScript', { claims: JSON.parse('{"__proto__":{"sub":"x"},"constructor":1}') }],
])('%s comes out as it went in, and packs to the same text', (_what, is) => {
  const before = JSON.parse(JSON.stringify(login(is)));
  const after = kept(login(is));
  expect(after).toStrictEqual(before);
  expect(text(after)).toBe(text(login(is)));
});

test('what neither the user nor the claims have takes no room', () => {
  const bare = login({
    name: undefined,
    email: undefined,
    claims: { sub: 'u1', iss: 'https://id.example.com' },
  });
  expect(packLogins({ oidc: bare }).oidc).not.toHaveProperty('lacks');
});

test('a text that was not packed is read as well', () => {
  const plain = JSON.parse(JSON.stringify({ oidc: login({}) }));
  expect(unpackLogins(plain)).toEqual({ oidc: login({}) });
});
