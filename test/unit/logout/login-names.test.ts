import {
  addToIndex,
  type KnownLogin,
  nameOfProviderSession,
  nameOfSubject,
  nameOfUser,
  namesInClaims,
} from '../../../src/logout/login-names.js';
import type { IndexedLogin, LoginIndex, Moment } from '../../../src/stores/contracts.js';

const user = { provider: 'op', issuer: 'https://id.example.com', sub: 'alice' };
const { provider, issuer, sub } = user;

describe('a name in the index', () => {
  it('is another one for each kind, provider, issuer and value', () => {
    const names = [
      nameOfUser(user),
      nameOfProviderSession(provider, issuer, sub),
      nameOfSubject(user),
      ...[{ provider: 'other' }, { issuer: 'https://other.example.com' }, { sub: 'bob' }].flatMap((other) => [
        nameOfUser({ ...user, ...other }),
        nameOfSubject({ ...user, ...other }),
      ]),
      // Nothing of one part may pass for a part of another.
      nameOfUser({ ...user, provider: 'op","x', issuer: 'y' }),
      nameOfUser({ ...user, provider: 'op', issuer: 'x","y' }),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  it('tells nothing of whose it is, and is the same every time', () => {
    expect(nameOfUser(user)).toMatch(/^[\w-]{22}$/);
    expect(nameOfUser({ ...user })).toBe(nameOfUser(user));
  });
});

describe('what an id_token adds to how a login is found', () => {
  it.each<[string, Record<string, unknown> | undefined, Partial<KnownLogin>]>([
    ['no id_token', undefined, {}],
    ['neither', { iss: issuer }, {}],
    ['the user as its subject', { sub }, {}],
    ['a session', { sid: 's-1' }, { providerSession: nameOfProviderSession(provider, issuer, 's-1') }],
    ['an empty session', { sid: '' }, {}],
    ['a session that is no text', { sid: 5 }, {}],
    ['another subject', { sub: 'a-1' }, { subject: nameOfSubject({ ...user, sub: 'a-1' }) }],
    ['a subject that is no text', { sub: 5 }, {}],
  ])('%s', (_what, claims, names) => {
    expect(namesInClaims(user, claims)).toEqual(names);
  });
});

describe('a login that is added', () => {
  let added: { name: string; login: IndexedLogin; began: Moment; limit: number }[];
  let refused: string | undefined;
  const index = {
    add: async (name: string, login: IndexedLogin, began: Moment, limit: number) => {
      added.push({ name, login, began, limit });
      return name !== refused;
    },
  } as LoginIndex;
  const where = { session: 'sid', endsAt: 9 };
  const login: KnownLogin = { id: 'l-1', issuer, sub, loggedInAt: 5 };
  const entry = { id: 'l-1', provider, loggedInAt: 5, ...where };

  beforeEach(() => {
    added = [];
    refused = undefined;
  });

  it('is found by its user alone where nothing else is known', async () => {
    expect(await addToIndex(index, provider, login, where)).toBe(true);
    expect(added).toStrictEqual([{ name: nameOfUser(user), login: entry, began: { here: 5 }, limit: 1000 }]);
  });

  it('began when the provider says so, too', async () => {
    await addToIndex(index, provider, login, where, 4);
    expect(added.map(({ began }) => began)).toStrictEqual([{ here: 5, provider: 4 }]);
  });

  it('names its subject everywhere but where the user is that', async () => {
    const subject = nameOfSubject(user);
    await addToIndex(index, provider, { ...login, providerSession: 'session' }, where);
    expect(added.map((one) => [one.name, one.login])).toStrictEqual([
      [nameOfUser(user), entry],
      ['session', { ...entry, subject }],
    ]);
  });

  it('names another subject everywhere', async () => {
    await addToIndex(index, provider, { ...login, providerSession: 'session', subject: 'other' }, where);
    expect(added.map((one) => [one.name, one.login])).toStrictEqual(
      [nameOfUser(user), 'session', 'other'].map((name) => [name, { ...entry, subject: 'other' }]),
    );
  });

  it.each([nameOfUser(user), 'session', 'other'])(
    'is refused where one of its names was ended: %s',
    async (name) => {
      refused = name;
      const known = { ...login, providerSession: 'session', subject: 'other' };
      expect(await addToIndex(index, provider, known, where)).toBe(false);
    },
  );
});
