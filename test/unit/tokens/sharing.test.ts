import {
  ProviderRejectedError,
  ProviderUnavailableError,
  StoreUnavailableError,
} from '../../../src/errors.js';
import type { TokenAnswer } from '../../../src/wire/answer.js';
import { settle } from '../wire/manual-clock.js';
import { gate, HOUR, LEEWAY, SECOND, setUp, tokens, watch } from './harness.js';

describe('one refresh at a time', () => {
  it('serves fifty requests of one process', async () => {
    const { source, client, logIn } = setUp();
    const id = await logIn(0);
    const records = await Promise.all(Array.from({ length: 50 }, () => source.obtain(id, LEEWAY)));
    expect(new Set(records.map(({ tokens: { accessToken } }) => accessToken))).toEqual(new Set(['new-1']));
    expect(client.refreshed).toEqual(['refresh-0']);
  });

  it('serves two processes, and the one that waited says so', async () => {
    const { source, anotherProcess, client, clock, events, logIn } = setUp();
    const other = anotherProcess();
    const answer = gate<TokenAnswer>();
    client.answer = () => answer.promise;
    const id = await logIn(0);
    const waiting = [watch(source.obtain(id, LEEWAY)), watch(other.obtain(id, LEEWAY))];
    await clock.advance(SECOND);
    expect(waiting.map(({ done }) => done)).toEqual([false, false]);
    answer.open(tokens('new', clock.now() + HOUR));
    await clock.advance(SECOND);
    expect(waiting.map(({ value }) => value?.tokens.accessToken)).toEqual(['new', 'new']);
    expect(client.refreshed).toHaveLength(1);
    expect(events.map(({ type }) => type).sort()).toEqual(['token.refresh_shared', 'token.refreshed']);
  });

  it('serves twenty processes one after the other, however they interleave', async () => {
    const { anotherProcess, client, clock, logIn } = setUp();
    const id = await logIn(0);
    const waiting = Array.from({ length: 20 }, () => watch(anotherProcess().obtain(id, LEEWAY)));
    await clock.advance(2 * SECOND);
    expect(waiting.every(({ value }) => value?.tokens.accessToken === 'new-1')).toBe(true);
    expect(client.refreshed).toHaveLength(1);
  });

  it('never mixes two users', async () => {
    const { source, client, logIn } = setUp();
    const ids = [await logIn(0, { refreshToken: 'of-alice' }), await logIn(0, { refreshToken: 'of-bob' })];
    client.answer = () => {
      const refreshToken = client.refreshed.at(-1) as string;
      return tokens(`new ${refreshToken}`, undefined);
    };
    const records = await Promise.all([...ids, ...ids].map((id) => source.obtain(id, LEEWAY)));
    expect(records.map((record) => record.tokens.accessToken)).toEqual([
      'new of-alice',
      'new of-bob',
      'new of-alice',
      'new of-bob',
    ]);
    expect(client.refreshed.sort()).toEqual(['of-alice', 'of-bob']);
  });

  it('lasts as long as the provider takes: the lease is renewed', async () => {
    const { source, anotherProcess, client, clock, logIn } = setUp();
    const answer = gate<TokenAnswer>();
    client.answer = () => answer.promise;
    const id = await logIn(0);
    watch(source.obtain(id, LEEWAY));
    await settle();
    // Three leases later another process still waits.
    await clock.advance(60 * SECOND);
    watch(anotherProcess().obtain(id, LEEWAY));
    await clock.advance(5 * SECOND);
    expect(client.refreshed).toHaveLength(1);
    answer.open(tokens('new', clock.now() + HOUR));
    await clock.advance(SECOND);
    expect(client.refreshed).toHaveLength(1);
  });

  it('is taken over when the process that did it is gone', async () => {
    const { source, stores, client, clock, logIn } = setUp();
    const id = await logIn(0);
    await stores.locks.acquire(id, 'a process that was killed', 20 * SECOND);
    const waiting = watch(source.obtain(id, LEEWAY));
    await clock.advance(9 * SECOND);
    expect([waiting.done, client.refreshed.length]).toEqual([false, 0]);
    await clock.advance(12 * SECOND);
    // Who waited has given up by then, and the refresh has happened all the same.
    expect(waiting.error).toMatchObject({ code: 'refresh_timeout' });
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('new-1');
    expect(client.refreshed).toHaveLength(1);
  });

  it('is nobody’s once it is over, well or badly', async () => {
    const { source, stores, client, logIn } = setUp();
    const id = await logIn(0);
    client.answer = () => Promise.reject(new ProviderUnavailableError('provider_unavailable', 'down'));
    await source.obtain(id, LEEWAY).catch(() => {});
    expect(await stores.locks.acquire(id, 'somebody', SECOND)).toBe(true);
  });
});

