import {
  ProviderProtocolError,
  ProviderUnavailableError,
  StoreUnavailableError,
} from '../../../src/errors.js';
import type { Stores } from '../../../src/stores/contracts.js';
import type { PendingAnswer } from '../../../src/tokens/login-record.js';
import type { TokenAnswer } from '../../../src/wire/answer.js';
import { settle } from '../wire/manual-clock.js';
import { gate, HOUR, LEEWAY, SECOND, setUp, tokens, watch } from './harness.js';

const unavailable = () => new StoreUnavailableError('store_unavailable', 'Redis is gone');

/** Writes fail for so many times, executed or not. */
const failingWrites = (times: number, executed: boolean) => ({
  wrap: (stores: Stores): Stores => {
    let left = times;
    return {
      ...stores,
      records: {
        ...stores.records,
        async replace(...args) {
          if (left-- <= 0) return stores.records.replace(...args);
          if (executed) await stores.records.replace(...args);
          throw unavailable();
        },
      },
    };
  },
});

describe('a logout while a refresh is under way', () => {
  it('stays a logout: the new tokens are revoked, and nothing comes back', async () => {
    const { source, client, records, stores, clock, events, logIn } = setUp();
    const answer = gate<TokenAnswer>();
    client.answer = () => answer.promise;
    const id = await logIn(0);
    const waiting = watch(source.obtain(id, LEEWAY));
    await settle();
    await records.remove(id);
    const fresh = tokens('new', clock.now() + HOUR, { refreshToken: 'refresh-1' });
    answer.open(fresh);
    await settle();
    expect(waiting.error).toMatchObject({ code: 'login_ended', status: 401 });
    expect(client.revoked).toEqual([fresh]);
    expect(await stores.records.read(id)).toBeUndefined();
    expect(events.map(({ type }) => type)).toEqual(['token.refresh_failed']);
  });

  it('stays a logout also between the answer and its judgement', async () => {
    const { source, client, records, stores, logIn } = setUp();
    const id = await logIn(0, {}, { claims: { sub: 'alice' } });
    client.answer = () => tokens('new', undefined, { idToken: 'id-1' });
    client.judge = async () => void (await records.remove(id));
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({ code: 'login_ended' });
    expect(client.revoked).toMatchObject([{ accessToken: 'new' }]);
    expect(await stores.records.read(id)).toBeUndefined();
  });
});

describe('a store that goes down after the provider has answered', () => {
  it('gets the tokens once it is back: they exist nowhere else', async () => {
    const { source, client, clock, logIn } = setUp(failingWrites(10, false));
    const id = await logIn(0);
    const waiting = watch(source.obtain(id, LEEWAY));
    await clock.advance(0.9 * SECOND);
    expect(waiting.done).toBe(false);
    await clock.advance(0.5 * SECOND);
    expect(waiting.value?.tokens.accessToken).toBe('new-1');
    expect(client.refreshed).toHaveLength(1);
    expect((await source.obtain(id, LEEWAY)).tokens).toMatchObject({ refreshToken: 'refresh-1' });
  });

  it('gets them though nobody waits any more: requests are told of the outage in the time of a command', async () => {
    const { source, client, clock, logIn } = setUp(failingWrites(150, false));
    const id = await logIn(0);
    const waiting = watch(source.obtain(id, LEEWAY));
    await clock.advance(2 * SECOND);
    expect(waiting.done).toBe(true);
    await clock.advance(18 * SECOND);
    expect(waiting.error).toMatchObject({ code: 'store_unavailable', headers: { 'Retry-After': '1' } });
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('new-1');
    expect(client.refreshed).toHaveLength(1);
  });

  it('may have executed a write that timed out: that is our own, and no conflict', async () => {
    const { source, client, clock, logIn } = setUp(failingWrites(1, true));
    const id = await logIn(0);
    const waiting = watch(source.obtain(id, LEEWAY));
    await clock.advance(SECOND);
    expect(waiting.value).toMatchObject({ version: 2, tokens: { accessToken: 'new-1' } });
    expect(client.revoked).toEqual([]);
  });

  it('is given up on in the end', async () => {
    const { source, clock, logIn } = setUp({ ...failingWrites(4000, false), refreshTimeout: 1000 });
    const waiting = watch(source.obtain(await logIn(0), LEEWAY));
    await clock.advance(301 * SECOND);
    expect(waiting.error).toBeInstanceOf(StoreUnavailableError);
  });
});

