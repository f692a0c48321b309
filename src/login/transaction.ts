import { hash, randomBytes } from 'node:crypto';
import { isPlainObject } from '../config.js';
import { LOGIN_LIFETIME } from '../limits.js';
import type { TransactionStore } from '../stores/contracts.js';
import type { Sealer } from '../stores/sealing.js';
import type { ProofKey } from '../wire/dpop.js';
import type { Requirements } from './requirements.js';

/** Open logins of one browser; one more, and the oldest gives way. */
const LIMIT = 10;
/** Milliseconds between a posted callback and the request that picks it up. */
const POSTED_LIFETIME = 60_000;

/** What must be remembered between sending a browser away and its return. */
export interface Transaction extends Requirements {
  readonly provider: string;
  readonly redirectUri: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly returnTo: string;
  /** The private key to which the tokens will be bound. */
  readonly proofKey?: ProofKey;
  /** The login was to ask the user nothing (`prompt=none`): a refusal is not an error. */
  readonly silent?: boolean;
}

/** Login transactions, sealed, each known by a hash of its state and bound to one browser. */
export interface Transactions {
  /** Keeps the transaction and returns its state. */
  open(browser: string, transaction: Transaction): Promise<string>;
  /** The transaction of a state, to one caller only. */
  consume(browser: string, state: string): Promise<Transaction | undefined>;
  /** Notes where a login has led, so that a repeated callback can lead there too. */
  complete(browser: string, state: string, returnTo: string): Promise<void>;
  /** Where the login of this state has led, while that is remembered. */
  completed(browser: string, state: string): Promise<string | undefined>;
  /** Keeps the parameters of a posted callback for the request that follows it, and returns their handle. */
  keepPosted(params: URLSearchParams): Promise<string>;
  posted(handle: string): Promise<URLSearchParams | undefined>;
}

export function createTransactions(store: TransactionStore, sealer: Sealer): Transactions {
  const seal = (purpose: string, id: string, value: unknown) =>
    sealer.seal(JSON.stringify(value), `${purpose} ${id}`);
  const open = (purpose: string, id: string, sealed: Uint8Array | undefined): unknown => {
    const text = sealed && sealer.open(sealed, `${purpose} ${id}`);
    // Also `undefined` when it is sealed under a key that is not here: the user starts again.
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  };
  // A posted callback comes from another site, without our cookies: it is kept under its handle alone.
  const nobody = 'posted';

  return {
    async open(browser, transaction) {
      const state = randomToken();
      const id = digest(state);
      await store.open(digest(browser), id, seal('transaction', id, transaction), LOGIN_LIFETIME, LIMIT);
      return state;
    },
    async consume(browser, state) {
      const id = digest(state);
      const value = open('transaction', id, await store.consume(digest(browser), id));
      return isPlainObject(value) ? (value as unknown as Transaction) : undefined;
    },
    async complete(browser, state, returnTo) {
      const id = digest(state);
      await store.remember(digest(browser), id, seal('completed', id, returnTo), LOGIN_LIFETIME);
    },
    async completed(browser, state) {
      const id = digest(state);
      const value = open('completed', id, await store.recall(digest(browser), id));
      return typeof value === 'string' ? value : undefined;
    },
    async keepPosted(params) {
      const handle = randomToken();
      const id = digest(handle);
      await store.open(`${nobody}:${id}`, id, seal(nobody, id, params.toString()), POSTED_LIFETIME, 1);
      return handle;
    },
    async posted(handle) {
      const id = digest(handle);
      const value = open(nobody, id, await store.consume(`${nobody}:${id}`, id));
      return typeof value === 'string' ? new URLSearchParams(value) : undefined;
    },
  };
}

/** 256 bits from a CSPRNG, 43 characters: also a valid PKCE verifier [RFC 7636 4.1]. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

function digest(value: string): string {
  return hash('sha256', value, 'base64url');
}
