import {
  type OAuthLoginError,
  ProviderRejectedError,
  ProviderUnavailableError,
} from '../../../src/errors.js';
import { LEASE } from '../../../src/tokens/refresh.js';
import type { TokenAnswer } from '../../../src/wire/answer.js';
import { settle } from '../wire/manual-clock.js';
import { gate, HOUR, LEEWAY, SECOND, setUp, tokens, watch } from './harness.js';

const lost = () => new ProviderUnavailableError('provider_unavailable', 'cut', { outcomeUnknown: true });
const invalidGrant = () => new ProviderRejectedError('invalid_grant', 'no');

/** Answers in turn; the last one for ever. */
const inTurn = (...answers: (OAuthLoginError | TokenAnswer)[]) => {
  return (count: number): TokenAnswer => {
    const answer = answers[Math.min(count, answers.length) - 1] as OAuthLoginError | TokenAnswer;
    if (answer instanceof Error) throw answer;
    return answer;
  };
};

describe('a refresh whose answer was lost on the way', () => {
  it('is tried once more at once, with the same refresh token', async () => {
    const { source, client, clock, logIn } = setUp();
    client.answer = inTurn(lost(), tokens('new', clock.now() + HOUR));
    expect((await source.obtain(await logIn(0), LEEWAY)).tokens.accessToken).toBe('new');
    expect(client.refreshed).toEqual(['refresh-0', 'refresh-0']);
  });

  it('is tried once more only; then all wait, and the login stays', async () => {
    const { source, client, records, logIn } = setUp();
    client.answer = inTurn(lost());
    const id = await logIn(0);
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({ code: 'provider_unavailable' });
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(client.refreshed).toHaveLength(2);
    expect(await records.read(id)).toBeDefined();
  });

  it('is not tried again when the provider never got it, or answered', async () => {
    for (const outcomeUnknown of [false, undefined]) {
      const { source, client, logIn } = setUp();
      const details = outcomeUnknown === undefined ? {} : { outcomeUnknown };
      client.answer = inTurn(new ProviderUnavailableError('provider_unavailable', 'down', details));
      await expect(source.obtain(await logIn(0), LEEWAY)).rejects.toMatchObject({ status: 503 });
      expect(client.refreshed).toHaveLength(1);
    }
  });

  it('ends the login when the provider then says that the refresh token is used up', async () => {
    const { source, client, records, logIn } = setUp();
    client.answer = inTurn(lost(), invalidGrant());
    const id = await logIn(0);
    await expect(source.obtain(id, LEEWAY)).rejects.toMatchObject({ code: 'login_ended' });
    expect(await records.read(id)).toBeUndefined();
  });
});

describe('an end that comes from an old version', () => {
  it('does not touch a login that somebody has renewed meanwhile', async () => {
    const { source, client, records, clock, logIn } = setUp();
    const id = await logIn(0);
    const answer = gate<TokenAnswer>();
    client.answer = () => answer.promise;
    const waiting = watch(source.obtain(id, LEEWAY));
    await settle();
    const before = await records.read(id);
    if (!before) throw new Error('no record');
    const renewed = { ...before.tokens, accessToken: 'theirs', expiresAt: clock.now() + HOUR };
    await records.replace(before, { ...before, tokens: renewed });
    answer.fail(invalidGrant());
    await settle();
    expect(waiting.value?.tokens.accessToken).toBe('theirs');
    expect(await records.read(id)).toBeDefined();
  });
});

describe('the lease', () => {
  it('lasts as long as its holder lives, and four seconds longer', async () => {
    const { source, anotherProcess, client, clock, logIn } = setUp({ refreshTimeout: 100 });
    const id = await logIn(0);
    const answer = gate<TokenAnswer>();
    client.answer = () => answer.promise;
    const waiting = [watch(source.obtain(id, LEEWAY)), watch(anotherProcess().obtain(id, LEEWAY))];
    await clock.advance(30 * SECOND);
    expect(client.refreshed).toHaveLength(1);
    answer.open(tokens('new', clock.now() + HOUR));
    await clock.advance(SECOND);
    expect(waiting.map(({ value }) => value?.tokens.accessToken)).toEqual(['new', 'new']);
    expect(client.refreshed).toHaveLength(1);
  });

  it('of a holder that was killed ends while a provider still forgives a repeated refresh token', async () => {
    const { source, stores, client, clock, logIn } = setUp();
    const id = await logIn(0);
    const began = clock.now();
    await stores.locks.acquire(id, 'killed', LEASE);
    const waiting = watch(source.obtain(id, LEEWAY));
    await clock.advance(LEASE - 100);
    expect(waiting.done).toBe(false);
    await clock.advance(300);
    expect(clock.now()).toBeLessThan(began + 5 * SECOND);
    expect(waiting.value?.tokens.accessToken).toBe('new-1');
    expect(client.refreshed).toEqual(['refresh-0']);
  });
});
