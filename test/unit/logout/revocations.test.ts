import { ProviderUnavailableError } from '../../../src/errors.js';
import type { OAuthEvent } from '../../../src/events.js';
import { createRevocations, type Revocations } from '../../../src/logout/revocations.js';
import type { Stores } from '../../../src/stores/contracts.js';
import { createMemoryStores } from '../../../src/stores/memory.js';
import { createSealer } from '../../../src/stores/sealing.js';
import type { LoginRecord } from '../../../src/tokens/login-record.js';
import type { ProviderClient } from '../../../src/wire/client.js';
import { ManualClock, settle } from '../wire/manual-clock.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let clock: ManualClock;
let stores: Stores;
let events: OAuthEvent[];
let revoked: unknown[];
let answer: () => Promise<boolean>;
let revocable: boolean;

const down = () => Promise.reject(new ProviderUnavailableError('provider_unavailable', 'down'));

beforeEach(() => {
  clock = new ManualClock();
  stores = createMemoryStores(clock);
  events = [];
  revoked = [];
  answer = async () => true;
  revocable = true;
});

/** A process; several share the stores. */
function process_(
  keys: string | string[] = 'a key',
  store = stores.revocations,
  providers = ['op'],
): Revocations {
  const client = {
    canRevoke: () => revocable,
    revoke: (tokens: unknown) => {
      revoked.push(tokens);
      return answer();
    },
  };
  return createRevocations({
    store,
    sealer: createSealer([keys].flat()),
    clients: new Map(providers.map((name) => [name, client as unknown as ProviderClient])),
    clock,
    emit: (event) => events.push({ ...event, at: clock.now() }),
  });
}

function record(more: Partial<LoginRecord> = {}): LoginRecord {
  return {
    id: 'login-1',
    version: 1,
    provider: 'op',
    sub: 'alice',
    endsAt: clock.now() + 24 * 60 * MINUTE,
    tokens: { accessToken: 'access', tokenType: 'Bearer', refreshToken: 'refresh', scope: [], raw: {} },
    ...more,
  };
}

const queueOf = (key: string, provider = 'op') => `${provider}:${createSealer([key]).keyIds[0]}`;

/** How many wait. To look changes nothing: they are due at once afterwards. */
async function waiting(keys = ['a key', 'another key'], providers = ['op', 'other']): Promise<number> {
  const queues = keys.flatMap((key) => providers.map((provider) => queueOf(key, provider)));
  const take = (queue: string) => stores.revocations.claim(queue, Number.MAX_SAFE_INTEGER, 0, 100);
  return (await Promise.all(queues.map(take))).flat().length;
}

it('a revocation that succeeds leaves nothing behind', async () => {
  expect(await process_().revoke(record())).toBe('revoked');
  expect(revoked).toEqual([{ accessToken: 'access', refreshToken: 'refresh' }]);
  expect(await waiting()).toBe(0);
  expect(events).toEqual([]);
});

it('a revocation that failed is sent again within a minute, by another process too', async () => {
  const [first, second] = [process_(), process_()];
  const refused = { providerCode: '60011' };
  answer = () => Promise.reject(new ProviderUnavailableError('provider_unavailable', 'down', refused));
  expect(await first.revoke(record())).toBe('revocation_failed');
  await first.stop();
  answer = async () => true;
  second.start();
  await clock.advance(MINUTE);
  expect(revoked).toHaveLength(2);
  expect(await waiting()).toBe(0);
  expect(events).toMatchObject([
    {
      type: 'logout.revocation_failed',
      error: 'provider_unavailable',
      providerError: '60011',
      outcome: 'will_retry',
    },
    { type: 'logout.revocation_retried', outcome: 'revoked', provider: 'op', duration: 0 },
  ]);
  expect(new Set(events.map(({ login }) => login)).size).toBe(1);
  await second.stop();
});

it('the pauses grow, and the revocation is given up when the tokens have expired', async () => {
  const one = process_();
  answer = down;
  const tokens = { ...record().tokens, refreshExpiresAt: clock.now() + 60 * MINUTE };
  await one.revoke(record({ tokens }));
  one.start();
  await clock.advance(60 * MINUTE);
  const tries = revoked.length;
  expect(tries).toBeGreaterThan(6);
  expect(tries).toBeLessThan(25);
  expect(events.at(-1)).toMatchObject({ type: 'logout.revocation_failed', outcome: 'given_up' });
  await clock.advance(60 * MINUTE);
  expect(revoked).toHaveLength(tries);
  expect(await waiting()).toBe(0);
  await one.stop();
});

