import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { alone } from './client.js';

/** Each script touches the keys of one login, browser, session or index only: one slot of a Redis Cluster. */
const scripts = {
  /** Replaces a record of a known version. KEYS: record, backoff. ARGV: version, record, ttl. */
  oauthReplaceRecord: {
    numberOfKeys: 2,
    lua: `
local current = redis.call('GET', KEYS[1])
if not current then return 'missing' end
if string.match(current, '^(%d+):') ~= ARGV[1] then return 'conflict' end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 'replaced'`,
  },
  /** Removes a record with all that belongs to its login. KEYS: record, lock, backoff. ARGV: version, or nothing. */
  oauthRemoveRecord: {
    numberOfKeys: 3,
    lua: `
local record = redis.call('GET', KEYS[1])
if ARGV[1] ~= '' and record and string.match(record, '^(%d+):') ~= ARGV[1] then return nil end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
return record`,
  },
  /**
   * KEYS: index, transaction. ARGV: id, value, ttl, limit, now. The newest has the highest score, even among those of
   * one millisecond. What comes before the id in a transaction's key depends on the client's key prefix.
   */
  oauthOpenTransaction: {
    numberOfKeys: 2,
    lua: `
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[5] - ARGV[3])
local newest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('ZADD', KEYS[1], math.max(ARGV[5], (newest or 0) + 1), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local surplus = redis.call('ZCARD', KEYS[1]) - ARGV[4]
if surplus > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[1], surplus)
  local prefix = string.sub(KEYS[2], 1, -1 - #ARGV[1])
  for i = 1, #oldest, 2 do redis.call('DEL', prefix .. oldest[i]) end
end`,
  },
  /** KEYS: index, transaction. ARGV: id. */
  oauthConsumeTransaction: {
    numberOfKeys: 2,
    lua: `
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('GETDEL', KEYS[2])`,
  },
  /**
   * KEYS: lock. ARGV: owner, lease, for how long its key outlives it, the last chance of its holder. A lease that ran
   * out is not taken at once: from the first attempt on, its holder has a moment to be heard.
   */
  oauthAcquireLock: {
    numberOfKeys: 1,
    lua: `
if redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2] + ARGV[3], 'NX') then return 1 end
local left = redis.call('PTTL', KEYS[1])
if left <= tonumber(ARGV[3]) and left > tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 0`,
  },
  /** KEYS: lock, record. ARGV: owner, lease, for how long its key outlives it. */
  oauthExtendLock: {
    numberOfKeys: 2,
    lua: `
local holder = redis.call('GET', KEYS[1])
local free = not holder and redis.call('EXISTS', KEYS[2]) == 1
if holder ~= ARGV[1] and not free then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2] + ARGV[3])
return 1`,
  },
  /** KEYS: lock. ARGV: owner. */
  oauthReleaseLock: {
    numberOfKeys: 1,
    lua: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
  },
  /**
   * KEYS: index, its mark. ARGV: id, login, limit, now, began here, began at the provider (or empty). A login in the
   * index begins with the time of its end, and the key lives as long as the last of them.
   */
  oauthAddLogin: {
    numberOfKeys: 2,
    lua: `
local ended = redis.call('HMGET', KEYS[2], 'here', 'provider')
for i = 1, 2 do
  local began = tonumber(ARGV[4 + i])
  if ended[i] and began and began <= tonumber(ended[i]) then return 0 end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local all = redis.call('HGETALL', KEYS[1])
local alive = {}
for i = 1, #all, 2 do
  local moment = string.match(all[i + 1], '^(%w+):')
  local endsAt = tonumber(string.sub(moment, 1, -5), 36) * 1679616 + tonumber(string.sub(moment, -4), 36)
  if endsAt > tonumber(ARGV[4]) then alive[#alive + 1] = { endsAt, all[i] }
  else redis.call('HDEL', KEYS[1], all[i]) end
end
if #alive == 0 then return 1 end
table.sort(alive, function(a, b) return a[1] < b[1] end)
for i = 1, #alive - ARGV[3] do redis.call('HDEL', KEYS[1], alive[i][2]) end
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', alive[#alive][1]))
return 1`,
  },
  /** KEYS: index, its mark. ARGV: ended here, ended at the provider (or empty), ttl. */
  oauthEndLogins: {
    numberOfKeys: 2,
    lua: `
for i, clock in ipairs({ 'here', 'provider' }) do
  local at = tonumber(ARGV[i])
  local known = tonumber(redis.call('HGET', KEYS[2], clock) or '')
  if at and not (known and known >= at) then redis.call('HSET', KEYS[2], clock, ARGV[i]) end
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return redis.call('HGETALL', KEYS[1])`,
  },
  /** KEYS: index, revocation. ARGV: id, value, due, ttl. The index lives as long as the last revocation in it. */
  oauthKeepRevocation: {
    numberOfKeys: 2,
    lua: `
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end`,
  },
  /** KEYS: index. ARGV: now, held until, limit. Those that were claimed and whose process died are due again then. */
  oauthClaimRevocations: {
    numberOfKeys: 1,
    lua: `
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, id in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[2], id) end
return due`,
  },
  /** What is said first counts. KEYS: ending. ARGV: what is said, ttl. */
  oauthSettle: {
    numberOfKeys: 1,
    lua: `
if redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then return ARGV[1] end
return redis.call('GET', KEYS[1])`,
  },
  /** Saves a session that still exists and whose logins nobody changed. KEYS: session. ARGV: text, rev, ttl. */
  oauthSaveSession: {
    numberOfKeys: 1,
    lua: `
local current = redis.call('GET', KEYS[1])
if not current then return nil end
local rev = string.match(current, '^{"oauth":{"rev":"([%w_-]+)"') or ''
if rev ~= ARGV[2] then return current end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 'saved'`,
  },
  /** KEYS: session. ARGV: before, after. */
  oauthSwapSession: {
    numberOfKeys: 1,
    lua: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1`,
  },
} as const;

type Argument = string | number | Buffer;

type Run = (...keysAndArguments: Argument[]) => Promise<unknown>;

/** Our scripts as methods; those whose names end with `Buffer` leave the answer in bytes. */
export type Scripts = {
  [name in keyof typeof scripts as name | `${name}Buffer`]: Run;
};

/**
 * Runs our scripts by their hash, and in full where the server does not have them yet. Not by ioredis' `defineCommand`:
 * it copies each command so defined into every pipeline, and auto-pipelining makes one for each tick.
 */
export function scriptsFor(client: Redis): Scripts {
  // The types of ioredis do not know those that answer in bytes.
  const redis = client as unknown as Record<`eval${'' | 'sha'}${'' | 'Buffer'}`, Run>;
  const methods = Object.entries(scripts).flatMap(([name, { lua, numberOfKeys }]) => {
    const sha = createHash('sha1').update(lua).digest('hex');
    const run =
      (encoding: '' | 'Buffer'): Run =>
      (...args) =>
        redis[`evalsha${encoding}`](sha, numberOfKeys, ...args).catch((error: unknown) => {
          if (!isUnknownScript(error)) throw error;
          // The first was perhaps alone since its slot had moved, to a node that sees the script for the first time.
          return alone(client, () => (redis[`eval${encoding}`] as Run)(lua, numberOfKeys, ...args));
        });
    return [[name, run('')] as const, [`${name}Buffer`, run('Buffer')] as const];
  });
  return Object.fromEntries(methods) as Scripts;
}

/** Redis' error codes are the first word of a message. */
function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
