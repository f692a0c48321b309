/** A defence, how to switch it off by an edit of the source, and the row of the table that must fail then. */
export interface Defence {
  readonly name: string;
  readonly file: string;
  /** What must be there, exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The case that is run. */
  readonly row: string;
  /** What a row that fails is called, in part. */
  readonly failing: RegExp;
}

export const defences: readonly Defence[] = [
  {
    name: 'the Redis lock',
    file: 'src/stores/redis/scripts.ts',
    find: "'PX', ARGV[2] + ARGV[3], 'NX') then return 1 end",
    replace: "'PX', ARGV[2] + ARGV[3]) then return 1 end",
    row: 'parallel',
    failing: /expired token/,
  },
  {
    name: 'one refresh per login in each process, keyed by the login',
    file: 'src/tokens/token-source.ts',
    find: 'const running = inFlight.get(id);',
    replace: 'const running = [...inFlight.values()][0];',
    row: 'users',
    failing: /users × /,
  },
  {
    name: 'reading again under the lock',
    file: 'src/tokens/refresh.ts',
    find: 'if (isNewer(current, seen)) return current;',
    replace: '',
    row: 'interleavings',
    failing: /a lock that comes after/,
  },
  {
    name: 'compare-and-set',
    file: 'src/stores/redis/scripts.ts',
    find: "if string.match(current, '^(%d+):') ~= ARGV[1] then return 'conflict' end",
    replace: '',
    row: 'interleavings',
    failing: /a write that comes after/,
  },
  {
    name: 'removal of the version that was read',
    file: 'src/stores/redis/scripts.ts',
    find: "if ARGV[1] ~= '' and record and string.match(record, '^(%d+):') ~= ARGV[1] then return nil end",
    replace: '',
    row: 'interleavings',
    failing: /a removal that comes after/,
  },
  {
    name: 'revocation of what comes after a logout',
    file: 'src/tokens/exchange.ts',
    find: `await deps.revoke(record, answer);
      throw ended();`,
    replace: 'throw ended();',
    row: 'interleavings',
    failing: /that comes after a logout/,
  },
  {
    name: 'writing again what could not be written',
    file: 'src/tokens/exchange.ts',
    find: 'if (!(error instanceof StoreUnavailableError) || clock.now() > giveUpAt) throw error;',
    replace: 'throw error;',
    row: 'interleavings',
    failing: /a write that does not arrive/,
  },
  {
    name: 'giving a lock back whose command was given up',
    file: 'src/tokens/refresh.ts',
    find: 'giveBack(deps, id, owner, 2);',
    replace: '',
    row: 'interleavings',
    failing: /a lock that was given/,
  },
  {
    name: 'renewal of the lease',
    file: 'src/tokens/refresh.ts',
    find: 'locks.extend(id, owner, LEASE).catch(() => {});',
    replace: '',
    row: 'parallel',
    failing: /5 s\)/,
  },
  {
    name: 'a lease that ends while providers still forgive',
    file: 'src/tokens/refresh.ts',
    find: 'export const LEASE = 3000;',
    replace: 'export const LEASE = 20_000;',
    row: 'kill-holder',
    failing: /lock's holder/,
  },
  {
    name: 'storing an answer before it is judged',
    file: 'src/tokens/exchange.ts',
    find: `const pending = await write(deps, record, { ...record, pending: answer }, answer);
    return pending.pending ? acceptPending(deps, client, pending, pending.pending) : pending;`,
    replace: 'return acceptPending(deps, client, record, answer);',
    row: 'kill-steps',
    failing: /while the id_token is judged × \d+, grace 0 s/,
  },
  {
    name: 'asking once more when an answer was lost',
    file: 'src/tokens/exchange.ts',
    find: 'if (isOAuthLoginError(error) && error.outcomeUnknown) return ask();',
    replace: '',
    row: 'provider-outages',
    failing: /cut after the first request, expired token/,
  },
  {
    name: 'pauses between attempts, shared by all processes',
    file: 'src/tokens/exchange.ts',
    find: 'await backoff.setBackoff(record.id, { attempt, until: clock.now() + delay, reason }, delay + 60_000);',
    replace: 'void attempt; void delay; void reason;',
    row: 'provider-outages',
    failing: /^provider 500$/,
  },
  {
    name: 'only invalid_grant ends a login',
    file: 'src/tokens/exchange.ts',
    find: "if (error instanceof ProviderRejectedError && error.code === 'invalid_grant') {",
    replace: 'if (error instanceof Error) {',
    row: 'provider-outages',
    failing: /^provider 500$/,
  },
  {
    name: 'a save never revives a session',
    file: 'src/stores/redis/scripts.ts',
    find: 'if not current then return nil end',
    replace: "if not current then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3]) return 'saved' end",
    row: 'slow-writer',
    failing: /against logout × \d+, oauthSession/,
  },
  {
    name: 'a save takes nothing back of what happened to the logins',
    file: 'src/stores/redis/scripts.ts',
    find: 'if rev ~= ARGV[2] then return current end',
    replace: '',
    row: 'slow-writer',
    failing: /against the end of one login × \d+, oauthSession/,
  },
  {
    name: 'the record has the last word over a foreign session store',
    file: 'src/express/guards.ts',
    find: 'const login = logins.trustsSession(provider) ? inSession : await logins.verify(provider, inSession);',
    replace: 'const login = inSession;',
    row: 'slow-writer',
    failing: /express-session/,
  },
  {
    name: 'the deadline of store commands',
    file: 'src/stores/redis/client.ts',
    find: '}, deadline * 1000);',
    replace: '}, 2 ** 31 - 1);',
    row: 'redis-outages',
    failing: /Redis frozen/,
  },
  {
    name: 'an outage of Redis is not a logout',
    file: 'src/express/session-store.ts',
    find: 'SessionText.of(await this.host.backend.read(sid));\n    if (!found ||',
    replace: 'SessionText.of(await this.host.backend.read(sid).catch(() => undefined));\n    if (!found ||',
    row: 'redis-outages',
    failing: /Redis refused/,
  },
];
