import { randomBytes } from 'node:crypto';
import type { Request } from 'express';
import session, { type SessionData } from 'express-session';
import type { Clock } from '../clock.js';
import { StoreUnavailableError } from '../errors.js';
import { removeFromIndex } from '../logout/login-names.js';
import type { SessionBackend, Stores } from '../stores/contracts.js';
import type { SessionLogins } from './session-data.js';

/** How often a save is repeated when the logins change under it. */
export const ATTEMPTS = 50;

/** What the store knows of a session beyond what the app sees. */
interface Known {
  /** Names the state of the logins in the stored text. */
  readonly rev: string;
  /** When the absolute lifetime began, in milliseconds since the epoch. */
  readonly since: number;
  /** Whether there is such a session in the store, as far as this request knows. */
  readonly stored: boolean;
}

interface Parsed {
  readonly known: Known;
  readonly logins: SessionLogins;
  readonly data: Record<string, unknown>;
}

type Callback<T = void> = (error?: unknown, value?: T) => void;

/** What `oauthSession` shares with the router behind it. */
export interface SessionHost {
  readonly stores: Stores;
  readonly backend: SessionBackend;
  /** From which the keys that seal login records are derived, newest first. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  /** Seconds. */
  readonly absoluteTimeout: number;
  /** Sets the deadline of store commands, in seconds. */
  readonly setTimeout: (seconds: number) => void;
  /** Who works on the stores and wants to finish before their connection is closed. */
  readonly users: Set<() => Promise<void>>;
}

/**
 * A store for express-session that keeps two promises which a whole-blob store cannot: a session that was destroyed is
 * not brought back by a request that is still running, and such a request takes nothing back of what happened to the
 * session's logins meanwhile.
 */
export class LoginSessionStore extends session.Store {
  readonly host: SessionHost;
  /** The name of the cookie that carries the ids of these sessions. */
  readonly cookieName: string;
  readonly #known = new WeakMap<object, Known>();

  constructor(host: SessionHost, cookieName: string) {
    super();
    this.host = host;
    this.cookieName = cookieName;
  }