/** For how many days a revocation is tried, up to the last time, and how often. */
async function patience(more: Partial<LoginRecord>): Promise<{ days: number; tries: number }> {
  answer = down;
  const one = process_();
  const begin = clock.now();
  await one.revoke(record(more));
  for (let round = 0; round < 15 * 24 * 6; round += 1) {
    await clock.advance(10 * MINUTE);
    await one.sendDue();
  }
  expect(await waiting()).toBe(0);
  return { days: ((events.at(-1)?.at ?? 0) - begin) / DAY, tries: revoked.length };
}

it('a refresh token of which nobody knows how long it lives is revoked though the session was about to end', async () => {
  const { days, tries } = await patience({ endsAt: clock.now() + 5 * MINUTE });
  expect(days).toBeGreaterThan(6.9);
  expect(days).toBeLessThanOrEqual(7);
  // More than one every two hours, and not one every few minutes.
  expect(tries).toBeGreaterThan(84);
  expect(tries).toBeLessThan(400);
});

it('what nobody sends in that time is gone after a week', async () => {
  answer = down;
  await process_().revoke(record({ endsAt: clock.now() + 5 * MINUTE }));
  await clock.advance(7 * DAY - MINUTE);
  expect(await waiting()).toBe(1);
  await clock.advance(MINUTE);
  expect(await waiting()).toBe(0);
});

it('a session that would have lasted longer than a week is as long a time to try', async () => {
  const { days } = await patience({ endsAt: clock.now() + 14 * DAY });
  expect(days).toBeGreaterThan(13.9);
  expect(days).toBeLessThanOrEqual(14);
});

it('the end of a session is none of a token whose own end is known', async () => {
  const tokens = { ...record().tokens, refreshExpiresAt: clock.now() + 2 * DAY };
  const { days } = await patience({ endsAt: clock.now() + 5 * MINUTE, tokens });
  expect(days).toBeGreaterThan(1.9);
  expect(days).toBeLessThanOrEqual(2);
});

it('a token that lives for a year is not tried for a year', async () => {
  const tokens = { ...record().tokens, refreshExpiresAt: clock.now() + 365 * DAY };
  expect((await patience({ tokens })).days).toBeLessThanOrEqual(7);
});

it('of many processes one sends it', async () => {
  answer = down;
  await process_().revoke(record());
  answer = async () => true;
  await clock.advance(MINUTE);
  await Promise.all(Array.from({ length: 5 }, () => process_().sendDue()));
  expect(revoked).toHaveLength(2);
});

it('what a process that was killed was sending is sent by another one', async () => {
  answer = () => new Promise(() => {});
  process_().revoke(record());
  await settle();
  answer = async () => true;
  await clock.advance(MINUTE);
  await process_().sendDue();
  expect(revoked).toHaveLength(2);
  expect(await waiting()).toBe(0);
});

it('a refresh that came too late is revoked with the tokens that it brought', async () => {
  await process_().revoke(record(), {
    accessToken: 'late',
    tokenType: 'Bearer',
    refreshToken: 'late refresh',
    raw: {},
  });
  expect(revoked).toEqual([{ accessToken: 'late', refreshToken: 'late refresh' }]);
});

it('a store that is away does not keep the provider from being asked', async () => {
  const gone = () => Promise.reject(new Error('gone'));
  const store = { keep: gone, claim: gone, drop: gone };
  const one = process_('a key', store);
  expect(await one.revoke(record())).toBe('revoked');
  answer = down;
  expect(await one.revoke(record())).toBe('revocation_failed');
  one.start();
  await clock.advance(MINUTE);
  await one.stop();
});

it('what is of no use is neither sent nor kept', async () => {
  const one = process_();
  const { refreshToken: _none, ...access } = record().tokens;
  const now = clock.now();
  expect(await one.revoke(record({ provider: 'gone' }))).toBe('not_revocable');
  expect(await one.revoke(record({ tokens: { ...access, expiresAt: now } }))).toBe('not_revocable');
  expect(await one.revoke(record({ tokens: { ...record().tokens, refreshExpiresAt: now } }))).toBe(
    'not_revocable',
  );
  revocable = false;
  expect(await one.revoke(record())).toBe('not_revocable');
  expect(revoked).toEqual([]);
  expect(await waiting()).toBe(0);
});

it('a token that the provider turns out to have no way to revoke is not kept', async () => {
  answer = async () => false;
  expect(await process_().revoke(record())).toBe('not_revocable');
  expect(await waiting()).toBe(0);
});

it('what fails for a reason of ours is called unknown, and sent again', async () => {
  answer = () => Promise.reject(new Error('a bug'));
  await process_().revoke(record());
  expect(events).toMatchObject([{ error: 'unknown', outcome: 'will_retry' }]);
  expect(await waiting()).toBe(1);
});

