import { hash, randomBytes } from 'node:crypto';
import type { Request } from 'express';
import session, { type SessionData } from 'express-session';
import type { Clock } from '../clock.js';
import { retryAfter, StoreUnavailableError } from '../errors.js';
import { LOGIN_LIFETIME } from '../limits.js';
import { removeFromIndex } from '../logout/login-names.js';
import type { SessionBackend, Stores } from '../stores/contracts.js';
import type { SessionLogin, SessionLogins } from './session-data.js';
import { contentOf, EMPTY, type Known, SessionText, serialize } from './session-text.js';

/** How many times a save is tried when the logins change under it. */
export const ATTEMPTS = 50;

/** How sessions end: by a logout, or by a login, which gives all that is in them a new id. */
const LOGOUT = 'logout';
const MOVED = 'moved:';

/** How many sessions are read at a time where all of them are wanted. */
const BATCH = 100;

/** What is known of a session object. */
interface Standing extends Known {
  /** Whether there is such a session in the store, as far as this request knows. */
  readonly stored: boolean;
  /** Whether this request has saved it. */
  readonly written: boolean;
  /** What the store has of it, or its text. */
  readonly content: string | SessionText;
}

type Callback<T = void> = (error?: unknown, value?: T) => void;

/** What `oauthSession` shares with the router behind it. */
export interface SessionHost {
  readonly stores: Stores;
  readonly backend: SessionBackend;
  /** What the keys of login records are derived from: the first seals, all of them open. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  /** Seconds. */
  readonly absoluteTimeout: number;
  /** Sets the deadline of store commands, in seconds. */
  readonly setTimeout: (seconds: number) => void;
  /** Those who work on the stores, and must finish before the connection is closed. */
  readonly users: Set<() => Promise<void>>;
}

/**
 * A store for express-session that keeps two promises which a whole-blob store cannot: a session that was destroyed is
 * not brought back by a request that is still running, and such a request undoes nothing that happened to the session's
 * logins meanwhile.
 */
export class LoginSessionStore extends session.Store {
  readonly host: SessionHost;
  /** The name of the cookie that carries the ids of these sessions. */
  readonly cookieName: string;
  readonly #standing = new WeakMap<object, Standing>();

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

  /** Reading the session has renewed the idle timeout. */
  override touch(_sid: string, _data: SessionData, callback?: () => void): void {
    callback?.();
  }

  override destroy(sid: string, callback?: Callback): void {
    answer(this.#destroy(sid), callback);
  }

  override all(callback: (error: unknown, sessions?: SessionData[] | null) => void): void {
    const read = async () => {
      const ids = await this.host.backend.ids();
      const sessions: SessionData[] = [];
      for (let first = 0; first < ids.length; first += BATCH) {
        const batch = ids.slice(first, first + BATCH).map((sid) => this.#peek(sid));
        sessions.push(...(await Promise.all(batch)).filter((one) => one !== undefined));
      }
      return sessions;
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
    const standing = this.#standing.get(data);
    if (standing) this.#standing.set(created, standing);
    return created;
  }

  /** Reads a session and keeps it alive. `undefined` where there is none, or where its absolute lifetime is over. */
  async open(sid: string): Promise<SessionText | undefined> {
    const text = await this.host.backend.read(sid);
    if (text === undefined) return undefined;
    const found = new SessionText(text);
    if (this.#isAlive(found)) return found;
    await this.#endLogins(Object.entries((await this.takeLogins(sid)) ?? {}));
    return undefined;
  }

  /** What express-session makes a session object from. */
  dataOf(found: SessionText): SessionData {
    const data = found.data();
    this.#standing.set(data, { ...found.known, stored: true, written: false, content: found });
    return data;
  }

  /** Takes note of a session that is new and empty. */
  begin(data: SessionData): void {
    const since = this.host.clock.now();
    this.#standing.set(data, { rev: newRev(), since, stored: false, written: false, content: EMPTY });
  }

  /**
   * Ends a session for the login that follows it, under another id.
   *
   * @returns its logins as they really are, `undefined` if somebody has ended it meanwhile.
   */
  async takeLogins(sid: string): Promise<SessionLogins | undefined> {
    const text = await this.host.backend.take(sid);
    return text === undefined ? undefined : new SessionText(text).logins;
  }

  /**
   * Ends a session by a logout: a login that is being completed in it does not survive, and where it has moved what was in
   * this session to another one, that one ends too.
   *
   * @returns the logins that were in it.
   */
  async logOut(sid: string): Promise<[provider: string, login: SessionLogin][]> {
    // Only a precaution: a full Redis takes no mark, and yet deletes sessions.
    const ending = await this.#settle(sid, LOGOUT).catch(() => LOGOUT);
    const logins = Object.entries((await this.takeLogins(sid)) ?? {});
    const to = movedTo(ending);
    return to === undefined ? logins : [...logins, ...(await this.logOut(to))];
  }

  /** Whether it was a logout that ended a session. */
  async wasLoggedOut(sid: string): Promise<boolean> {
    return (await this.host.stores.endings.find(endingOf(sid))) === LOGOUT;
  }

  /**
   * Says that the logins of a session move to another one. May be said again.
   *
   * @returns what became of them instead, if somebody was faster.
   */
  async move(sid: string, to: string): Promise<'moved' | 'moved-elsewhere' | 'logged-out'> {
    const ending = await this.#settle(sid, MOVED + to);
    if (ending === LOGOUT) return 'logged-out';
    return ending === MOVED + to ? 'moved' : 'moved-elsewhere';
  }

  #settle(sid: string, ending: string): Promise<string> {
    return this.host.stores.endings.settle(endingOf(sid), ending, LOGIN_LIFETIME);
  }

  /** Gives a session that was not saved yet its logins. Its absolute lifetime began with the oldest of them. */
  beginLogins(data: SessionData, logins: SessionLogins): void {
    data.oauth = { logins };
    const since = Math.min(...Object.values(logins).map((login) => login.loggedInAt));
    this.#standing.set(data, { rev: newRev(), since, stored: false, written: false, content: EMPTY });
  }

  /** Whether the session was read from the store, or saved to it, by this request. */
  isStored(data: SessionData): boolean {
    return this.#standing.get(data)?.stored === true;
  }

  /** Whether this request has saved the session. */
  isWritten(data: SessionData): boolean {
    return this.#standing.get(data)?.written === true;
  }

  /** Whether the session differs from what the store has of it, as far as this request knows. */
  isChanged(data: SessionData): boolean {
    const content = this.#standing.get(data)?.content;
    return contentOf(data) !== (content instanceof SessionText ? content.content : content);
  }

  /**
   * Changes the logins of a session that exists, whatever else happens to it at the same time; where they have moved,
   * those of the other session.
   *
   * @param change returns what it was given where there is nothing to change.
   * @throws StoreUnavailableError when others keep changing the session.
   */
  async changeLogins(sid: string, change: (logins: SessionLogins) => SessionLogins): Promise<void> {
    const { backend } = this.host;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const before = await backend.read(sid);
      if (before === undefined) {
        const to = movedTo(await this.host.stores.endings.find(endingOf(sid)));
        return to === undefined ? undefined : this.changeLogins(to, change);
      }
      const found = new SessionText(before);
      const changed = change(found.logins);
      if (changed === found.logins) return;
      const { text: after } = serialize(
        { ...found.known, rev: newRev() },
        { ...found.data(), oauth: { logins: changed } },
      );
      if (await backend.swap(sid, before, after)) return;
      await this.#pause(attempt);
    }
    throw busy();
  }

  /** The logins of a session, as they are now. */
  async loginsOf(sid: string): Promise<SessionLogins | undefined> {
    const text = await this.host.backend.read(sid);
    return text === undefined ? undefined : new SessionText(text).logins;
  }

  /** Lets others finish, each time for a different while. */
  #pause(attempt: number): Promise<void> {
    return this.host.clock.sleep(Math.random() * 2 * (attempt + 1));
  }

  /** Whether the absolute lifetime is not over. */
  #isAlive({ known }: SessionText): boolean {
    return known.since + this.host.absoluteTimeout * 1000 > this.host.clock.now();
  }

