import type { LockStore, Stores } from '../../../src/stores/contracts.js';
import { createMemoryStores } from '../../../src/stores/memory.js';
import { createLoginRecords, type LoginRecord, type LoginRecords } from '../../../src/tokens/login-record.js';
import { RENEWAL, type RefreshDependencies, refreshLogin } from '../../../src/tokens/refresh.js';
import { Scheduler, standstill } from './scheduler.js';
import { StrictProvider } from './strict-provider.js';

export const LOGIN = 'login';

/** Sealing is not what is tested, and would hide what a record says. */
const openly = {
  keyIds: ['none'],
  seal: (text: string) => Buffer.from(text),
  open: (sealed: Uint8Array) => Buffer.from(sealed).toString(),
};

/** How an actor ended. */
export type Ending = { readonly value: unknown } | { readonly error: { code?: string } };

/** Some processes, their store and their provider: the real protocol, in a time and an order that a test decides. */
export class World {
  readonly scheduler = new Scheduler();
  readonly provider: StrictProvider;
  readonly endings = new Map<string, Ending>();
  /** Whether the logout has ended the login, as far as the store is concerned. */
  loggedOut = false;
  #logout: string | undefined;
  #leaseEndsAt = 0;
  /** What the store really holds, asked without a step. */
  readonly records: LoginRecords;
  readonly #stores: Stores;

  readonly #withIdToken: boolean;

  /** @param options.idTokens whether refresh answers bring an id_token, which is judged after it was stored. */
  constructor(options: { grace: number; idTokens?: boolean }) {
    this.#withIdToken = options.idTokens ?? false;
    this.provider = new StrictProvider(this.scheduler, options.grace);
    const stores = createMemoryStores(this.scheduler.clockOf('store'));
    this.#stores = { ...stores, locks: this.#timed(stores.locks) };
    this.records = createLoginRecords(this.#stores.records, openly, this.scheduler.clockOf('store'));
  }

  /** A login whose access token has expired. */
  async logIn(): Promise<void> {
    await this.records.create({
      id: LOGIN,
      version: 1,
      provider: 'op',
      sub: 'alice',
      endsAt: this.scheduler.now + 86_400_000,
      tokens: {
        accessToken: 'access-0',
        tokenType: 'Bearer',
        expiresAt: this.scheduler.now - 1,
        refreshToken: 'refresh-0',
        scope: [],
        raw: {},
      },
      ...(this.#withIdToken && { claims: { sub: 'alice' } }),
    });
  }

  /** A process that needs a token that is good. */
  startRefresher(actor: string): void {
    const deps = this.#dependencies(actor);
    this.#watch(actor, async () => {
      const record = await deps.records.read(LOGIN);
      if (!record) throw Object.assign(new Error('ended'), { code: 'login_ended' });
      return (await refreshLogin(deps, LOGIN, record.version)).tokens.accessToken;
    });
  }

  /** A process in which the user logs out. */
  startLogout(actor: string): void {
    this.#logout = actor;
    const { records } = this.#dependencies(actor);
    this.#watch(actor, async () => {
      const record = await records.remove(LOGIN);
      if (record) await this.provider.revoke(actor);
    });
  }

  /** A refresh after all others, with nobody in its way. */
  async refreshLater(actor: string): Promise<Ending> {
    this.startRefresher(actor);
    for (await standstill(); !this.endings.has(actor); ) {
      const { pending } = this.scheduler;
      const step = pending.find(({ kind }) => kind !== 'sleep') ?? pending[0];
      if (!step) throw new Error(`${actor} waits for ever`);
      await this.scheduler.run(step);
    }
    return this.endings.get(actor) as Ending;
  }

  /** What a refresher goes on from, whoever holds the lock. */
  async state(): Promise<string> {
    const record = await this.records.read(LOGIN);
    const { version, tokens, pending } = record ?? ({} as Partial<LoginRecord>);
    const endsAt = this.#leaseEndsAt;
    const lock = await this.#stores.locks.acquire(LOGIN, 'nobody', 1);
    if (lock) await this.#stores.locks.release(LOGIN, 'nobody');
    this.#leaseEndsAt = endsAt;
    // A lease that nobody renews is nearer to its end each time, and so another state.
    const left = lock ? 0 : Math.ceil((this.#leaseEndsAt - this.scheduler.now) / RENEWAL);
    const stored = [version, tokens?.refreshToken, pending?.refreshToken, left];
    return JSON.stringify([stored, this.provider.state(), this.scheduler.fingerprint()]);
  }

  /** Notes when the lease ends. */
  #timed(locks: LockStore): LockStore {
    const noting = (command: LockStore['acquire']): LockStore['acquire'] => {
      return async (id, owner, lease) => {
        const granted = await command(id, owner, lease);
        if (granted) this.#leaseEndsAt = this.scheduler.now + lease;
        return granted;
      };
    };
    return { ...locks, acquire: noting(locks.acquire), extend: noting(locks.extend) };
  }

  #watch(actor: string, run: () => Promise<unknown>): void {
    run().then(
      (value) => this.endings.set(actor, { value }),
      (error) => this.endings.set(actor, { error }),
    );
  }

  #dependencies(actor: string): RefreshDependencies {
    const clock = this.scheduler.clockOf(actor);
    const stores = this.#steppedStores(actor);
    const refresh = async (refreshToken: string) => {
      const answer = await this.provider.refresh(actor, refreshToken);
      return this.#withIdToken ? { ...answer, idToken: `id of ${answer.accessToken}` } : answer;
    };
    return {
      records: createLoginRecords(stores.records, openly, clock),
      locks: stores.locks,
      backoff: stores.backoff,
      client: () => ({
        refresh,
        exchangeAssertion: () => refresh(''),
        verifyRefreshed: async () => {},
        namesAnother: () => false,
      }),
      revoke: () => this.provider.revoke(actor),
      clock,
      emit: () => {},
    };
  }

  /** Every command is a step. */
  #steppedStores(actor: string): Stores {
    const stepped = <T extends object>(part: string, store: T): T =>
      new Proxy(store, {
        get: (target, name: string) => {
          const command = target[name as keyof T] as (...args: unknown[]) => unknown;
          return (...args: unknown[]) =>
            this.scheduler.call(actor, 'store', `${part}.${name}`, () => {
              if (actor === this.#logout) this.loggedOut = true;
              return command(...args);
            });
        },
      });
    const { records, locks, backoff } = this.#stores;
    return {
      ...this.#stores,
      records: stepped('records', records),
      locks: stepped('locks', locks),
      backoff: stepped('backoff', backoff),
    };
  }
}
