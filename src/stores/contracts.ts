/**
 * What the library keeps, and the promises that every store makes. One contract suite runs on all of them.
 * Durations are in milliseconds. Every entry has a time to live. A store that cannot answer throws
 * `StoreUnavailableError`; it never answers "nothing there" instead.
 */
export interface Stores {
  readonly records: RecordStore;
  readonly transactions: TransactionStore;
  readonly locks: LockStore;
  readonly backoff: BackoffStore;
  readonly index: LoginIndex;
  readonly replays: ReplayStore;
  readonly endings: EndingStore;
  readonly revocations: RevocationStore;
  /**
   * Whether the store can be used now, for writing too.
   *
   * @throws StoreUnavailableError when it cannot.
   */
  probe(): Promise<void>;
}

/** A login record as a store sees it: sealed bytes, and in the clear only what compare-and-set and expiry need. */
export interface StoredRecord {
  readonly version: number;
  /** When the access token expires, in milliseconds since the epoch. */
  readonly expiresAt?: number;
  readonly sealed: Uint8Array;
}

/** Login records, one per login. Once a record is gone nothing brings it back. */
export interface RecordStore {
  /** Keeps a record under an id that was never used before. */
  create(id: string, record: StoredRecord, ttl: number): Promise<void>;
  read(id: string): Promise<StoredRecord | undefined>;
  /** Replaces the record if it is there and still has the version that was read; a backoff of its login is over then. */
  replace(
    id: string,
    version: number,
    record: StoredRecord,
    ttl: number,
  ): Promise<'replaced' | 'conflict' | 'missing'>;
  /**
   * Removes the record and all that belongs to its login, and returns what it was: to one caller only.
   *
   * @param version removes the record only if it still has this version.
   */
  remove(id: string, version?: number): Promise<StoredRecord | undefined>;
}

/** Login transactions, and what is kept for a moment around them. Values are sealed. */
export interface TransactionStore {
  /** Keeps a transaction; beyond `limit` open ones of this browser the oldest gives way. */
  open(browser: string, id: string, value: Uint8Array, ttl: number, limit: number): Promise<void>;
  /** Returns the transaction to one caller only, whatever happens afterwards. */
  consume(browser: string, id: string): Promise<Uint8Array | undefined>;
  /** Keeps a value of a browser's for a moment. */
  remember(browser: string, id: string, value: Uint8Array, ttl: number): Promise<void>;
  recall(browser: string, id: string): Promise<Uint8Array | undefined>;
}

/** A lease on the refresh of one login. The owner is a random string that nobody else has. */
export interface LockStore {
  /**
   * Whether the lease was free. In a store that can fail, a lease that expired without being released becomes free one
   * second after the first attempt to take it: its holder may have received new tokens during an outage, and gets to
   * write them first.
   */
  acquire(id: string, owner: string, lease: number): Promise<boolean>;
  /**
   * Starts the lease anew. One that has run out, because the store could not be reached, becomes the owner's again if
   * nobody else has it and the login still exists.
   *
   * @returns whether the lease is the owner's.
   */
  extend(id: string, owner: string, lease: number): Promise<boolean>;
  /** Ends the lease if it is the owner's. */
  release(id: string, owner: string): Promise<void>;
}

