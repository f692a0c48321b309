import { createTransactions, randomToken, type Transaction } from '../../../src/login/transaction.js';
import { createMemoryStores } from '../../../src/stores/memory.js';
import { createSealer } from '../../../src/stores/sealing.js';
import { ManualClock } from '../wire/manual-clock.js';

const transaction: Transaction = {
  provider: 'aliyun',
  redirectUri: 'https://app.example.com/auth/callback/aliyun',
  nonce: 'n',
  codeVerifier: 'v',
  returnTo: '/me',
};

function setUp() {
  const clock = new ManualClock();
  const store = createMemoryStores(clock).transactions;
  return { clock, store, transactions: createTransactions(store, createSealer(['key'])) };
}

describe('a login transaction', () => {
  it('is found by its state, in its browser, once', async () => {
    const { transactions } = setUp();
    const state = await transactions.open('browser', transaction);
    expect(await transactions.consume('browser', state)).toEqual(transaction);
    expect(await transactions.consume('browser', state)).toBeUndefined();
  });

  it('is given to one of many callers only', async () => {
    const { transactions } = setUp();
    const state = await transactions.open('browser', transaction);
    const got = await Promise.all(Array.from({ length: 20 }, () => transactions.consume('browser', state)));
    expect(got.filter((one) => one !== undefined)).toEqual([transaction]);
  });

  it('does not exist for another browser, and is not used up by its try', async () => {
    const { transactions } = setUp();
    const state = await transactions.open('browser', transaction);
    expect(await transactions.consume('another', state)).toBeUndefined();
    expect(await transactions.consume('browser', state)).toEqual(transaction);
  });

  it('is not found by a state that was made up', async () => {
    const { transactions } = setUp();
    const state = await transactions.open('browser', transaction);
    for (const guess of ['', state.slice(0, -1), `${state}x`, state.toLowerCase(), randomToken()]) {
      expect(await transactions.consume('browser', guess)).toBeUndefined();
    }
  });

  it('ends after ten minutes', async () => {
    const { transactions, clock } = setUp();
    const [early, late] = [
      await transactions.open('b', transaction),
      await transactions.open('b', transaction),
    ];
    await clock.advance(10 * 60_000 - 1);
    expect(await transactions.consume('b', early)).toEqual(transaction);
    await clock.advance(1);
    expect(await transactions.consume('b', late)).toBeUndefined();
  });

  it('gives way when ten younger ones are open in its browser, and disturbs no other browser', async () => {
    const { transactions } = setUp();
    const other = await transactions.open('other', transaction);
    const states: string[] = [];
    for (let tab = 0; tab < 11; tab += 1) states.push(await transactions.open('browser', transaction));
    const [oldest, ...others] = states;
    expect(await transactions.consume('browser', oldest as string)).toBeUndefined();
    for (const state of others) expect(await transactions.consume('browser', state)).toEqual(transaction);
    expect(await transactions.consume('other', other)).toEqual(transaction);
  });

  it('is unreadable in the store, and found there by neither state nor browser', async () => {
    const clock = new ManualClock();
    const { transactions: store } = createMemoryStores(clock);
    const seen: string[] = [];
    const spy = {
      ...store,
      open: (...args: Parameters<typeof store.open>) => {
        seen.push(args[0], args[1], Buffer.from(args[2]).toString('latin1'));
        return store.open(...args);
      },
    };
    const state = await createTransactions(spy, createSealer(['key'])).open('browser-secret', transaction);
    for (const secret of [state, 'browser-secret', '/me', 'aliyun'])
      expect(seen.join('\n')).not.toContain(secret);
  });

  it('cannot be read with another key, nor moved under another state', async () => {
    const { store, transactions } = setUp();
    const state = await transactions.open('browser', transaction);
    expect(
      await createTransactions(store, createSealer(['other'])).consume('browser', state),
    ).toBeUndefined();

    const sealed: Uint8Array[] = [];
    const swapping = {
      ...store,
      open: async (...args: Parameters<typeof store.open>) => {
        sealed.push(args[2]);
        await store.open(args[0], args[1], sealed[0] as Uint8Array, args[3], args[4]);
      },
    };
    const moved = createTransactions(swapping, createSealer(['key']));
    await moved.open('browser', transaction);
    expect(await moved.consume('browser', await moved.open('browser', transaction))).toBeUndefined();
  });
});

describe('a state', () => {
  it('has 256 random bits, and serves as a PKCE verifier too', () => {
    const tokens = Array.from({ length: 1000 }, () => randomToken());
    expect(new Set(tokens).size).toBe(1000);
    for (const token of tokens) expect(token).toMatch(/^[\w-]{43}$/);
    // Each of the 43 characters varies, so none is a constant, a counter or the time.
    for (let place = 0; place < 43; place += 1) {
      expect(new Set(tokens.map((token) => token[place])).size).toBeGreaterThan(place === 42 ? 8 : 32);
    }
  });

  it('is another one for every transaction', async () => {
    const { transactions } = setUp();
    const states = [await transactions.open('b', transaction), await transactions.open('b', transaction)];
    expect(states[0]).not.toBe(states[1]);
  });
});

describe('what is kept around a transaction', () => {
  it('where a login led, for its own browser, as often as it asks, for ten minutes', async () => {
    const { transactions, clock } = setUp();
    await transactions.complete('browser', 'state', '/me');
    expect(await transactions.completed('browser', 'state')).toBe('/me');
    expect(await transactions.completed('browser', 'state')).toBe('/me');
    expect(await transactions.completed('another', 'state')).toBeUndefined();
    expect(await transactions.completed('browser', 'other')).toBeUndefined();
    await clock.advance(10 * 60_000);
    expect(await transactions.completed('browser', 'state')).toBeUndefined();
  });

  it('a posted callback, for whoever has its handle, once, for a minute', async () => {
    const { transactions, clock } = setUp();
    const params = new URLSearchParams('code=a%26b&state=s');
    const handle = await transactions.keepPosted(params);
    expect((await transactions.posted(handle))?.toString()).toBe(params.toString());
    expect(await transactions.posted(handle)).toBeUndefined();
    const late = await transactions.keepPosted(params);
    await clock.advance(60_000);
    expect(await transactions.posted(late)).toBeUndefined();
    expect(await transactions.posted('made-up')).toBeUndefined();
  });

  it('a transaction is no posted callback, and the other way round', async () => {
    const { transactions } = setUp();
    const state = await transactions.open('posted', transaction);
    expect(await transactions.posted(state)).toBeUndefined();
    const handle = await transactions.keepPosted(new URLSearchParams('code=a'));
    expect(await transactions.consume('posted', handle)).toBeUndefined();
  });
});