describe('an id_token that comes with a refresh', () => {
  const claims = { iss: 'https://op', sub: 'alice' };
  const withIdToken = (refreshToken = 'refresh-1') =>
    tokens('new', undefined, { refreshToken, idToken: 'id-1' });

  it('is judged after its tokens are safe, and then kept', async () => {
    const { source, client, records, logIn } = setUp();
    const id = await logIn(0, { idToken: 'id-0' }, { claims });
    client.answer = () => withIdToken();
    let stored: unknown;
    client.judge = async () => {
      stored = await records.read(id);
    };
    expect(await source.obtain(id, LEEWAY)).toMatchObject({
      version: 3,
      tokens: { idToken: 'id-1', accessToken: 'new' },
    });
    expect(stored).toMatchObject({
      version: 2,
      tokens: { accessToken: 'old', refreshToken: 'refresh-0' },
      pending: { accessToken: 'new', refreshToken: 'refresh-1' },
    });
    expect(await records.read(id)).not.toHaveProperty('pending');
  });

  it('of another user ends the login, with an alert, and the tokens are revoked', async () => {
    const { source, client, records, events, logIn } = setUp();
    const id = await logIn(0, {}, { claims });
    client.answer = () => withIdToken();
    client.judge = () => Promise.reject(new ProviderProtocolError('id_token_invalid', 'sub'));
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({ code: 'login_ended' });
    expect(await records.read(id)).toBeUndefined();
    expect(client.revoked).toMatchObject([{ accessToken: 'new', refreshToken: 'refresh-1' }]);
    expect(events).toMatchObject([
      { type: 'alert', error: 'id_token_invalid' },
      { type: 'token.refresh_failed' },
    ]);
  });

  it('that names another user by itself ends the login, with an alert, and the tokens are revoked', async () => {
    const { source, client, records, events, logIn } = setUp();
    const id = await logIn(0);
    const { sub } = (await records.read(id)) as { sub: string };
    client.answer = () => tokens('new', undefined, { refreshToken: 'refresh-1', raw: { user: 'mallory' } });
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({ code: 'login_ended' });
    expect(await records.read(id)).toBeUndefined();
    expect(client.revoked).toMatchObject([{ accessToken: 'new', refreshToken: 'refresh-1' }]);
    expect(events).toMatchObject([
      { type: 'alert', error: 'provider_protocol' },
      { type: 'token.refresh_failed' },
    ]);
    const another = await logIn(0);
    client.answer = () => tokens('new', undefined, { raw: { user: sub } });
    expect((await source.obtain(another, LEEWAY)).tokens.accessToken).toBe('new');
  });

  it.each([
    ['whose keys cannot be had', new ProviderUnavailableError('provider_unavailable', 'no keys')],
    [
      'whose issuer’s metadata is garbage today',
      new ProviderProtocolError('provider_protocol', 'no metadata'),
    ],
  ])('%s is dropped, and the tokens are kept', async (_why, reason) => {
    const { source, client, events, logIn } = setUp();
    const id = await logIn(0, { idToken: 'id-0' }, { claims });
    client.answer = () => withIdToken();
    client.judge = () => Promise.reject(reason);
    expect(await source.obtain(id, LEEWAY)).toMatchObject({
      tokens: { accessToken: 'new', refreshToken: 'refresh-1', idToken: 'id-0' },
    });
    expect(client.revoked).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(['token.refreshed']);
  });

  it('is dropped where the login had none to compare it with', async () => {
    const { source, client, logIn } = setUp();
    client.answer = () => withIdToken();
    const record = await source.obtain(await logIn(0), LEEWAY);
    expect(record.tokens).not.toHaveProperty('idToken');
    expect(client.judged).toEqual([]);
  });

  it('of a process that was killed before judging it is judged by the next, without another call', async () => {
    const { source, client, records, clock, logIn } = setUp();
    const pending = withIdToken();
    const id = await logIn(0, {}, { claims, version: 2, pending });
    expect(await source.obtain(id, LEEWAY)).toMatchObject({ version: 3, tokens: { accessToken: 'new' } });
    expect(client.judged).toEqual([pending]);
    expect(client.refreshed).toEqual([]);
    expect(await records.read(id)).not.toHaveProperty('pending');
    await clock.advance(1);
  });

  it('of a process that was killed is judged, whenever that is, as of when it came', async () => {
    const { source, anotherProcess, client, records, clock, logIn } = setUp();
    const id = await logIn(0, {}, { claims });
    const cameAt = clock.now();
    client.answer = () => tokens('new', cameAt + 8 * HOUR, { refreshToken: 'refresh-1', idToken: 'id-1' });
    client.judge = () => new Promise(() => {});
    watch(source.obtain(id, LEEWAY));
    await settle();
    // Nobody is left to judge, and the user comes back much later.
    const left = await records.read(id);
    expect(left?.pending).toMatchObject({ accessToken: 'new', receivedAt: cameAt });
    const back = await logIn(0, {}, { claims, pending: left?.pending as PendingAnswer });
    await clock.advance(HOUR);
    const judgedAsOf: unknown[] = [];
    client.judge = (_answer, receivedAt) => void judgedAsOf.push(receivedAt);
    const record = await anotherProcess().obtain(back, LEEWAY);
    expect(judgedAsOf).toEqual([cameAt]);
    // The tokens are as old as the answer, too.
    expect(record).toMatchObject({ renewedAt: cameAt, tokens: { expiresAt: cameAt + 8 * HOUR } });
    expect(Object.keys(record.tokens)).not.toContain('receivedAt');
  });

  it('came when the provider gave it, however long the store was away then', async () => {
    const { source, client, clock, logIn } = setUp(failingWrites(30, false));
    const id = await logIn(0, {}, { claims });
    const cameAt = clock.now();
    client.answer = () => withIdToken();
    const judgedAsOf: unknown[] = [];
    client.judge = (_answer, receivedAt) => void judgedAsOf.push(receivedAt);
    watch(source.obtain(id, LEEWAY));
    await clock.advance(5 * SECOND);
    expect(judgedAsOf).toEqual([cameAt]);
  });

  it('that an earlier version left behind, without when it came, is judged as of now', async () => {
    const { source, client, clock, logIn } = setUp();
    const id = await logIn(0, {}, { claims, pending: withIdToken() });
    await clock.advance(HOUR);
    const judgedAsOf: unknown[] = [];
    client.judge = (_answer, receivedAt) => void judgedAsOf.push(receivedAt);
    expect(await source.obtain(id, LEEWAY)).toMatchObject({ renewedAt: clock.now() });
    expect(judgedAsOf).toEqual([undefined]);
  });

  it('saves a login whose old refresh token has expired meanwhile', async () => {
    const { source, client, clock, logIn } = setUp();
    const id = await logIn(0, { refreshExpiresAt: clock.now() }, { claims, pending: withIdToken() });
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('new');
    expect(client.refreshed).toEqual([]);
  });

  it('of a process that was killed is judged by the one that waited for it, too', async () => {
    const { source, client, records, stores, clock, logIn } = setUp({ refreshTimeout: 60 });
    const id = await logIn(0, {}, { claims });
    await stores.locks.acquire(id, 'killed', 20 * SECOND);
    const waiting = watch(source.obtain(id, LEEWAY));
    await clock.advance(SECOND);
    const record = await records.read(id);
    if (!record) throw new Error('no record');
    await records.replace(record, { ...record, pending: withIdToken() });
    await clock.advance(18 * SECOND);
    expect(waiting.done).toBe(false);
    await clock.advance(2 * SECOND);
    expect(waiting.value?.tokens.accessToken).toBe('new');
    expect(client.refreshed).toEqual([]);
  });

  it('that was left behind is judged by one of two processes', async () => {
    const { source, anotherProcess, client, clock, logIn } = setUp();
    const id = await logIn(0, {}, { claims, pending: withIdToken() });
    const waiting = [watch(source.obtain(id, LEEWAY)), watch(anotherProcess().obtain(id, LEEWAY))];
    await clock.advance(SECOND);
    expect(waiting.map(({ value }) => value?.tokens.accessToken)).toEqual(['new', 'new']);
    expect(client.judged).toHaveLength(1);
  });
});

it('a process that was killed before anything was stored tries the old refresh token once more', async () => {
  const { source, client, stores, clock, logIn } = setUp();
  const id = await logIn(0);
  await stores.locks.acquire(id, 'killed', 20 * SECOND);
  await clock.advance(20 * SECOND);
  await source.obtain(id, LEEWAY);
  expect(client.refreshed).toEqual(['refresh-0']);
});

it('events of a refresh name the login by a hash, and hold no token', async () => {
  const { source, events, logIn } = setUp();
  const id = await logIn(0, { refreshToken: 'refresh-0' });
  await source.obtain(id, LEEWAY);
  expect(events).toMatchObject([
    { type: 'token.refreshed', provider: 'op', login: expect.any(String), duration: 0 },
  ]);
  expect(JSON.stringify(events)).not.toMatch(/old|new-1|refresh-\d|login-1/);
});
