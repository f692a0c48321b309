import { StoreUnavailableError } from '../../../src/errors.js';
import { createMemoryStores } from '../../../src/stores/memory.js';
import { createSealer } from '../../../src/stores/sealing.js';
import { createLoginRecords, type LoginRecord } from '../../../src/tokens/login-record.js';
import { ManualClock } from '../wire/manual-clock.js';
import { HOUR } from './harness.js';

const MINUTE = 60_000;

function setUp() {
  const clock = new ManualClock();
  const { records: store } = createMemoryStores(clock);
  const record = (tokens: Partial<LoginRecord['tokens']> = {}, endsIn = 24 * HOUR): LoginRecord => ({
    id: 'login-1',
    version: 1,
    provider: 'op',
    sub: 'alice',
    endsAt: clock.now() + endsIn,
    tokens: {
      accessToken: 'secret-token',
      tokenType: 'Bearer',
      scope: ['openid'],
      raw: { ä: [1, null] },
      ...tokens,
    },
  });
  const sealedBy = (...keys: string[]) => createLoginRecords(store, createSealer(keys), clock);
  return { clock, store, record, sealedBy, records: sealedBy('key') };
}

describe('a login record', () => {
  it('comes back as it was', async () => {
    const { records, record } = setUp();
    const pending = { accessToken: 'at-1', tokenType: 'Bearer', raw: {}, receivedAt: 4e12 };
    const all = { ...record({ expiresAt: 5e12, refreshToken: 'rt' }), claims: { sub: 'alice' }, pending };
    await records.create(all);
    expect(await records.read('login-1')).toEqual(all);
  });

  it('is unreadable in the store, but for version and expiry', async () => {
    const { records, record, store, clock } = setUp();
    await records.create(record({ expiresAt: clock.now() + HOUR, refreshToken: 'refresh-token' }));
    const stored = await store.read('login-1');
    expect(stored).toMatchObject({ version: 1, expiresAt: clock.now() + HOUR });
    expect(Buffer.from(stored?.sealed ?? []).toString('latin1')).not.toMatch(
      /secret-token|refresh-token|alice/,
    );
    expect(await records.peek('login-1')).toMatchObject({ version: 1, expiresAt: clock.now() + HOUR });
  });

  it('counts its versions, and is replaced by one of two writers', async () => {
    const { records, record } = setUp();
    const one = record();
    await records.create(one);
    const { version: _, ...next } = one;
    expect(await records.replace(one, { ...next, sub: 'first' })).toBe('replaced');
    expect(await records.replace(one, { ...next, sub: 'second' })).toBe('conflict');
    expect(await records.read('login-1')).toMatchObject({ version: 2, sub: 'first' });
  });

  it('is not brought back by a replacement', async () => {
    const { records, record } = setUp();
    const one = record();
    await records.create(one);
    expect(await records.remove('login-1')).toEqual(one);
    expect(await records.replace(one, one)).toBe('missing');
    expect(await records.read('login-1')).toBeUndefined();
    expect(await records.remove('login-1')).toBeUndefined();
  });

  it('cannot be moved to another login, nor to another version', async () => {
    const { records, record, store } = setUp();
    await records.create(record());
    const stored = await store.read('login-1');
    if (!stored) throw new Error('not stored');
    await store.create('login-2', stored, HOUR);
    expect(await records.read('login-2')).toBeUndefined();
    await store.create('login-1', { ...stored, version: 2 }, HOUR);
    expect(await records.read('login-1')).toBeUndefined();
  });

  it('can be read while its key rotates', async () => {
    const { record, sealedBy } = setUp();
    await sealedBy('old').create(record());
    expect(await sealedBy('new', 'old').read('login-1')).toEqual(record());
    expect(await sealedBy('old', 'new').read('login-1')).toEqual(record());
  });

  // A process that lacks the newest key took every login out of its session that another one had refreshed.
  it('is not missing where it is only its key that is not there', async () => {
    const { record, sealedBy } = setUp();
    await sealedBy('new', 'old').create(record());
    const failure: unknown = await sealedBy('old')
      .read('login-1')
      .catch((error) => error);
    expect(failure).toBeInstanceOf(StoreUnavailableError);
    expect(failure).toMatchObject({
      code: 'store_unavailable',
      status: 503,
      headers: { 'Retry-After': '1' },
      message: expect.stringContaining('`encryptionKeys`'),
    });
    expect(await sealedBy('old').peek('login-1')).toMatchObject({ version: 1 });
    expect(await sealedBy('old').read('login-2')).toBeUndefined();
    expect(await sealedBy('new', 'old').read('login-1')).toEqual(record());
  });

  it('is ended also where its key is missing', async () => {
    const { record, store, sealedBy } = setUp();
    await sealedBy('new').create(record());
    expect(await sealedBy('old').remove('login-1')).toBeUndefined();
    expect(await store.read('login-1')).toBeUndefined();
    expect(await sealedBy('old').read('login-1')).toBeUndefined();
  });

  it('that somebody changed is missing', async () => {
    const { records, record, store } = setUp();
    await records.create(record());
    const stored = await store.read('login-1');
    if (!stored) throw new Error('not stored');
    const sealed = Buffer.from(stored.sealed);
    sealed.writeUInt8(sealed.readUInt8(40) ^ 1, 40);
    await store.create('login-1', { ...stored, sealed }, HOUR);
    expect(await records.read('login-1')).toBeUndefined();
    await store.create('login-1', { ...stored, sealed: sealed.subarray(0, 20) }, HOUR);
    expect(await records.read('login-1')).toBeUndefined();
  });
});

describe('the life of a login record', () => {
  it.each<[string, (now: number) => Partial<LoginRecord['tokens']>, number]>([
    ['the session’s, where nothing else is known', () => ({}), 24 * HOUR],
    [
      'the session’s, where it can be refreshed for ever',
      (now) => ({ expiresAt: now + HOUR, refreshToken: 'r' }),
      24 * HOUR,
    ],
    [
      'the refresh token’s and a minute, where that is shorter',
      (now) => ({ expiresAt: now + HOUR, refreshToken: 'r', refreshExpiresAt: now + 2 * HOUR }),
      2 * HOUR + MINUTE,
    ],
    [
      'the access token’s and a minute, where there is no other',
      (now) => ({ expiresAt: now + HOUR }),
      HOUR + MINUTE,
    ],
    [
      'the access token’s, where that is the longer one',
      (now) => ({ expiresAt: now + 3 * HOUR, refreshToken: 'r', refreshExpiresAt: now + HOUR }),
      3 * HOUR + MINUTE,
    ],
  ])('is %s', async (_what, tokens, life) => {
    const { records, record, clock } = setUp();
    await records.create(record(tokens(clock.now())));
    await clock.advance(life - 1);
    expect(await records.read('login-1')).toBeDefined();
    await clock.advance(1);
    expect(await records.read('login-1')).toBeUndefined();
  });

  it('is that of the answer which waits to be judged, where there is one', async () => {
    const { records, record, clock } = setUp();
    const now = clock.now();
    const tokens = { expiresAt: now, refreshToken: 'r', refreshExpiresAt: now + MINUTE };
    await records.create({
      ...record(tokens),
      pending: {
        accessToken: 'at-1',
        tokenType: 'Bearer',
        refreshToken: 'rt-1',
        refreshExpiresAt: now + 2 * HOUR,
        raw: {},
        expiresAt: now + HOUR,
      },
    });
    await clock.advance(2 * HOUR + MINUTE - 1);
    expect(await records.read('login-1')).toBeDefined();
    await clock.advance(1);
    expect(await records.read('login-1')).toBeUndefined();
  });
});
