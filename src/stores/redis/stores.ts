import type { Backoff, StoredRecord, Stores } from '../contracts.js';
import type { Connection } from './client.js';
import { defineScripts } from './scripts.js';

// The braces make all keys of one login, or of one browser, hash to one slot of a Redis Cluster.
const recordKey = (id: string) => `oauth:login:{${id}}`;
const lockKey = (id: string) => `oauth:login:{${id}}:lock`;
const backoffKey = (id: string) => `oauth:login:{${id}}:backoff`;
const indexKey = (browser: string) => `oauth:browser:{${browser}}`;
const transactionKey = (browser: string, id: string) => `oauth:browser:{${browser}}:open:${id}`;
const keptKey = (browser: string, id: string) => `oauth:browser:{${browser}}:kept:${id}`;

/** Login records, transactions, locks and backoff in Redis ≥ 6.2 or Valkey. */
export function createRedisStores({ client, run, isJustBack }: Connection): Stores {
  const scripted = defineScripts(client);
  return {
    records: {
      async create(id, record, ttl) {
        await run(() => client.set(recordKey(id), encode(record), 'PX', whole(ttl)));
      },
      async read(id) {
        return decode(await run(() => client.getBuffer(recordKey(id)), recordKey(id)));
      },
      async replace(id, version, record, ttl) {
        const outcome = await run(
          () => scripted.oauthReplaceRecord(recordKey(id), version, encode(record), whole(ttl)),
          recordKey(id),
        );
        return outcome as 'replaced' | 'conflict' | 'missing';
      },
      async remove(id) {
        const removed = await run(() =>
          scripted.oauthRemoveRecordBuffer(recordKey(id), lockKey(id), backoffKey(id)),
        );
        return decode(removed as Buffer | null);
      },
    },
    transactions: {
      async open(browser, id, value, ttl, limit) {
        await run(() =>
          scripted.oauthOpenTransaction(
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
          scripted.oauthConsumeTransactionBuffer(indexKey(browser), transactionKey(browser, id), id),
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
        const key = lockKey(id);
        if (isJustBack(key)) {
          // Asks all the same: the first answer after an outage is what ends it.
          await run(() => client.get(key), key);
          return false;
        }
        return (await run(() => client.set(key, owner, 'PX', whole(lease), 'NX'), key)) === 'OK';
      },
      async extend(id, owner, lease) {
        return (await run(() => scripted.oauthExtendLock(lockKey(id), owner, whole(lease)))) === 1;
      },
      async release(id, owner) {
        await run(() => scripted.oauthReleaseLock(lockKey(id), owner));
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
      async clearBackoff(id) {
        await run(() => client.del(backoffKey(id)));
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
