import { ProviderUnavailableError, StoreUnavailableError } from '../../../src/errors.js';
import type { OAuthEvent } from '../../../src/events.js';
import { endLogins, type LogoutDependencies, providerLogoutUrl } from '../../../src/logout/logout.js';
import { createRevocations } from '../../../src/logout/revocations.js';
import { createMemoryStores } from '../../../src/stores/memory.js';
import { createSealer } from '../../../src/stores/sealing.js';
import { createLoginRecords, type LoginRecord } from '../../../src/tokens/login-record.js';
import type { ProviderClient } from '../../../src/wire/client.js';
import { ManualClock } from '../wire/manual-clock.js';

const SECOND = 1000;
const HOME = 'https://app.example.com/';

let clock: ManualClock;
let deps: LogoutDependencies;
let clientOf: (provider: string) => ProviderClient | undefined;
let events: Omit<OAuthEvent, 'at'>[];
let revoked: unknown[];
/** What the store does in the place of its work. */
let broken: (() => never) | undefined;
let endSessionUrl: (params: { idToken?: string }) => URL | undefined;
let tries: number;

beforeEach(() => {
  clock = new ManualClock();
  const stores = createMemoryStores(clock);
  const sealer = createSealer(['a key']);
  const records = createLoginRecords(stores.records, sealer, clock);
  events = [];
  revoked = [];
  broken = undefined;
  endSessionUrl = () => undefined;
  tries = 0;
  const client = {
    canRevoke: () => true,
    revoke: async (tokens: unknown) => revoked.push(tokens) > 0,
    endSessionUrl: async (params: { idToken?: string }) => endSessionUrl(params),
  } as unknown as ProviderClient;
  const clients = new Map([['op', client]]);
  clientOf = (name) => clients.get(name);
  const rest = { emit: (event: Omit<OAuthEvent, 'at'>) => void events.push(event), clock };
  deps = {
    ...rest,
    records: {
      ...records,
      remove: async (id) => {
        tries += 1;
        broken?.();
        return records.remove(id);
      },
    },
    revocations: createRevocations({ ...rest, clients, store: stores.revocations, sealer }),
  };
});

function record(id = 'login-1', more: Partial<LoginRecord> = {}): LoginRecord {
  const tokens = { accessToken: id, tokenType: 'Bearer', refreshToken: `${id}-refresh`, scope: [], raw: {} };
  return { id, version: 1, provider: 'op', sub: 'alice', endsAt: clock.now() + 3_600_000, tokens, ...more };
}

const end = (...ids: string[]) => endLogins(ids.map((id) => ({ id, deps })));

const away = () => {
  throw new StoreUnavailableError('store_unavailable', 'away');
};

