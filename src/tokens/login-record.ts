import type { Clock } from '../clock.js';
import { retryAfter, StoreUnavailableError } from '../errors.js';
import type { AssertionSubject } from '../provider.js';
import type { RecordStore, StoredRecord } from '../stores/contracts.js';
import { type Sealer, UNKNOWN_KEY } from '../stores/sealing.js';
import type { TokenAnswer } from '../wire/answer.js';
import type { ProofKey } from '../wire/dpop.js';
import { packTokens, unpackTokens } from './packed-tokens.js';
import { canRefresh, refreshedTokens, type TokenSet } from './token-set.js';

/** A record outlives the last token in it by this long, in milliseconds: for requests that are on their way. */
const GRACE = 60_000;

/** A refresh answer whose id_token is not yet judged. */
export interface PendingAnswer extends TokenAnswer {
  /**
   * When it came, in milliseconds since the epoch: its id_token is judged as of then, however late that is done. Records
   * of earlier versions lack it.
   */
  readonly receivedAt?: number;
}

/** All that the server keeps of one login: the truth about whether it still exists. */
export interface LoginRecord {
  readonly id: string;
  /** Counts the writes; a write names the version that it read. */
  readonly version: number;
  readonly provider: string;
  readonly sub: string;
  /** When the session's absolute lifetime ends, in milliseconds since the epoch. */
  readonly endsAt: number;
  readonly tokens: TokenSet;
  /** When the last refresh brought these tokens, in milliseconds since the epoch; absent before the first one. */
  readonly renewedAt?: number;
  /** The claims of the first id_token that no later one may contradict [OpenID Connect Core 12.2]. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Kept before it is judged, so that no crash loses it. */
  readonly pending?: PendingAnswer;
  /** Whom the assertion that began the login was about: another one renews the login where no refresh token does. */
  readonly assertion?: AssertionSubject;
  /** The private key to which the tokens are bound [RFC 9449]: it is here because any process may have to use them. */
  readonly proofKey?: ProofKey;
}

/** Whether there is a way to new tokens without the user. */
export function canRenew(record: LoginRecord, now: number): boolean {
  return canRefresh(record.tokens, now) || record.assertion !== undefined || record.pending !== undefined;
}

/** Login records, sealed. */
export interface LoginRecords {
  create(record: LoginRecord): Promise<void>;
  /**
   * `undefined` when the login has ended.
   *
   * @throws StoreUnavailableError; also when the record is sealed under a key that this process lacks, as the login goes
   *   on.
   */
  read(id: string): Promise<LoginRecord | undefined>;
  /** Version and expiry alone, without opening the record. */
  peek(id: string): Promise<Pick<StoredRecord, 'version' | 'expiresAt'> | undefined>;
  /** Writes `next` in the place of `record`; its version is one higher. */
  replace(
    record: LoginRecord,
    next: Omit<LoginRecord, 'version'>,
  ): Promise<'replaced' | 'conflict' | 'missing'>;
  /**
   * Ends the login; returns the last record to one caller only. One that is sealed under a key that this process lacks is
   * removed unseen, and `undefined` returned: a logout must work, though there is nothing then to revoke tokens with.
   *
   * @param version ends it only if the record still has this version.
   */
  remove(id: string, version?: number): Promise<LoginRecord | undefined>;
}

export function createLoginRecords(store: RecordStore, sealer: Sealer, clock: Clock): LoginRecords {
  const context = (id: string, version: number) => `login ${id} ${version}`;

  const seal = ({ id, version, tokens, ...content }: LoginRecord): StoredRecord => {
    const { expiresAt } = tokens;
    const text = JSON.stringify({ ...content, tokens: packTokens(tokens) });
    return {
      version,
      ...(expiresAt !== undefined && { expiresAt }),
      sealed: sealer.seal(text, context(id, version)),
    };
  };

  const open = (id: string, stored: StoredRecord | undefined) => {
    const text = stored && sealer.open(stored.sealed, context(id, stored.version));
    if (typeof text !== 'string') return text;
    const { tokens, ...content } = JSON.parse(text);
    return { ...content, tokens: unpackTokens(tokens), id, version: stored?.version } as LoginRecord;
  };

  return {
    create: (record) => store.create(record.id, seal(record), timeToLive(record, clock.now())),
    async read(id) {
      const record = open(id, await store.read(id));
      // While keys rotate, or where this process has the wrong ones: another process can open it.
      if (record === UNKNOWN_KEY) throw unknownKey();
      return record;
    },
    peek: (id) => store.read(id),
    replace(record, content) {
      const next = { ...content, id: record.id, version: record.version + 1 };
      return store.replace(record.id, record.version, seal(next), timeToLive(next, clock.now()));
    },
    async remove(id, version) {
      const record = open(id, await store.remove(id, version));
      return record === UNKNOWN_KEY ? undefined : record;
    },
  };
}

function unknownKey(): StoreUnavailableError {
  return new StoreUnavailableError(
    'store_unavailable',
    "A login record is sealed under a key that is not among `encryptionKeys` (or oauthSession's `secret`s): give all processes the same keys, and add a new one at the end of the list first.",
    { headers: retryAfter(1000) },
  );
}

/** Until the session must end, or nothing in the record can be of use any more. */
function timeToLive(
  { endsAt, tokens: present, pending, assertion }: Omit<LoginRecord, 'version'>,
  now: number,
): number {
  // What waits to be judged is worth more than what it replaces.
  const tokens = pending ? refreshedTokens(present, pending) : present;
  const { refreshToken, expiresAt = Number.POSITIVE_INFINITY } = tokens;
  if (assertion) return Math.max(1, endsAt - now);
  const renewable = refreshToken === undefined ? 0 : (tokens.refreshExpiresAt ?? Number.POSITIVE_INFINITY);
  return Math.max(1, Math.min(endsAt, Math.max(expiresAt, renewable) + GRACE) - now);
}
