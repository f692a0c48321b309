import { settle } from '../wire/manual-clock.js';
import { HOUR, LEEWAY, SECOND, setUp, tokens, watch } from './harness.js';

describe('a token that lives no longer than the leeway', () => {
  it('is renewed behind the first request, and then once per half of its life', async () => {
    const { source, client, clock, logIn } = setUp();
    client.answer = (count) =>
      tokens(`new-${count}`, clock.now() + 40 * SECOND, { refreshToken: `r-${count}` });
    const id = await logIn(40 * SECOND);
    for (let second = 0; second < 100; second += 1) {
      await source.obtain(id, LEEWAY);
      await clock.advance(SECOND);
    }
    // At 0, and then at every twentieth second.
    expect(client.refreshed).toHaveLength(5);
  });

  it('does not serve longer for that', async () => {
    const { source, client, clock, logIn } = setUp();
    client.answer = (count) =>
      tokens(`new-${count}`, clock.now() + 5 * SECOND, { refreshToken: `r-${count}` });
    const id = await logIn(0);
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('new-1');
    await clock.advance(6 * SECOND);
    expect((await source.obtain(id, LEEWAY)).tokens.accessToken).toBe('new-2');
  });
});

describe('a token that the API refuses', () => {
  it('is renewed, but not again and again for an API that refuses every token', async () => {
    const { source, client, clock, logIn } = setUp();
    const id = await logIn(HOUR);
    const first = await source.obtain(id, { ...LEEWAY, refusedVersion: 1 });
    expect(first.tokens.accessToken).toBe('new-1');
    await clock.advance(9 * SECOND);
    expect(await source.obtain(id, { ...LEEWAY, refusedVersion: 2 })).toEqual(first);
    await clock.advance(SECOND);
    await source.obtain(id, { ...LEEWAY, refusedVersion: 2 });
    expect(client.refreshed).toHaveLength(2);
  });

  it('is renewed every time when the app asks for that itself', async () => {
    const { source, client, logIn } = setUp();
    const id = await logIn(HOUR);
    await source.obtain(id, { ...LEEWAY, notVersion: 1 });
    await source.obtain(id, { ...LEEWAY, notVersion: 2 });
    expect(client.refreshed).toHaveLength(2);
  });
});

it('a request that got its token leaves no timer behind', async () => {
  const { source, clock, logIn } = setUp();
  const id = await logIn(0);
  const waiting = watch(source.obtain(id, LEEWAY));
  await settle();
  expect(waiting.done).toBe(true);
  expect(clock.sleeping).toBe(0);
});
