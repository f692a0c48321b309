import { createProofKey } from '../../../src/wire/dpop.js';
import { LEEWAY, SECOND, setUp } from './harness.js';

it('the key to which tokens are bound stays with the login, through refreshes and judged id_tokens', async () => {
  const proofKey = createProofKey();
  const set = setUp();
  const id = await set.logIn(-SECOND, {}, { proofKey, claims: { sub: 'alice' } });
  set.client.answer = (count) => ({
    accessToken: `new-${count}`,
    tokenType: 'DPoP',
    refreshToken: `refresh-${count}`,
    expiresAt: set.clock.now() - SECOND,
    idToken: 'an id_token',
    raw: {},
  });
  for (const source of [set.source, set.anotherProcess(), set.source]) {
    await source.obtain(id, { ...LEEWAY, notVersion: Number.MAX_SAFE_INTEGER }).catch(() => {});
    await source.settled();
  }
  expect(set.client.refreshed.length).toBeGreaterThan(1);
  expect(new Set(set.client.proved.map((key) => JSON.stringify(key)))).toEqual(
    new Set([JSON.stringify(proofKey)]),
  );
  expect(await set.records.read(id)).toMatchObject({ proofKey });
});

it('a login without a key is refreshed without one', async () => {
  const set = setUp();
  const id = await set.logIn(-SECOND);
  await set.source.obtain(id, LEEWAY);
  expect(set.client.proved).toEqual([undefined]);
});
