import type { OAuthEvent } from '../../../src/events.js';
import type { Stores } from '../../../src/stores/contracts.js';
import { createMemoryStores } from '../../../src/stores/memory.js';
import { createSealer } from '../../../src/stores/sealing.js';
import { createLoginRecords, type LoginRecord, type LoginRecords } from '../../../src/tokens/login-record.js';
import type { RefreshClient } from '../../../src/tokens/refresh.js';
import type { TokenSet } from '../../../src/tokens/token-set.js';
import { createTokenSource, type TokenSource } from '../../../src/tokens/token-source.js';
import type { TokenAnswer } from '../../../src/wire/answer.js';
import { ManualClock } from '../wire/manual-clock.js';

export const SECOND = 1000;
export const HOUR = 3600 * SECOND;
export const LEEWAY = { leeway: 60 };

/** A provider that answers as a test says, and remembers what it was asked. */
export class ScriptedClient implements RefreshClient {
  readonly refreshed: string[] = [];
  readonly revoked: { accessToken: string; refreshToken?: string }[] = [];
  readonly judged: TokenAnswer[] = [];
  /** What a refresh does; the default gives numbered tokens. */
  answer: (count: number) => TokenAnswer | Promise<TokenAnswer>;
  /** What judging an id_token does; the default accepts it. */
  judge: (answer: TokenAnswer, receivedAt?: number) => void | Promise<void> = () => {};

  constructor(clock: ManualClock) {
    this.answer = (count) => tokens(`new-${count}`, clock.now() + HOUR, { refreshToken: `refresh-${count}` });
  }

  /** By which keys the refreshes were proved. */
  readonly proved: unknown[] = [];

  async refresh(refreshToken: string, proofKey?: unknown): Promise<TokenAnswer> {
    this.refreshed.push(refreshToken);
    this.proved.push(proofKey);
    return this.answer(this.refreshed.length);
  }

  /** Whom assertions were about. */
  readonly asserted: unknown[] = [];

  async exchangeAssertion(subject: unknown): Promise<TokenAnswer> {
    this.asserted.push(subject);
    return this.answer(this.asserted.length);
  }

  namesAnother({ raw }: TokenAnswer, sub: string): boolean {
    return raw.user !== undefined && raw.user !== sub;
  }

  async verifyRefreshed(answer: TokenAnswer, _previous: unknown, receivedAt?: number): Promise<void> {
    this.judged.push(answer);
    await this.judge(answer, receivedAt);
  }
}

export function tokens(
  accessToken: string,
  expiresAt: number | undefined,
  more: Partial<TokenAnswer> = {},
): TokenAnswer {
  return {
    accessToken,
    tokenType: 'Bearer',
    ...(expiresAt !== undefined && { expiresAt }),
    raw: { access_token: accessToken },
    ...more,
  };
}

export interface Harness {
  readonly clock: ManualClock;
  readonly client: ScriptedClient;
  readonly stores: Stores;
  readonly records: LoginRecords;
  readonly events: OAuthEvent[];
  readonly source: TokenSource;
  /** Another process on the same stores. */
  anotherProcess(stores?: Stores): TokenSource;
  /** Makes a login whose token expires in so many milliseconds. */
  logIn(expiresIn: number, more?: Partial<TokenSet>, record?: Partial<LoginRecord>): Promise<string>;
}

/** A token source on memory stores, with a provider that is scripted and a time that stands still. */
export function setUp({ refreshTimeout = 10, wrap = (stores: Stores) => stores } = {}): Harness {
  const clock = new ManualClock();
  const client = new ScriptedClient(clock);
  const stores = wrap(createMemoryStores(clock));
  const sealer = createSealer(['a key']);
  const records = createLoginRecords(stores.records, sealer, clock);
  const events: OAuthEvent[] = [];
  const sourceOn = (on: Stores) =>
    createTokenSource(
      {
        ...on,
        records: createLoginRecords(on.records, sealer, clock),
        client: () => client,
        clock,
        emit: (event) => events.push({ ...event, at: clock.now() }),
        async revoke(_record, answer) {
          client.revoked.push(answer);
        },
      },
      { refresh: refreshTimeout, store: 2 },
    );
  let count = 0;
  return {
    clock,
    client,
    stores,
    records,
    events,
    source: sourceOn(stores),
    anotherProcess: (on = stores) => sourceOn(on),
    async logIn(expiresIn, more = {}, record = {}) {
      count += 1;
      const id = `login-${count}`;
      await records.create({
        id,
        version: 1,
        provider: 'op',
        sub: 'alice',
        endsAt: clock.now() + 14 * 24 * HOUR,
        tokens: {
          accessToken: 'old',
          tokenType: 'Bearer',
          expiresAt: clock.now() + expiresIn,
          refreshToken: 'refresh-0',
          scope: ['openid'],
          raw: {},
          ...more,
        },
        ...record,
      });
      return id;
    },
  };
}

/** What became of a promise by now. */
export function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; done: boolean } {
  const seen: { value?: T; error?: unknown; done: boolean } = { done: false };
  promise.then(
    (value) => Object.assign(seen, { value, done: true }),
    (error: unknown) => Object.assign(seen, { error, done: true }),
  );
  return seen;
}

/** Something that happens when the test says so. */
export function gate<T = void>(): { promise: Promise<T>; open(value: T): void; fail(error: unknown): void } {
  let open!: (value: T) => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}
