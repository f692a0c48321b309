import type { Clock } from '../clock.js';
import type { IndexedLogin, LoginIndex, Moment } from './contracts.js';
import { ExpiringMap } from './expiring-map.js';

/** The index of logins in the memory of this process. */
export function createMemoryIndex(clock: Clock): LoginIndex {
  const byName = new ExpiringMap<readonly IndexedLogin[]>(clock);
  const marks = new ExpiringMap<Moment>(clock);
  const alive = (name: string) => (byName.get(name) ?? []).filter(({ endsAt }) => endsAt > clock.now());
  const keep = (name: string, logins: readonly IndexedLogin[]) => {
    const last = Math.max(...logins.map(({ endsAt }) => endsAt));
    if (last > clock.now()) byName.set(name, logins, last - clock.now());
    else byName.take(name);
  };
  return {
    async add(name, login, began, limit) {
      if (isOver(began, marks.get(name))) return false;
      const logins = [...alive(name).filter(({ id }) => id !== login.id), login];
      logins.sort((one, other) => one.endsAt - other.endsAt);
      keep(name, logins.slice(-limit));
      return true;
    },
    list: async (name) => alive(name),
    async end(name, at, ttl) {
      marks.set(name, later(at, marks.get(name)), ttl);
      return alive(name);
    },
    async remove(name, id) {
      keep(
        name,
        alive(name).filter((login) => login.id !== id),
      );
    },
  };
}

function isOver(began: Moment, ended: Moment | undefined): boolean {
  if (!ended) return false;
  return (
    began.here <= ended.here ||
    (began.provider !== undefined && ended.provider !== undefined && began.provider <= ended.provider)
  );
}

function later(one: Moment, other: Moment = one): Moment {
  const provider = [one.provider, other.provider].filter((at) => at !== undefined);
  return {
    here: Math.max(one.here, other.here),
    ...(provider.length > 0 && { provider: Math.max(...provider) }),
  };
}
