import type { IndexedLogin, LoginIndex } from '../contracts.js';
import { type Connection, isOne } from './client.js';
import { scriptsFor } from './scripts.js';

// The braces keep an index and its mark in one slot of a Redis Cluster.
const indexKey = (name: string) => `oauth:index:{${name}}`;
const markKey = (name: string) => `oauth:index:{${name}}:ended`;

/** The index of logins in Redis: one hash per user, and one per session at the provider. */
export function createRedisIndex({ client, run }: Connection): LoginIndex {
  const scripts = scriptsFor(client);
  return {
    async add(name, login, { here, provider = '' }, limit) {
      const keys = [indexKey(name), markKey(name)];
      const added = await run(() =>
        scripts.oauthAddLogin(...keys, login.id, encode(login), limit, Date.now(), here, provider),
      );
      return isOne(added);
    },
    async list(name) {
      return decode(Object.entries(await run(() => client.hgetall(indexKey(name)))));
    },
    async end(name, { here, provider = '' }, ttl) {
      const keys = [indexKey(name), markKey(name)];
      const entries = await run(() => scripts.oauthEndLogins(...keys, here, provider, Math.ceil(ttl)));
      return decode(pairs(entries as string[]));
    },
    async remove(name, id) {
      await run(() => client.hdel(indexKey(name), id));
    },
  };
}

/** Moments in base 36: an entry of 64 characters or less takes half the room in Redis. */
const BASE = 36;

/** The end comes first, where a script can see it without parsing; the session last, as its id may be anything. */
function encode({ provider, session, subject = '', loggedInAt, endsAt }: IndexedLogin): string {
  const moments = [Math.ceil(endsAt), loggedInAt].map((moment) => moment.toString(BASE));
  return [...moments, provider, subject, session].join(':');
}

/** What a script gives of a hash: fields and values in turn. */
function pairs(flat: readonly string[]): [field: string, value: string][] {
  return flat.flatMap((field, at) => (at % 2 === 0 ? [[field, flat[at + 1] ?? '']] : []));
}

/** The fields of the hash are the ids of the logins. */
function decode(entries: readonly (readonly [id: string, entry: string])[]): IndexedLogin[] {
  const logins = entries.map(([id, entry]) => {
    const [endsAt = '', loggedInAt = '', provider = '', subject = '', ...session] = entry.split(':');
    return {
      id,
      provider,
      session: session.join(':'),
      ...(subject !== '' && { subject }),
      loggedInAt: Number.parseInt(loggedInAt, BASE),
      endsAt: Number.parseInt(endsAt, BASE),
    };
  });
  return logins.filter(({ endsAt }) => endsAt > Date.now());
}