  /** A look at a session by others than its user, which does not keep it alive. */
  async #peek(sid: string): Promise<SessionData | undefined> {
    const text = await this.host.backend.peek(sid);
    const found = text === undefined ? undefined : new SessionText(text);
    return found && this.#isAlive(found) ? this.dataOf(found) : undefined;
  }

  async #read(sid: string): Promise<SessionData | null> {
    const found = await this.open(sid);
    return found ? this.dataOf(found) : null;
  }

  async #save(sid: string, session: SessionData): Promise<void> {
    const { backend, clock } = this.host;
    const before = this.#standing.get(session) ?? { rev: newRev(), since: clock.now(), stored: false };
    const named = withRev(before);
    const first = serialize(named, session);
    let { text } = first;
    // As with express-session, an app that saves is told of a failure, and the end of the request tries no more.
    const standing = { ...named, written: true, content: first.content };
    this.#standing.set(session, standing);
    if (!before.stored) {
      await backend.create(sid, text);
      this.#standing.set(session, { ...standing, stored: true });
      return;
    }
    let { rev } = before;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const outcome = await backend.save(sid, text, rev);
      // A session that is gone stays gone: whoever ended it meant it.
      if (outcome === 'saved' || outcome === 'gone') return;
      const { known, logins } = new SessionText(outcome.current);
      rev = known.rev;
      ({ text } = serialize(withRev(known), { ...session, oauth: { logins } }));
      await this.#pause(attempt);
    }
    throw busy();
  }

  async #destroy(sid: string): Promise<void> {
    await this.#endLogins(await this.logOut(sid));
  }

  async #endLogins(logins: readonly [provider: string, login: SessionLogin][]): Promise<void> {
    const { records, index } = this.host.stores;
    await Promise.all(logins.map(([, login]) => records.remove(login.id)));
    await Promise.all(logins.map(([provider, login]) => removeFromIndex(index, provider, login)));
  }
}

export function busy(): StoreUnavailableError {
  return new StoreUnavailableError('store_unavailable', 'Too many requests change this session at once.', {
    headers: retryAfter(1000),
  });
}

/** A text that another program wrote has no rev that a store could see. */
function withRev<K extends Known>(known: K): K {
  return known.rev === '' ? { ...known, rev: newRev() } : known;
}

/** A session id is a credential, so this key holds only its hash. */
function endingOf(sid: string): string {
  return hash('sha256', sid, 'base64url');
}

/** The session to which the logins of one that has ended moved. */
function movedTo(ending: string | undefined): string | undefined {
  return ending?.startsWith(MOVED) ? ending.slice(MOVED.length) : undefined;
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
