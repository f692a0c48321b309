import type { HeldSessions } from '../logout/revoke-sessions.js';
import { ATTEMPTS, busy, newRev, type SessionHost } from './session-store.js';
import { SessionText, serialize } from './session-text.js';

const hosts = new Set<SessionHost>();

/** Notes that a session middleware is in use, for what a router does without a request. Returns the way to undo it. */
export function register(host: SessionHost): () => void {
  hosts.add(host);
  return () => void hosts.delete(host);
}

/** Our session middlewares in this process. */
export function liveHosts(): readonly SessionHost[] {
  return [...hosts];
}

/**
 * The sessions of a host, for changes by others than their users. A session in a store of the app's own has no say:
 * there the login record alone says whether a login exists.
 */
export function heldSessions(host: SessionHost | undefined): HeldSessions {
  if (!host) return { holds: async () => true, release: async () => {} };
  const { backend, clock } = host;
  return {
    async holds(session, login) {
      const text = await backend.peek(session);
      return text !== undefined && providerOf(new SessionText(text).logins, login) !== undefined;
    },
    async release(session, login) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const before = await backend.peek(session);
        if (before === undefined) return;
        const found = new SessionText(before);
        const provider = providerOf(found.logins, login);
        if (provider === undefined) return;
        const { [provider]: _ended, ...left } = found.logins;
        if (Object.keys(left).length === 0) {
          // A login gives a session a new id, so nothing can have come into this one.
          await backend.take(session);
          return;
        }
        const { text: after } = serialize(
          { ...found.known, rev: newRev() },
          { ...found.data(), oauth: { logins: left } },
        );
        if (await backend.swap(session, before, after)) return;
        await clock.sleep(Math.random() * 2 * (attempt + 1));
      }
      throw busy();
    },
  };
}

function providerOf(logins: Readonly<Record<string, { id: string }>>, login: string): string | undefined {
  return Object.keys(logins).find((name) => logins[name]?.id === login);
}
