/**
 * What logins cost in Redis' memory: `npx tsx bench/redis-memory.ts [logins]`. Starts a `redis-server` of its own, keeps
 * so many logins in it by the library's own stores, and reads `INFO memory` before and after.
 */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { systemClock } from '../src/clock.js';
import { serialize } from '../src/express/session-text.js';
import { addToIndex, type KnownLogin } from '../src/logout/login-names.js';
import { connect } from '../src/stores/redis/client.js';
import { createRedisSessions } from '../src/stores/redis/sessions.js';
import { createRedisStores } from '../src/stores/redis/stores.js';
import { createSealer } from '../src/stores/sealing.js';
import { createLoginRecords, type LoginRecord } from '../src/tokens/login-record.js';
import { startRedis } from '../test/support/redis-server.js';

const count = Number(process.argv[2] ?? 100_000);
const DAY = 86_400_000;
/** Logins that are stored at the same time. */
const BATCH = 500;

const random = (length: number) => randomBytes(length).toString('base64url').slice(0, length);

/** A signed JWT of so many characters: what a provider says about the user, and a signature that nothing compresses. */
function jwt(length: number, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = part({ alg: 'RS256', typ: 'JWT', kid: 'JC9wxzrhqJ0gtaCEt2QLUfevEUIwltFh' });
  const signature = random(342);
  const rest = length - head.length - signature.length - 2;
  const padding = Math.ceil((rest * 3) / 4) - JSON.stringify({ ...claims, permissions: '' }).length;
  return `${head}.${part({ ...claims, permissions: random(padding) })}.${signature}`.slice(0, length);
}

interface NewLogin {
  readonly record: LoginRecord;
  readonly login: KnownLogin;
  readonly session: string;
  readonly sid: string;
}

function newLogin(n: number): NewLogin {
  const now = Date.now();
  const sub = `1${String(n).padStart(15, '0')}`;
  const id = random(32);
  const claims = {
    iss: 'https://oauth.example.com',
    aud: '4567890123456789012',
    sub,
    iat: now,
    exp: now + DAY,
  };
  const accessToken = jwt(1200, { ...claims, scope: 'openid profile /acs/ccc', jti: random(22) });
  const idToken = jwt(1000, { ...claims, name: `user ${n}`, email: `user${n}@example.com` });
  const refreshToken = random(64);
  const scope = ['openid', 'profile', '/acs/ccc'];
  const raw = {
    access_token: accessToken,
    refresh_token: refreshToken,
    id_token: idToken,
    token_type: 'Bearer',
    expires_in: '3600',
    scope: scope.join(' '),
  };
  const expiresAt = now + 3_600_000;
  const tokens = { accessToken, tokenType: 'Bearer', expiresAt, refreshToken, idToken, scope, raw };
  const record = { id, version: 1, provider: 'aliyun', sub, endsAt: now + 14 * DAY, tokens, claims };
  const user = { provider: 'aliyun', sub, name: `user ${n}`, email: `user${n}@example.com`, claims };
  const login = { id, sub, user, scope, expiresAt, loggedInAt: now, issuer: claims.iss };
  const cookie = {
    originalMaxAge: null,
    expires: null,
    secure: true,
    httpOnly: true,
    path: '/',
    sameSite: 'lax' as const,
  };
  return {
    record,
    login,
    session: serialize({ rev: random(12), since: now }, { oauth: { logins: { aliyun: login } }, cookie })
      .text,
    sid: random(32),
  };
}

const server = await startRedis({ own: true });
const admin = new Redis(server.url);
const connection = connect(server.url, 30);
const stores = createRedisStores(connection);
const records = createLoginRecords(stores.records, createSealer([random(43)]), systemClock);
const sessions = createRedisSessions(connection, { prefix: 'sess:', idleTimeout: DAY });

/** What a login leaves in Redis for good. */
async function keep({ record, login, session, sid }: NewLogin): Promise<void> {
  const where = { session: sid, endsAt: record.endsAt };
  await Promise.all([
    records.create(record),
    sessions.create(sid, session),
    addToIndex(stores.index, record.provider, login, where),
  ]);
}

const info = async (section: string, name: string) =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(await admin.info(section))?.[1] ?? '';
const used = async () => Number(await info('memory', 'used_memory'));

await records.read('warm up');
const before = await used();
for (let n = 0; n < count; n += BATCH) {
  const logins = Array.from({ length: Math.min(BATCH, count - n) }, (_, index) => newLogin(n + index));
  await Promise.all(logins.map(keep));
}
const after = await used();

const sample = newLogin(count);
await keep(sample);
const each = (bytes: number) => `${Math.round(bytes)} bytes`;
const recordKey = `oauth:login:{${sample.record.id}}`;
const sessionKey = `sess:${sample.sid}`;
console.log(`Redis ${await info('server', 'redis_version')}, ${await info('memory', 'mem_allocator')}`);
console.log(`${count} logins, ${await admin.dbsize()} keys`);
console.log(
  `session: ${each(await admin.strlen(sessionKey))}, with its key ${each((await admin.memory('USAGE', sessionKey)) ?? 0)}`,
);
console.log(
  `login record: ${each(await admin.strlen(recordKey))}, with its key ${each((await admin.memory('USAGE', recordKey)) ?? 0)}`,
);
console.log(
  `used_memory: ${(before / 2 ** 20).toFixed(1)} MiB before, ${(after / 2 ** 20).toFixed(1)} MiB after`,
);
console.log(
  `one login: ${each((after - before) / count)}; a million: ${((after - before) / count / 1000).toFixed(2)} GB`,
);
admin.disconnect();
connection.client.disconnect();
await server.stop();
