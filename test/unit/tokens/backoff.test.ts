import {
  ProviderProtocolError,
  ProviderRejectedError,
  ProviderUnavailableError,
  StoreUnavailableError,
} from '../../../src/errors.js';
import { HOUR, LEEWAY, SECOND, setUp } from './harness.js';

const down = (retryAfter?: number) =>
  new ProviderUnavailableError(
    'provider_unavailable',
    'down',
    retryAfter === undefined ? {} : { headers: { 'Retry-After': String(retryAfter) } },
  );

describe('a provider that cannot serve', () => {
  it('ends no login, and is asked again after a pause that all processes keep', async () => {
    const { source, anotherProcess, client, clock, records, logIn } = setUp();
    client.answer = () => Promise.reject(down());
    const id = await logIn(0);
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({
      code: 'provider_unavailable',
      status: 503,
    });
    for (const process of [source, anotherProcess(), anotherProcess()]) {
      await expect(process.obtain(id, LEEWAY)).rejects.toMatchObject({
        status: 503,
        headers: { 'Retry-After': '1' },
      });
    }
    expect(client.refreshed).toHaveLength(1);
    expect(await records.read(id)).toMatchObject({ version: 1, tokens: { refreshToken: 'refresh-0' } });
    await clock.advance(SECOND);
    await source.obtain(id, LEEWAY).catch(() => {});
    expect(client.refreshed).toHaveLength(2);
  });

  it('is asked after 1 s, 2, 4, 8, 16, and then every 30, each a little less', async () => {
    const { source, stores, client, clock, logIn } = setUp();
    client.answer = () => Promise.reject(down());
    const id = await logIn(0);
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      await source.obtain(id, LEEWAY).catch(() => {});
      expect(client.refreshed).toHaveLength(attempt);
      const pause = await stores.backoff.readBackoff(id);
      expect(pause).toMatchObject({ attempt, reason: 'unavailable' });
      const length = (pause?.until ?? 0) - clock.now();
      pauses.push(length);
      await clock.advance(length - 1);
      await source.obtain(id, LEEWAY).catch(() => {});
      expect(client.refreshed).toHaveLength(attempt);
      await clock.advance(1);
    }
    [1, 2, 4, 8, 16, 30, 30, 30].forEach((seconds, index) => {
      expect(pauses[index]).toBeGreaterThanOrEqual((seconds * SECOND) / 2);
      expect(pauses[index]).toBeLessThanOrEqual(seconds * SECOND);
    });
  });

  it('is asked when it says, where that is later', async () => {
    const { source, stores, client, clock, logIn } = setUp();
    client.answer = () => Promise.reject(down(60));
    const id = await logIn(0);
    await source.obtain(id, LEEWAY).catch(() => {});
    expect((await stores.backoff.readBackoff(id))?.until).toBe(clock.now() + 60 * SECOND);
    await clock.advance(59 * SECOND);
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({ headers: { 'Retry-After': '1' } });
    expect(client.refreshed).toHaveLength(1);
  });

  it('is forgiven at its first answer', async () => {
    const { source, stores, client, clock, logIn } = setUp();
    const good = client.answer;
    client.answer = () => Promise.reject(down());
    const id = await logIn(0);
    await source.obtain(id, LEEWAY).catch(() => {});
    await clock.advance(SECOND);
    client.answer = good;
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('new-2');
    expect(await stores.backoff.readBackoff(id)).toBeUndefined();
  });

  it('for one user delays no other', async () => {
    const { source, client, logIn } = setUp();
    const good = client.answer;
    client.answer = () => Promise.reject(down());
    await source.obtain(await logIn(0), LEEWAY).catch(() => {});
    client.answer = good;
    await expect(source.obtain(await logIn(0), LEEWAY)).resolves.toBeDefined();
  });
});

describe.each([
  [
    'refuses the app itself',
    new ProviderRejectedError('invalid_client', 'no', { providerCode: 'invalid_client' }),
  ],
  ['refuses for a reason of its own', new ProviderRejectedError('provider_rejected', 'no')],
  ['answers nonsense', new ProviderProtocolError('provider_protocol', 'nonsense')],
])('a provider that %s', (_how, refusal) => {
  it('ends no login: an alert, 502 for who waits, and a pause', async () => {
    const { source, client, records, events, clock, logIn } = setUp();
    client.answer = () => Promise.reject(refusal);
    const id = await logIn(0);
    await expect(source.obtain(id, LEEWAY)).rejects.toBe(refusal);
    expect(refusal.status).toBe(502);
    expect(events).toMatchObject([
      { type: 'alert', provider: 'op', error: refusal.code },
      { type: 'token.refresh_failed', provider: 'op', error: refusal.code },
    ]);
    expect(await records.read(id)).toMatchObject({ version: 1 });
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({
      status: 502,
      headers: { 'Retry-After': '1' },
    });
    expect(client.refreshed).toHaveLength(1);
    await clock.advance(SECOND);
    await source.obtain(id, LEEWAY).catch(() => {});
    expect(client.refreshed).toHaveLength(2);
  });

  it('harms nobody whose token is still good', async () => {
    const { source, client, logIn } = setUp();
    client.answer = () => Promise.reject(refusal);
    const id = await logIn(5 * SECOND);
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('old');
    await source.settled();
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('old');
  });
});

describe('a store that is out of reach', () => {
  const unavailable = () => Promise.reject(new StoreUnavailableError('store_unavailable', 'Redis is gone'));

  it('is not a logout: 503, and all is there when it is back', async () => {
    let out = false;
    const { source, client, logIn } = setUp({
      wrap: (stores) => ({
        ...stores,
        records: { ...stores.records, read: (id) => (out ? unavailable() : stores.records.read(id)) },
      }),
    });
    const id = await logIn(HOUR);
    out = true;
    await expect(source.obtain(id, LEEWAY)).rejects.toBeInstanceOf(StoreUnavailableError);
    out = false;
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('old');
    expect(client.refreshed).toEqual([]);
  });

  it('lets nobody refresh without the lock', async () => {
    const { source, client, logIn } = setUp({
      wrap: (stores) => ({ ...stores, locks: { ...stores.locks, acquire: unavailable } }),
    });
    const id = await logIn(0);
    await expect(source.obtain(id, LEEWAY)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(client.refreshed).toEqual([]);
  });

  it('when the lock is to be released takes back nothing', async () => {
    const { source, logIn } = setUp({
      wrap: (stores) => ({ ...stores, locks: { ...stores.locks, release: unavailable } }),
    });
    expect((await source.obtain(await logIn(0), LEEWAY)).tokens.accessToken).toBe('new-1');
  });
});
