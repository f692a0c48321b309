import { LOGIN_LIFETIME } from '../../../src/limits.js';
import { type BackchannelDependencies, takeLogoutToken } from '../../../src/logout/backchannel.js';
import { addToIndex, nameOfProviderSession, nameOfUser } from '../../../src/logout/login-names.js';
import { endUser, listUser } from '../../../src/logout/revoke-sessions.js';
import type { Stores } from '../../../src/stores/contracts.js';
import { createMemoryStores } from '../../../src/stores/memory.js';
import { createSealer } from '../../../src/stores/sealing.js';
import { createLoginRecords, type LoginRecord } from '../../../src/tokens/login-record.js';
import type { ProviderClient } from '../../../src/wire/client.js';
import type { LogoutToken } from '../../../src/wire/logout-token.js';
import { ManualClock } from '../wire/manual-clock.js';

const user = { provider: 'op', issuer: 'https://id.example.com', sub: 'alice' };
const session = nameOfProviderSession(user.provider, user.issuer, 's-1');
const HOUR = 3_600_000;

let clock: ManualClock;
let stores: Stores;
let deps: BackchannelDependencies;
let held: Set<string>;

beforeEach(() => {
  clock = new ManualClock();
  stores = createMemoryStores(clock);
  held = new Set();
  const records = createLoginRecords(stores.records, createSealer(['a key']), clock);
  deps = {
    records,
    revocations: { revoke: async () => 'revoked' } as never,
    emit: () => {},
    clock,
    index: stores.index,
    replays: stores.replays,
    sessions: {
      holds: async (_session, login) => held.has(login),
      release: async (_session, login) => void held.delete(login),
    },
  };
});

/** A login in the index, with or without the record that says that it still exists. */
async function logIn(id: string, { record = true, issuedAt }: { record?: boolean; issuedAt?: number } = {}) {
  const loggedInAt = clock.now();
  const endsAt = loggedInAt + HOUR;
  const login = { id, ...user, loggedInAt, providerSession: session };
  const added = await addToIndex(stores.index, 'op', login, { session: `sid-${id}`, endsAt }, issuedAt);
  if (record) {
    const tokens = { accessToken: id, tokenType: 'Bearer' as const, scope: [], raw: {} };
    const claims = { iss: user.issuer, sub: user.sub, sid: 's-1' };
    const kept: LoginRecord = { id, version: 1, provider: 'op', sub: user.sub, endsAt, tokens, claims };
    await deps.records.create(kept);
  }
  held.add(id);
  return added;
}

const known = async () => [
  (await stores.index.list(nameOfUser(user))).length,
  (await stores.index.list(session)).length,
];

describe('the sessions of a user', () => {
  it('are listed the newest first, without those that have ended', async () => {
    for (const id of ['a', 'b', 'c']) {
      await logIn(id, { record: id !== 'b' });
      await clock.advance(10);
    }
    await logIn('elsewhere');
    held.delete('elsewhere');
    expect((await listUser(deps, user)).map(({ id }) => id)).toEqual(['c', 'a']);
    // What has ended is forgotten.
    expect((await stores.index.list(nameOfUser(user))).map(({ id }) => id)).not.toContain('b');
  });

  it('are ended, save those that are spared, and forgotten under all of their names', async () => {
    await logIn('a');
    await logIn('gone', { record: false });
    await logIn('spared');
    expect(await endUser(deps, user, new Set(['spared']))).toBe(1);
    expect([...held]).toEqual(['spared']);
    expect(await known()).toEqual([1, 2]);
  });
});

describe('a logout token', () => {
  let token: LogoutToken;
  const client = {
    provider: { name: 'op', issuerId: user.issuer, clientId: 'app' },
    verifyLogoutToken: async () => token,
  } as unknown as ProviderClient;
  const SECOND = 1000;
  const at = 1_800_000_000_000;

  beforeEach(() => {
    token = { jti: 'j-1', sid: 's-1', issuedAt: at, acceptedUntil: clock.now() + HOUR } as LogoutToken;
  });

  it('ends what it is about and forgets it, what has no record as well', async () => {
    await logIn('a');
    await logIn('gone', { record: false });
    await takeLogoutToken(deps, client, 'token');
    expect([...held]).toEqual([]);
    expect(await known()).toEqual([1, 0]);
  });

  it('works once', async () => {
    await takeLogoutToken(deps, client, 'token');
    await expect(takeLogoutToken(deps, client, 'token')).rejects.toMatchObject({ replayed: true });
  });

  it.each<[string, Partial<LogoutToken>, boolean]>([
    // A session that has ended issues nothing any more.
    ['the session', { sid: 's-1' }, false],
    // Tokens have no clock finer than seconds, and the user may log in again.
    ['the user alone', { sid: undefined as never, sub: 'alice' }, true],
  ])('about %s, and a login whose id_token is of the same second', async (_what, about, passes) => {
    token = { ...token, ...about };
    await takeLogoutToken(deps, client, 'token');
    await clock.advance(1);
    expect(await logIn('before', { issuedAt: at - SECOND })).toBe(false);
    expect(await logIn('same', { issuedAt: at })).toBe(passes);
    expect(await logIn('after', { issuedAt: at + SECOND })).toBe(true);
  });

  it('is remembered as long as a login may take', async () => {
    await takeLogoutToken(deps, client, 'token');
    await clock.advance(LOGIN_LIFETIME + 1);
    expect(await logIn('late', { issuedAt: at - SECOND })).toBe(true);
  });
});
