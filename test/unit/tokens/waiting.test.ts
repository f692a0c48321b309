import { LoginRequiredError, ProviderUnavailableError } from '../../../src/errors.js';
import type { TokenAnswer } from '../../../src/wire/answer.js';
import { settle } from '../wire/manual-clock.js';
import { gate, HOUR, LEEWAY, SECOND, setUp, tokens, watch } from './harness.js';

describe('a token with more than the leeway left', () => {
  it('is used, and nobody is asked', async () => {
    const { source, client, logIn } = setUp();
    const id = await logIn(61 * SECOND);
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('old');
    await source.settled();
    expect(client.refreshed).toEqual([]);
  });

  it('is any token whose provider names no expiry', async () => {
    const { source, client, records, clock } = setUp();
    await records.create({
      id: 'x',
      version: 1,
      provider: 'op',
      sub: 'a',
      endsAt: clock.now() + HOUR,
      tokens: { accessToken: 'old', tokenType: 'Bearer', refreshToken: 'r', scope: [], raw: {} },
    });
    await clock.advance(HOUR - 1);
    expect((await source.obtain('x', LEEWAY)).tokens.accessToken).toBe('old');
    expect(client.refreshed).toEqual([]);
  });
});

describe('a token within the leeway', () => {
  it('is used now, and refreshed in the background: no request waits', async () => {
    const { source, client, logIn } = setUp();
    const answer = gate<TokenAnswer>();
    client.answer = () => answer.promise;
    const id = await logIn(60 * SECOND);
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('old');
    await settle();
    expect(client.refreshed).toEqual(['refresh-0']);
    answer.open(tokens('new', Date.now() * 2));
    await source.settled();
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('new');
  });

  it('is used also when the refresh fails, which harms nobody', async () => {
    const { source, client, events, logIn } = setUp();
    client.answer = () => Promise.reject(new ProviderUnavailableError('provider_unavailable', 'down'));
    const id = await logIn(30 * SECOND);
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('old');
    await source.settled();
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('old');
    await source.settled();
    expect(client.refreshed).toHaveLength(1);
    expect(events).toMatchObject([{ type: 'token.refresh_failed', error: 'provider_unavailable' }]);
  });

  it('will not do for somebody who needs it longer', async () => {
    const { source, client, logIn } = setUp();
    const id = await logIn(50 * SECOND);
    expect((await source.obtain(id, { ...LEEWAY, minTtl: 50 })).tokens.accessToken).toBe('old');
    await source.settled();
    expect(client.refreshed).toHaveLength(1);
    const other = await logIn(50 * SECOND);
    expect((await source.obtain(other, { ...LEEWAY, minTtl: 51 })).tokens.accessToken).toBe('new-2');
  });
});

describe('a token that has expired', () => {
  it('is waited for', async () => {
    const { source, client, logIn } = setUp();
    const answer = gate<TokenAnswer>();
    client.answer = () => answer.promise;
    const waiting = watch(source.obtain(await logIn(0), LEEWAY));
    await settle();
    expect(waiting.done).toBe(false);
    answer.open(tokens('new', undefined));
    await settle();
    expect(waiting.value?.tokens.accessToken).toBe('new');
  });

  it('is waited for so long and no longer; the refresh itself goes on', async () => {
    const { source, client, clock, logIn } = setUp({ refreshTimeout: 10 });
    const answer = gate<TokenAnswer>();
    client.answer = () => answer.promise;
    const id = await logIn(0);
    const waiting = watch(source.obtain(id, LEEWAY));
    await clock.advance(10 * SECOND - 1);
    expect(waiting.done).toBe(false);
    await clock.advance(1);
    expect(waiting.error).toBeInstanceOf(ProviderUnavailableError);
    expect(waiting.error).toMatchObject({
      code: 'refresh_timeout',
      status: 503,
      headers: { 'Retry-After': '1' },
    });
    answer.open(tokens('late', clock.now() + HOUR));
    await source.settled();
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('late');
    expect(client.refreshed).toHaveLength(1);
  });

  it('ends the login without any call when there is nothing to refresh it with', async () => {
    const { source, client, records, clock, logIn } = setUp();
    for (const more of [{ refreshToken: undefined }, { refreshExpiresAt: clock.now() }]) {
      const id = await logIn(0, more as object);
      await expect(source.obtain(id, LEEWAY)).rejects.toBeInstanceOf(LoginRequiredError);
      expect(await records.read(id)).toBeUndefined();
    }
    expect(client.refreshed).toEqual([]);
  });

  it('does not end the login a moment early: without a refresh token it serves to the last', async () => {
    const { source, logIn } = setUp();
    const id = await logIn(1, { refreshToken: undefined } as object);
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('old');
  });
});

describe('a token that was refuted', () => {
  it('is refreshed at once, whatever its expiry says', async () => {
    const { source, client, logIn } = setUp();
    const id = await logIn(HOUR);
    const record = await source.obtain(id, { ...LEEWAY, notVersion: 1 });
    expect(record).toMatchObject({ version: 2, tokens: { accessToken: 'new-1' } });
    expect(client.refreshed).toEqual(['refresh-0']);
  });

  it('is not refreshed again when somebody has done so already', async () => {
    const { source, client, logIn } = setUp();
    const id = await logIn(HOUR);
    await source.obtain(id, { ...LEEWAY, notVersion: 1 });
    expect((await source.obtain(id, { ...LEEWAY, notVersion: 1 })).tokens.accessToken).toBe('new-1');
    expect(client.refreshed).toHaveLength(1);
  });
});

it('a login that is not there has ended', async () => {
  const { source } = setUp();
  await expect(source.obtain('nobody', LEEWAY)).rejects.toMatchObject({ code: 'login_ended', status: 401 });
});