/** After a failed refresh: until when nobody, in any process, tries again. */
export interface Backoff {
  readonly attempt: number;
  /** Whether the provider could not serve, or refused the app itself. */
  readonly reason: 'unavailable' | 'refused';
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export interface BackoffStore {
  readBackoff(id: string): Promise<Backoff | undefined>;
  setBackoff(id: string, backoff: Backoff, ttl: number): Promise<void>;
}

/** A revocation that waits to be sent. */
export interface WaitingRevocation {
  readonly id: string;
  readonly sealed: Uint8Array;
}

/**
 * Revocations that wait for their provider, due at a point in time in milliseconds since the epoch: in one queue those
 * that the same processes can send.
 */
export interface RevocationStore {
  /** Keeps a revocation, or keeps it anew with another due time. */
  keep(queue: string, id: string, sealed: Uint8Array, dueAt: number, ttl: number): Promise<void>;
  /** Takes some of a queue that are due: nobody else gets them before `heldUntil`, even if the taker is killed. */
  claim(queue: string, now: number, heldUntil: number, limit: number): Promise<readonly WaitingRevocation[]>;
  drop(queue: string, id: string): Promise<void>;
}

/** A login as the index knows it. */
export interface IndexedLogin {
  readonly id: string;
  /** The name of its provider. */
  readonly provider: string;
  /** The id of the session that holds it; empty where the session is in a store of the app's own. */
  readonly session: string;
  /** A hash that names the id_token's subject; left out where that is the user in whose index the login is. */
  readonly subject?: string;
  /** Milliseconds since the epoch. */
  readonly loggedInAt: number;
  /** When it ends in any case, in milliseconds since the epoch. */
  readonly endsAt: number;
}

/** One moment on two clocks that nobody compares with each other, in milliseconds since the epoch. */
export interface Moment {
  /** On ours. */
  readonly here: number;
  /** On the provider's, where the provider said something that has a date. */
  readonly provider?: number;
}

/**
 * Finds logins by hashes that name what they have in common: their user, or their session at the provider. It may
 * hold logins that have ended: the record has the last word.
 */
export interface LoginIndex {
  /**
   * Adds a login, or replaces what is known of it. Those past their end are dropped, and beyond `limit` the ones that
   * would end first.
   *
   * @returns `false`, having added nothing, when the logins of this name were ended after this one began.
   */
  add(name: string, login: IndexedLogin, began: Moment, limit: number): Promise<boolean>;
  list(name: string): Promise<IndexedLogin[]>;
  /** Lists, and refuses for `ttl` to add logins that began by then: in one step, so that none slips through. */
  end(name: string, at: Moment, ttl: number): Promise<IndexedLogin[]>;
  remove(name: string, id: string): Promise<void>;
}

/** Remembers what may be used once only. */
export interface ReplayStore {
  isUsed(id: string): Promise<boolean>;
  /** Whether this is the first use: to one caller only. */
  use(id: string, ttl: number): Promise<boolean>;
}

/** Remembers how something ended, for those who still believe in it. */
export interface EndingStore {
  /**
   * Says how it ends, unless somebody has said so before: then what was said first counts. To say the same again, because
   * an answer was lost, changes nothing.
   *
   * @returns what counts.
   */
  settle(id: string, ending: string, ttl: number): Promise<string>;
  /** What was said; `undefined` where nothing was. */
  find(id: string): Promise<string | undefined>;
}

/**
 * Sessions as text. `rev` names the state of a session's logins: a save that was made from an older state is told
 * so, and cannot undo a login, a refresh or a logout that happened meanwhile.
 */
export interface SessionBackend {
  /** The session's text; its idle timeout starts anew. */
  read(sid: string): Promise<string | undefined>;
  /** The same, without restarting the idle timeout: for a look at a session by others than its user. */
  peek(sid: string): Promise<string | undefined>;
  create(sid: string, text: string): Promise<void>;
  /** Saves a session that must still exist, unless its logins have changed since `rev`. */
  save(sid: string, text: string, rev: string): Promise<'saved' | 'gone' | { current: string }>;
  /** Replaces exactly `before`, leaving the time to live. */
  swap(sid: string, before: string, after: string): Promise<boolean>;
  /** Removes the session and returns what it was: to one caller only. */
  take(sid: string): Promise<string | undefined>;
  /** The ids of all sessions that exist. */
  ids(): Promise<string[]>;
}

/** How the text of a session begins, so that a store can compare `rev` without parsing. */
export function revOf(text: string): string {
  return /^\{"oauth":\{"rev":"([\w-]+)"/.exec(text)?.[1] ?? '';
}
