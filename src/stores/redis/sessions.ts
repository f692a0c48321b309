import { RedisStore } from 'connect-redis';
import type { Cluster, Redis } from 'ioredis';
import type { SessionBackend } from '../contracts.js';
import type { Connection } from './client.js';
import { scriptsFor } from './scripts.js';

/**
 * Sessions in Redis under the keys that connect-redis uses, read and kept alive by one `GETEX`. connect-redis itself
 * lists them; its reading and saving are replaced, since a whole session written at the end of a slow request would
 * undo a refresh or a logout that happened meanwhile.
 *
 * @param options.idleTimeout milliseconds without a request after which a session ends.
 */
export function createRedisSessions(
  { client, run }: Connection,
  options: { prefix: string; idleTimeout: number },
): SessionBackend {
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
      if (outcome === 1) return 'saved';
      return outcome === 0 ? 'gone' : { current: outcome as string };
    },
    async swap(sid, before, after) {
      return (await run(() => scripts.oauthSwapSession(key(sid), before, after))) === 1;
    },
    async take(sid) {
      return (await run(() => client.getdel(key(sid)))) ?? undefined;
    },
    ids: () => run(() => listIds(client, options.prefix)),
  };
}

/** A scan goes to one server, and knows nothing of the client's key prefix. */
async function listIds(client: Redis | Cluster, prefix: string): Promise<string[]> {
  const masters = 'nodes' in client ? client.nodes('master') : [client];
  const fullPrefix = (client.options.keyPrefix ?? '') + prefix;
  const stores = masters.map((master) => new RedisStore({ client: master, prefix: fullPrefix }));
  return (await Promise.all(stores.map(async (store) => (await store.ids()) as string[]))).flat();
}
