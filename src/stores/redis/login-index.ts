import type { IndexedLogin, LoginIndex } from '../contracts.js';
import type { Connection } from './client.js';
import { defineScripts } from './scripts.js';

// The braces keep an index and its mark in one slot of a Redis Cluster.
const indexKey = (name: string) => `oauth:index:{${name}}`;
const markKey = (name: string) => `oauth:index:{${name}}:ended`;

/** The index of logins in Redis: one hash per user, and one per session at the provider. */
export function createRedisIndex({ client, run }: Connection): LoginIndex {
  const scripted = defineScripts(client);
  return {
    async add(name, login, { here, provider = '' }, limit) {
      const keys = [indexKey(name), markKey(name)];
      const added = await run(() =>
        scripted.oauthAddLogin(...keys, login.id, encode(login), limit, Date.now(), here, provider),
      );
      return added === 1;
    },
    async list(name) {
      return decode(await run(() => client.hgetall(indexKey(name))).then(Object.values));
    },
    async end(name, { here, provider = '' }, ttl) {
      const keys = [indexKey(name), markKey(name)];
      const entries = await run(() => scripted.oauthEndLogins(...keys, here, provider, Math.ceil(ttl)));
      return decode(entries as string[]);
    },
    async remove(name, id) {
      await run(() => client.hdel(indexKey(name), id));
    },
  };
}

/** The end comes first, where a script can see it without parsing; the session last, as its id may be anything. */
function encode({ id, provider, session, subject, loggedInAt, endsAt }: IndexedLogin): string {
  return [Math.ceil(endsAt), id, loggedInAt, provider, subject, session].join(':');
}

function decode(entries: readonly string[]): IndexedLogin[] {
  const logins = entries.map((entry) => {
    const [endsAt, id = '', loggedInAt, provider = '', subject = '', ...session] = entry.split(':');
    return {
      id,
      provider,
      session: session.join(':'),
      subject,
      loggedInAt: Number(loggedInAt),
      endsAt: Number(endsAt),
    };
  });
  return logins.filter(({ endsAt }) => endsAt > Date.now());
}
