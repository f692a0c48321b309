import type { HeldSessions } from '../logout/revoke-sessions.js';
import type { SessionHost } from './session-store.js';
import { SessionText } from './session-text.js';
import { changeStoredLogins } from './stored-logins.js';

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
  const { backend } = host;
  return {
    async holds(session, login) {
      const found = SessionText.of(await backend.peek(session));
      return found !== undefined && providerOf(found.logins, login) !== undefined;
    },
    async release(session, login) {
      await changeStoredLogins(host, session, 'peek', (logins) => {
        const provider = providerOf(logins, login);
        if (provider === undefined) return logins;
        const { [provider]: _ended, ...left } = logins;
        // A login gives a session a new id, so nothing can have come into one that has lost its last.
        return Object.keys(left).length === 0 ? undefined : left;
      });
    },
  };
}

function providerOf(logins: Readonly<Record<string, { id: string }>>, login: string): string | undefined {
  return Object.keys(logins).find((name) => logins[name]?.id === login);
}
