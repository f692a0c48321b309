import type { JWTVerifyGetKey } from 'jose';
import { ProviderUnavailableError } from '../../../src/errors.js';
import { createProviderFetch } from '../../../src/wire/http.js';
import { createKeySet } from '../../../src/wire/jwks.js';
import { ManualClock } from './manual-clock.js';
import { type Reply, startServer, type TestServer } from './server.js';
import { makeKey, type SigningKey } from './signing.js';

const MINUTE = 60_000;
let one: SigningKey;
let two: SigningKey;
beforeAll(async () => {
  [one, two] = await Promise.all([makeKey('one'), makeKey('two')]);
});

let server: TestServer;
let reply: Reply;
let clock: ManualClock;
let keys: JWTVerifyGetKey;
beforeEach(async () => {
  reply = { body: { keys: [one.jwk] } };
  server = await startServer(() => reply);
  clock = new ManualClock();
  keys = createKeySet(`${server.url}/keys`, createProviderFetch(5), clock);
});
afterEach(() => server.close());

const find = async (kid: string) => keys({ alg: 'RS256', kid }, {} as never);
const provideBoth = () => {
  reply = { body: { keys: [one.jwk, two.jwk] } };
};

describe('signing keys', () => {
  it('are read once and kept', async () => {
    await find('one');
    await clock.advance(9 * MINUTE);
    await find('one');
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      url: '/keys',
      headers: { accept: 'application/json' },
    });
  });

  it('are read once for all who ask at the same time', async () => {
    await Promise.all(Array.from({ length: 20 }, () => find('one')));
    expect(server.requests).toHaveLength(1);
  });

  it('are read anew after ten minutes', async () => {
    await find('one');
    reply = { body: { keys: [two.jwk] } };
    await clock.advance(10 * MINUTE);
    await find('two');
    // A key that the provider has withdrawn is one that it never had.
    await expect(find('one')).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });
});

it('keys that come with an error are none', async () => {
  reply = { status: 404, body: { keys: [one.jwk] } };
  await expect(find('one')).rejects.toBeInstanceOf(ProviderUnavailableError);
});

it('a token that could be signed by any of several keys is refused, and the provider is not asked again', async () => {
  provideBoth();
  await expect((async () => keys({ alg: 'RS256' }, {} as never))()).rejects.toMatchObject({
    code: 'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
  });
  expect(server.requests).toHaveLength(1);
});

describe('a kid that is not there', () => {
  it('is looked for at once, also right after the keys were read: providers rotate', async () => {
    await find('one');
    provideBoth();
    await expect(find('two')).resolves.toBeDefined();
    expect(server.requests).toHaveLength(2);
  });

  it('is looked for once by all who miss it at the same time', async () => {
    await find('one');
    provideBoth();
    await Promise.all(Array.from({ length: 20 }, () => find('two')));
    expect(server.requests).toHaveLength(2);
  });

  it('is found at whatever moment of somebody else’s search one asks', async () => {
    for (let delay = 0; delay < 40; delay += 1) {
      let served = [one.jwk];
      const fetch = async () => ({
        status: 200,
        headers: new Headers(),
        text: JSON.stringify({ keys: served }),
      });
      const set = createKeySet('https://op.example.com/keys', fetch, clock);
      const ask = async (kid: string) => set({ alg: 'RS256', kid }, {} as never);
      await ask('one');
      served = [one.jwk, two.jwk];
      const first = ask('two');
      for (let turn = 0; turn < delay; turn += 1) await Promise.resolve();
      await expect(Promise.all([first, ask('two')])).resolves.toHaveLength(2);
    }
  });

  it('is no key when the provider, asked again, still does not have it', async () => {
    await find('one');
    await expect(find('made-up')).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    expect(server.requests).toHaveLength(2);
  });

  it('does not reach the provider again within five seconds, and then nothing is said about the token', async () => {
    await find('one');
    await find('made-up').catch(() => {});
    for (let count = 0; count < 10; count += 1) {
      await expect(find(`made-up-${count}`)).rejects.toBeInstanceOf(ProviderUnavailableError);
    }
    expect(server.requests).toHaveLength(2);
    provideBoth();
    await clock.advance(5000);
    await expect(find('two')).resolves.toBeDefined();
    expect(server.requests).toHaveLength(3);
  });

  it('stops nobody whose kid is there', async () => {
    await find('made-up').catch(() => {});
    await expect(find('one')).resolves.toBeDefined();
  });

  it('says nothing about the token when the provider cannot be asked', async () => {
    await find('one');
    reply = { status: 503 };
    await expect(find('two')).rejects.toMatchObject({ code: 'provider_unavailable', status: 503 });
  });
});

describe.each<[string, Reply]>([
  ['500', { status: 500 }],
  ['429', { status: 429 }],
  ['404', { status: 404, body: { error: 'not_found' } }],
  ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
  ['a page', { body: '<html></html>' }],
  ['nothing', { body: '' }],
  ['a list', { body: [] }],
  ['no list of keys', { body: { keys: {} } }],
  ['keys that are none', { body: { keys: ['x', null, 5] } }],
])('when the endpoint answers %s', (_what, broken) => {
  it('nothing is known about any token', async () => {
    reply = broken;
    const error = await find('one').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProviderUnavailableError);
    expect(error).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
  });

  it('the keys that were read before serve for an hour, and no longer', async () => {
    await find('one');
    reply = broken;
    await clock.advance(59 * MINUTE);
    await expect(find('one')).resolves.toBeDefined();
    await clock.advance(MINUTE);
    await expect(find('one')).rejects.toBeInstanceOf(ProviderUnavailableError);
    reply = { body: { keys: [one.jwk] } };
    await expect(find('one')).resolves.toBeDefined();
  });
});

it('an endpoint that cannot be reached says nothing about any token', async () => {
  await server.close();
  await expect(find('one')).rejects.toMatchObject({ code: 'provider_unavailable' });
});