it('nothing is kept for tokens that expire before the next try', async () => {
  answer = down;
  const tokens = { ...record().tokens, refreshExpiresAt: clock.now() + 2000 };
  await process_().revoke(record({ tokens }));
  expect(events).toMatchObject([{ outcome: 'given_up' }]);
  expect(await waiting()).toBe(0);
});

it('what nobody sends is gone when the tokens have expired', async () => {
  answer = down;
  const tokens = { ...record().tokens, refreshExpiresAt: clock.now() + 10 * MINUTE };
  await process_().revoke(record({ tokens }));
  await clock.advance(10 * MINUTE);
  expect(await waiting()).toBe(0);
});

it('all that are due are sent at once, however many', async () => {
  answer = down;
  await Promise.all(Array.from({ length: 25 }, () => process_().revoke(record())));
  answer = async () => true;
  await clock.advance(MINUTE);
  await process_().sendDue();
  expect(revoked).toHaveLength(50);
});

it('a process that is stopped sends nothing more', async () => {
  answer = down;
  await process_().revoke(record());
  await clock.advance(MINUTE);
  const one = process_();
  one.start();
  await one.stop();
  await settle();
  expect(revoked).toHaveLength(1);
});

it('one revocation cannot be put in the place of another', async () => {
  answer = down;
  await process_().revoke(record());
  const [kept] = await stores.revocations.claim(queueOf('a key'), Number.MAX_SAFE_INTEGER, 0, 1);
  await stores.revocations.drop(queueOf('a key'), kept?.id as string);
  const sealed = kept?.sealed as Uint8Array;
  await stores.revocations.keep(queueOf('a key'), 'another', sealed, clock.now(), MINUTE);
  await process_().sendDue();
  expect(revoked).toHaveLength(1);
});

it('a revocation cannot be sent to another provider', async () => {
  answer = down;
  await process_().revoke(record());
  const [kept] = await stores.revocations.claim(queueOf('a key'), Number.MAX_SAFE_INTEGER, 0, 1);
  const { id, sealed } = kept as { id: string; sealed: Uint8Array };
  await stores.revocations.drop(queueOf('a key'), id);
  await stores.revocations.keep(queueOf('a key', 'other'), id, sealed, clock.now(), MINUTE);
  await process_('a key', stores.revocations, ['op', 'other']).sendDue();
  expect(revoked).toHaveLength(1);
});

it('what a provider of another process is for is left to that process', async () => {
  answer = down;
  const other = process_('a key', stores.revocations, ['op', 'other']);
  await other.revoke(record({ provider: 'other' }));
  answer = async () => true;
  await clock.advance(MINUTE);
  await process_().sendDue();
  expect([revoked.length, events.length]).toEqual([1, 1]);
  await other.sendDue();
  expect(revoked).toHaveLength(2);
  expect(await waiting()).toBe(0);
});

it('what another app keeps in the same Redis is left alone', async () => {
  answer = down;
  await process_().revoke(record());
  await process_('another key').revoke(record());
  answer = async () => true;
  await clock.advance(MINUTE);
  await process_().sendDue();
  expect(revoked).toHaveLength(3);
  expect(await waiting(['a key'])).toBe(0);
  await process_('another key').sendDue();
  expect(revoked).toHaveLength(4);
  expect(await waiting()).toBe(0);
});

it('what waits under an old key is sent by who has it, and waits under the new one from the next failure on', async () => {
  answer = down;
  await process_('a key').revoke(record());
  await clock.advance(MINUTE);
  await process_(['another key', 'a key']).sendDue();
  expect(revoked).toHaveLength(2);
  expect([await waiting(['a key']), await waiting(['another key'])]).toEqual([0, 1]);
  answer = async () => true;
  await process_('another key').sendDue();
  expect(revoked).toHaveLength(3);
  expect(await waiting()).toBe(0);
});

it('no token is kept in the clear', async () => {
  answer = down;
  await process_().revoke(record());
  const [kept] = await stores.revocations.claim(queueOf('a key'), Number.MAX_SAFE_INTEGER, 0, 1);
  expect(Buffer.from(kept?.sealed ?? []).toString('latin1')).not.toMatch(/refresh|access|alice/);
});

it('stopping waits for what is being sent', async () => {
  let finish!: (value: boolean) => void;
  answer = () => new Promise((resolve) => (finish = resolve));
  const one = process_();
  one.revoke(record());
  await settle();
  let stopped = false;
  one.stop().then(() => {
    stopped = true;
  });
  await settle();
  expect(stopped).toBe(false);
  finish(true);
  await settle();
  expect(stopped).toBe(true);
});