describe('a lock command that timed out', () => {
  it('but was executed blocks nobody until the lease ends', async () => {
    let fails = 1;
    const { source, client, logIn } = setUp({
      wrap: (stores) => ({
        ...stores,
        locks: {
          ...stores.locks,
          async acquire(id, owner, lease) {
            const acquired = await stores.locks.acquire(id, owner, lease);
            if (fails-- > 0) throw new StoreUnavailableError('store_unavailable', 'too slow');
            return acquired;
          },
        },
      }),
    });
    const id = await logIn(0);
    await expect(source.obtain(id, LEEWAY)).rejects.toBeInstanceOf(StoreUnavailableError);
    await settle();
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('new-1');
    expect(client.refreshed).toHaveLength(1);
  });
});

describe('a process that was just about to refresh', () => {
  /** A store in which something happens between a process' look at the backoff and its lock. */
  const withMomentBeforeLock = (moment: () => Promise<unknown>) => ({
    wrap: (stores: ReturnType<typeof setUp>['stores']) => ({
      ...stores,
      locks: {
        ...stores.locks,
        async acquire(id: string, owner: string, lease: number) {
          await moment();
          return stores.locks.acquire(id, owner, lease);
        },
      },
    }),
  });

  it('uses what another one got in that moment', async () => {
    let moment = async (): Promise<unknown> => undefined;
    const { source, anotherProcess, client, logIn } = setUp(withMomentBeforeLock(() => moment()));
    const id = await logIn(0);
    moment = () => {
      moment = async () => undefined;
      return anotherProcess().obtain(id, LEEWAY);
    };
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('new-1');
    expect(client.refreshed).toHaveLength(1);
  });

  it('backs off as well when another one failed in that moment', async () => {
    let moment = async (): Promise<unknown> => undefined;
    const { source, anotherProcess, client, logIn } = setUp(withMomentBeforeLock(() => moment()));
    client.answer = () => Promise.reject(new ProviderUnavailableError('provider_unavailable', 'down'));
    const id = await logIn(0);
    moment = () => {
      moment = async () => undefined;
      return anotherProcess()
        .obtain(id, LEEWAY)
        .catch(() => {});
    };
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({ status: 503 });
    expect(client.refreshed).toHaveLength(1);
  });

  it('does not revive a login that was ended in that moment', async () => {
    let moment = async (): Promise<unknown> => undefined;
    const { source, records, client, logIn } = setUp(withMomentBeforeLock(() => moment()));
    const id = await logIn(0);
    moment = () => records.remove(id);
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({ code: 'login_ended' });
    expect(client.refreshed).toEqual([]);
  });
});

describe('invalid_grant', () => {
  const invalidGrant = () =>
    new ProviderRejectedError('invalid_grant', 'no longer', { providerCode: 'invalid_grant' });

  it('ends a login whose record is still the same', async () => {
    const { source, client, records, events, logIn } = setUp();
    client.answer = () => Promise.reject(invalidGrant());
    const id = await logIn(0);
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({ code: 'login_ended', status: 401 });
    expect(await records.read(id)).toBeUndefined();
    expect(events).toMatchObject([{ type: 'token.refresh_failed', provider: 'op', error: 'login_ended' }]);
  });

  it('is no reason when somebody has been faster: the newer tokens are used', async () => {
    const { source, client, records, clock, logIn } = setUp();
    const id = await logIn(0);
    client.answer = async () => {
      const record = await records.read(id);
      if (record)
        await records.replace(record, {
          ...record,
          tokens: { ...record.tokens, accessToken: 'theirs', expiresAt: clock.now() + HOUR },
        });
      throw invalidGrant();
    };
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('theirs');
    expect(await records.read(id)).toMatchObject({ version: 2 });
  });
});