  override get(sid: string, callback: (error: unknown, data?: SessionData | null) => void): void {
    answer(this.#read(sid), callback);
  }

  override set(sid: string, data: SessionData, callback?: Callback): void {
    answer(this.#save(sid, data), callback);
  }

  /** The idle timeout has moved with the read. */
  override touch(_sid: string, _data: SessionData, callback?: () => void): void {
    callback?.();
  }

  override destroy(sid: string, callback?: Callback): void {
    answer(this.#destroy(sid), callback);
  }

  override all(callback: (error: unknown, sessions?: SessionData[] | null) => void): void {
    const read = async () => {
      const ids = await this.host.backend.ids();
      const sessions = await Promise.all(ids.map((sid) => this.#read(sid)));
      return sessions.filter((one) => one !== null);
    };
    answer(read(), callback);
  }

  override length(callback: (error: unknown, length?: number) => void): void {
    answer(
      this.host.backend.ids().then((ids) => ids.length),
      callback,
    );
  }

  override clear(callback?: Callback): void {
    const clear = async () => {
      for (const sid of await this.host.backend.ids()) await this.#destroy(sid);
    };
    answer(clear(), callback);
  }

  // express-session makes the session object of a request from what `get` gave.
  override createSession(req: Request, data: SessionData): session.Session & SessionData {
    const created = super.createSession(req, data);
    const known = this.#known.get(data);
    if (known) this.#known.set(created, known);
    return created;
  }

  /**
   * Ends a session for the login that follows it, under another id.
   *
   * @returns its logins as they really are, none if somebody has ended it meanwhile.
   */
  async takeLogins(sid: string): Promise<SessionLogins> {
    const text = await this.host.backend.take(sid);
    return text === undefined ? {} : parse(text).logins;
  }

  /** Gives a session that was not saved yet its logins. Its absolute lifetime began with the oldest of them. */
  beginLogins(data: SessionData, logins: SessionLogins): void {
    data.oauth = { logins };
    const since = Math.min(...Object.values(logins).map((login) => login.loggedInAt));
    this.#known.set(data, { rev: newRev(), since, stored: false });
  }

  /** Whether the session was read from the store, or saved to it, by this request. */
  isStored(data: SessionData): boolean {
    return this.#known.get(data)?.stored === true;
  }

  /**
   * Changes the logins of a session that exists, whatever else happens to it at the same time.
   *
   * @param change gives back what it was given where there is nothing to change.
   * @throws StoreUnavailableError when others change the session all the time.
   */
  async changeLogins(sid: string, change: (logins: SessionLogins) => SessionLogins): Promise<void> {
    const { backend } = this.host;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const before = await backend.read(sid);
      if (before === undefined) return;
      const { known, logins, data } = parse(before);
      const changed = change(logins);
      if (changed === logins) return;
      if (await backend.swap(sid, before, serialize({ ...known, rev: newRev() }, changed, data))) return;
      await this.#pause(attempt);
    }
    throw busy();
  }

  /** The logins of a session, as they are now. */
  async loginsOf(sid: string): Promise<SessionLogins> {
    const text = await this.host.backend.read(sid);
    return text === undefined ? {} : parse(text).logins;
  }

  /** Lets others finish, each for another while. */
  #pause(attempt: number): Promise<void> {
    return this.host.clock.sleep(Math.random() * 2 * (attempt + 1));
  }

  async #read(sid: string): Promise<SessionData | null> {
    const text = await this.host.backend.read(sid);
    if (text === undefined) return null;
    const { known, logins, data } = parse(text);
    if (known.since + this.host.absoluteTimeout * 1000 <= this.host.clock.now()) {
      await this.#destroy(sid);
      return null;
    }
    if (Object.keys(logins).length > 0) data.oauth = { logins };
    this.#known.set(data, known);
    return data as unknown as SessionData;
  }

  async #save(sid: string, session: SessionData): Promise<void> {
    const { backend, clock } = this.host;
    const { oauth, ...data } = session;
    const known = this.#known.get(session) ?? { rev: newRev(), since: clock.now(), stored: false };
    let text = serialize(known, oauth?.logins ?? {}, data);
    if (!known.stored) {
      await backend.create(sid, text);
      this.#known.set(session, { ...known, stored: true });
      return;
    }
    let { rev } = known;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const outcome = await backend.save(sid, text, rev);
      // A session that is gone stays gone: whoever ended it meant it.
      if (outcome === 'saved' || outcome === 'gone') return;
      const current = parse(outcome.current);
      rev = current.known.rev;
      text = serialize(current.known, current.logins, data);
      await this.#pause(attempt);
    }
    throw busy();
  }

  async #destroy(sid: string): Promise<void> {
    const logins = await this.takeLogins(sid);
    const { records, index } = this.host.stores;
    await Promise.all(Object.values(logins).map((login) => records.remove(login.id)));
    await Promise.all(
      Object.entries(logins).map(([provider, login]) => removeFromIndex(index, provider, login)),
    );
  }
}

/** The rev comes first, where a store can see it without parsing. */
export function serialize({ rev, since }: Known, logins: SessionLogins, data: object): string {
  // Put together by hand: JSON.stringify would put names that are numbers before all others.
  const rest = JSON.stringify(data).slice(1, -1);
  return `{"oauth":${JSON.stringify({ rev, since, logins })}${rest === '' ? '' : `,${rest}`}}`;
}

export function parse(text: string): Parsed {
  const { oauth = {}, ...data } = JSON.parse(text) as { oauth?: Partial<Known> & { logins?: SessionLogins } };
  const { rev = '', since = Date.now(), logins = {} } = oauth;
  return { known: { rev, since, stored: true }, logins, data };
}

export function busy(): StoreUnavailableError {
  return new StoreUnavailableError('store_unavailable', 'Too many requests change this session at once.', {
    headers: { 'Retry-After': '1' },
  });
}

export function newRev(): string {
  return randomBytes(9).toString('base64url');
}

/** express-session takes callbacks. */
function answer<T>(promise: Promise<T>, callback?: (error: unknown, value?: T) => void): void {
  promise.then(
    (value) => callback?.(null, value),
    (error: unknown) => callback?.(error),
  );
}
