import { randomBytes } from 'node:crypto';
import { STORE_PATIENCE } from '../../limits.js';
import type { Backoff, StoredRecord, Stores } from '../contracts.js';
import { type Connection, isOne } from './client.js';
import { createRedisIndex } from './login-index.js';
import { scriptsFor } from './scripts.js';

// The braces make all keys of one login, or of one browser, hash to one slot of a Redis Cluster.
const recordKey = (id: string) => `oauth:login:{${id}}`;
const lockKey = (id: string) => `oauth:login:{${id}}:lock`;
const backoffKey = (id: string) => `oauth:login:{${id}}:backoff`;
const revocationsKey = (queue: string) => `oauth:{revocations}:${queue}`;
const revocationKey = (queue: string, id: string) => `oauth:{revocations}:${queue}:${id}`;
const indexKey = (browser: string) => `oauth:browser:{${browser}}`;
const transactionKey = (browser: string, id: string) => `oauth:browser:{${browser}}:open:${id}`;
const replayKey = (id: string) => `oauth:used:${id}`;
const endingKey = (id: string) => `oauth:ended:${id}`;
const keptKey = (browser: string, id: string) => `oauth:browser:{${browser}}:kept:${id}`;

/**
 * Milliseconds for which the key of a lock outlives its lease, so that it can be seen whether the lease was given back
 * or has run out: as long as a holder that cannot reach Redis keeps trying to store what it got.
 */
const OUTLIVES_LEASE = STORE_PATIENCE;
/**
 * Milliseconds for which the holder of a lease that ran out can still renew it, once another one wants it. It may have
 * run out while Redis could not be used, with new tokens waiting to be written: as long as a holder may take to
 * reconnect.
 */
const LAST_CHANCE = 1000;

/** Login records and all that belongs to logins, in Redis ≥ 6.2 or Valkey. */
export function createRedisStores(connection: Connection): Stores {
  const { client, run } = connection;
  const scripts = scriptsFor(client);
  return {
    records: {
      async create(id, record, ttl) {
        await run(() => client.set(recordKey(id), encode(record), 'PX', whole(ttl)));
      },
      async read(id) {
        return decode(await run(() => client.getBuffer(recordKey(id))));
      },
      async replace(id, version, record, ttl) {
        const outcome = await run(() =>
          scripts.oauthReplaceRecord(recordKey(id), backoffKey(id), version, encode(record), whole(ttl)),
        );
        return outcome as 'replaced' | 'conflict' | 'missing';
      },
      async remove(id, version) {
        const removed = await run(() =>
          scripts.oauthRemoveRecordBuffer(recordKey(id), lockKey(id), backoffKey(id), version ?? ''),
        );
        return decode(removed as Buffer | null);
      },
    },
    transactions: {
      async open(browser, id, value, ttl, limit) {
        await run(() =>
          scripts.oauthOpenTransaction(
            indexKey(browser),
            transactionKey(browser, id),
            id,
            Buffer.from(value),
            whole(ttl),
            limit,
            Date.now(),
          ),
        );
      },
      async consume(browser, id) {
        const value = await run(() =>
          scripts.oauthConsumeTransactionBuffer(indexKey(browser), transactionKey(browser, id), id),
        );
        return (value as Buffer | null) ?? undefined;
      },
      async remember(browser, id, value, ttl) {
        await run(() => client.set(keptKey(browser, id), Buffer.from(value), 'PX', whole(ttl)));
      },
      async recall(browser, id) {
        return (await run(() => client.getBuffer(keptKey(browser, id)))) ?? undefined;
      },
    },
    locks: {
      async acquire(id, owner, lease) {
        const acquired = await run(() =>
          scripts.oauthAcquireLock(lockKey(id), owner, whole(lease), OUTLIVES_LEASE, LAST_CHANCE),
        );
        return isOne(acquired);
      },
      async extend(id, owner, lease) {
        const extended = await run(() =>
          scripts.oauthExtendLock(lockKey(id), recordKey(id), owner, whole(lease), OUTLIVES_LEASE),
        );
        return isOne(extended);
      },
      async release(id, owner) {
        await run(() => scripts.oauthReleaseLock(lockKey(id), owner));
      },
    },
    backoff: {
      async readBackoff(id) {
        const text = await run(() => client.get(backoffKey(id)));
        if (text === null) return undefined;
        const [attempt, until, reason] = text.split(':');
        return { attempt: Number(attempt), until: Number(until), reason: reason as Backoff['reason'] };
      },
      async setBackoff(id, { attempt, until, reason }, ttl) {
        await run(() => client.set(backoffKey(id), `${attempt}:${until}:${reason}`, 'PX', whole(ttl)));
      },
    },
    revocations: {
      async keep(queue, id, sealed, dueAt, ttl) {
        await run(() =>
          scripts.oauthKeepRevocation(
            revocationsKey(queue),
            revocationKey(queue, id),
            id,
            Buffer.from(sealed),
            Math.ceil(dueAt),
            whole(ttl),
          ),
        );
      },
      async claim(queue, now, heldUntil, limit) {
        const due = await run(() =>
          scripts.oauthClaimRevocations(revocationsKey(queue), Math.floor(now), Math.ceil(heldUntil), limit),
        );
        const claimed = await Promise.all(
          (due as string[]).map(async (id) => {
            const sealed = await run(() => client.getBuffer(revocationKey(queue, id)));
            if (sealed) return { id, sealed };
            // Its time is over.
            await run(() => client.zrem(revocationsKey(queue), id));
            return undefined;
          }),
        );
        return claimed.filter((one) => one !== undefined);
      },
      async drop(queue, id) {
        await Promise.all([
          run(() => client.del(revocationKey(queue, id))),
          run(() => client.zrem(revocationsKey(queue), id)),
        ]);
      },
    },
    // Writes: a replica, full memory or missing rights let reads pass. Another key each time, for each node of a Cluster.
    async probe() {
      // Whoever asks wants to know now, and not to wait for a connection that may come.
      const trouble = connection.trouble();
      if (trouble) throw trouble;
      await run(() => client.set(`oauth:probe:${randomBytes(6).toString('base64url')}`, '', 'PX', 1000));
    },
    index: createRedisIndex(connection),
    endings: {
      async settle(id, ending, ttl) {
        return (await run(() => scripts.oauthSettle(endingKey(id), ending, whole(ttl)))) as string;
      },
      async find(id) {
        return (await run(() => client.get(endingKey(id)))) ?? undefined;
      },
    },
    replays: {
      async isUsed(id) {
        return isOne(await run(() => client.exists(replayKey(id))));
      },
      async use(id, ttl) {
        return (await run(() => client.set(replayKey(id), '', 'PX', whole(ttl), 'NX'))) === 'OK';
      },
    },
  };
}

/** Redis takes whole milliseconds, and at least one. */
function whole(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds));
}

/** `version:expiresAt:sealed`, the first two in the clear: compare-and-set and the guards need no key for them. */
function encode({ version, expiresAt, sealed }: StoredRecord): Buffer {
  return Buffer.concat([Buffer.from(`${version}:${expiresAt ?? ''}:`), sealed]);
}

function decode(value: Buffer | null): StoredRecord | undefined {
  if (value === null) return undefined;
  const first = value.indexOf(0x3a);
  const second = value.indexOf(0x3a, first + 1);
  const expiresAt = value.toString('latin1', first + 1, second);
  return {
    version: Number(value.toString('latin1', 0, first)),
    ...(expiresAt !== '' && { expiresAt: Number(expiresAt) }),
    sealed: value.subarray(second + 1),
  };
}