describe('ending logins', () => {
  it('removes their records, revokes their tokens and says so', async () => {
    await Promise.all([deps.records.create(record('a')), deps.records.create(record('b'))]);
    const ended = await end('a', 'b', 'gone');
    expect(ended.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await deps.records.peek('a')).toBeUndefined();
    expect(revoked).toEqual([
      { accessToken: 'a', refreshToken: 'a-refresh' },
      { accessToken: 'b', refreshToken: 'b-refresh' },
    ]);
    const event = { type: 'logout.completed', provider: 'op', outcome: 'revoked', duration: 0 };
    expect(events).toEqual([event, event].map((one) => ({ ...one, login: expect.any(String) })));
    expect(new Set(events.map(({ login }) => login)).size).toBe(2);
  });

  it('leaves each to the one who has its keys and knows its provider, and keeps their order', async () => {
    const by: string[] = [];
    const of = (name: string): LogoutDependencies => ({
      ...deps,
      records: { ...deps.records, remove: async (id) => record(id, { provider: name }) },
      revocations: {
        ...deps.revocations,
        revoke: async ({ id, provider }) => {
          by.push(`${id} ${provider}`);
          return 'revoked';
        },
      },
    });
    const [a, b] = [of('a'), of('b')];
    const ended = await endLogins([
      { id: '1', deps: b },
      { id: '2', deps: a },
      { id: '3', deps: b },
    ]);
    expect(by).toEqual(['1 b', '2 a', '3 b']);
    expect(ended.map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('at the same time is done by one of them', async () => {
    await deps.records.create(record());
    const ended = await Promise.all([1, 2, 3].map(() => end('login-1')));
    expect(ended.flat()).toHaveLength(1);
    expect(events).toHaveLength(1);
  });

  it('while the store is away fails, and is done as soon as it is back', async () => {
    await deps.records.create(record());
    broken = away;
    await expect(end('login-1')).rejects.toBeInstanceOf(StoreUnavailableError);
    await clock.advance(299 * SECOND);
    expect(await deps.records.peek('login-1')).toBeDefined();
    broken = undefined;
    await clock.advance(SECOND);
    expect(await deps.records.peek('login-1')).toBeUndefined();
    expect(events).toMatchObject([{ type: 'logout.completed', outcome: 'revoked' }]);
    expect(clock.sleeping).toBe(0);
  });

  it('is told to those who know of it once it is done, and not before', async () => {
    const forgotten: string[] = [];
    await deps.records.create(record());
    broken = away;
    const forget = async () => forgotten.push('login-1');
    await endLogins([{ id: 'login-1', deps, forget }]).catch(() => {});
    await clock.advance(5 * SECOND);
    expect(forgotten).toEqual([]);
    broken = undefined;
    await clock.advance(SECOND);
    expect(forgotten).toEqual(['login-1']);
    await endLogins([{ id: 'gone before', deps, forget }]);
    expect(forgotten).toHaveLength(2);
  });

  it('is given up when the store has been away for five minutes', async () => {
    broken = away;
    await end('login-1').catch(() => {});
    await clock.advance(300 * SECOND);
    expect([tries, clock.sleeping]).toEqual([301, 0]);
  });

  it('that another one ended meanwhile is nothing to do', async () => {
    broken = away;
    await end('login-1').catch(() => {});
    broken = undefined;
    await clock.advance(SECOND);
    expect([events, clock.sleeping]).toEqual([[], 0]);
  });

  it('that fails for another reason is not tried again, at once or later', async () => {
    const mistake = new Error('a bug');
    const fail = () => {
      throw mistake;
    };
    broken = fail;
    await expect(end('login-1')).rejects.toBe(mistake);
    expect(clock.sleeping).toBe(0);
    broken = away;
    await end('login-1').catch(() => {});
    broken = fail;
    await clock.advance(SECOND);
    expect(clock.sleeping).toBe(0);
  });
});

describe('the way to the provider’s own logout', () => {
  const url = new URL('https://op.example.com/logout');

  it('is that of the first login whose provider has one, told with its id_token', async () => {
    const asked: unknown[] = [];
    endSessionUrl = (params) => {
      asked.push(params);
      return asked.length === 2 ? url : undefined;
    };
    const { tokens } = record();
    const logins = [
      record('a', { provider: 'gone' }),
      record('b'),
      record('c', { tokens: { ...tokens, idToken: 'x.y.z' } }),
      record('d'),
    ];
    expect(await providerLogoutUrl(clientOf, logins, HOME)).toBe(url);
    expect(asked).toEqual([
      { postLogoutRedirectUri: HOME },
      { postLogoutRedirectUri: HOME, idToken: 'x.y.z' },
    ]);
    expect(asked[0]).not.toHaveProperty('idToken');
  });

  it('is left out where the provider’s metadata cannot be read', async () => {
    endSessionUrl = () => {
      throw new ProviderUnavailableError('provider_unavailable', 'down');
    };
    expect(await providerLogoutUrl(clientOf, [record()], HOME)).toBeUndefined();
  });

  it('hides no mistake of ours', async () => {
    const mistake = new Error('a bug');
    endSessionUrl = () => {
      throw mistake;
    };
    await expect(providerLogoutUrl(clientOf, [record()], HOME)).rejects.toBe(mistake);
  });
});
