import type { Cluster, Redis } from 'ioredis';
import type { SessionBackend } from '../contracts.js';
import { type Connection, isOne } from './client.js';
import { scriptsFor } from './scripts.js';

/** Keys that Redis looks at in one step of a scan. */
const STEP = 1000;

/**
 * Sessions in Redis under the keys that connect-redis uses, read and kept alive by one `GETEX`. They are not saved as
 * connect-redis does it, since a whole session written at the end of a slow request would undo a refresh or a logout
 * that happened meanwhile.
 *
 * @param options.idleTimeout milliseconds without a request after which a session ends.
 */
export function createRedisSessions(
  connection: Connection,
  options: { prefix: string; idleTimeout: number },
): SessionBackend {
  const { client, run } = connection;
  const scripts = scriptsFor(client);
  const ttl = Math.ceil(options.idleTimeout);
  const key = (sid: string) => options.prefix + sid;
  return {
    async read(sid) {
      return (await run(() => client.getex(key(sid), 'PX', ttl))) ?? undefined;
    },
    async peek(sid) {
      return (await run(() => client.get(key(sid)))) ?? undefined;
    },
    async create(sid, text) {
      await run(() => client.set(key(sid), text, 'PX', ttl));
    },
    async save(sid, text, rev) {
      const outcome = await run(() => scripts.oauthSaveSession(key(sid), text, rev, ttl));
      if (outcome === null) return 'gone';
      return outcome === 'saved' ? outcome : { current: outcome as string };
    },
    async swap(sid, before, after) {
      return isOne(await run(() => scripts.oauthSwapSession(key(sid), before, after)));
    },
    async take(sid) {
      return (await run(() => client.getdel(key(sid)))) ?? undefined;
    },
    ids: () => listIds(connection, options.prefix),
  };
}

/**
 * A scan goes to one server, knows nothing of the client's key prefix, and may come by a key twice. Each step is a command
 * of its own, with a deadline of its own.
 */
async function listIds({ client, run }: Connection, prefix: string): Promise<string[]> {
  const start = (client.options.keyPrefix ?? '') + prefix;
  const pattern = `${start.replace(/[\\*?[\]^-]/g, '\\$&')}*`;
  const ids = new Set<string>();
  const list = async (master: Redis) => {
    let cursor = '0';
    do {
      const [next, keys] = await run(() => master.scan(cursor, 'MATCH', pattern, 'COUNT', STEP));
      for (const key of keys) ids.add(key.slice(start.length));
      cursor = next;
    } while (cursor !== '0');
  };
  await Promise.all(mastersOf(client).map(list));
  return [...ids];
}

function mastersOf(client: Redis | Cluster): readonly Redis[] {
  return 'nodes' in client ? client.nodes('master') : [client];
}
