import type { Request } from 'express';
import session, { type SessionData } from 'express-session';
import type { Clock } from '../clock.js';
import { endWithoutRevocation } from '../logout/logout.js';
import type { SessionBackend, Stores } from '../stores/contracts.js';
import type { Entry, SessionLogins } from './session-data.js';
import { SessionEndings } from './session-endings.js';
import { saveSession } from './session-saving.js';
import { newStanding, Standings } from './session-standing.js';
import { contentOf, SessionText } from './session-text.js';
import { changeStoredLogins } from './stored-logins.js';

/** How many sessions are read at a time where all of them are wanted. */
const BATCH = 100;

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
  readonly endings: SessionEndings;
  /** Gives a request a new session, as express-session gives it to its stores. */
  declare generate: (req: Request) => void;
  readonly #standings = new Standings();

  constructor(host: SessionHost, cookieName: string) {
    super();
    this.host = host;
    this.cookieName = cookieName;
    this.endings = new SessionEndings(host.stores.endings);
  }

  override get(sid: string, callback: (error: unknown, data?: SessionData | null) => void): void {
    answer(this.#read(sid), callback);
  }

  override set(sid: string, data: SessionData, callback?: Callback): void {
    answer(saveSession(this.host, this.#standings, sid, data), callback);
  }

  /** For those who hold a session without a request, such as sockets. With a request the idle timeout moves by itself. */
  override touch(sid: string, _data: SessionData, callback?: () => void): void {
    answer(this.host.backend.read(sid), callback as Callback<unknown>);
  }

  override destroy(sid: string, callback?: Callback): void {
    answer(this.#destroy(sid), callback);
  }

  override regenerate(req: Request, callback: (error?: unknown) => void): void {
    this.destroy(req.sessionID, (error) => {
      // A session that could not be destroyed is still the session.
      if (!error) this.generate(req);
      callback(error);
    });
  }

  /** All sessions, each with its `id`, as connect-redis gives them. */
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

  /** The ids of all sessions. */
  ids(callback: (error: unknown, ids?: string[]) => void): void {
    answer(this.host.backend.ids(), callback);
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
    const standing = this.#standings.of(data);
    // Under another id it is another session.
    if (standing?.sid === created.id) this.#standings.set(created, standing);
    return created;
  }

  /** Reads a session and keeps it alive. `undefined` where there is none, or where its absolute lifetime is over. */
  async open(sid: string): Promise<SessionText | undefined> {
    const found = SessionText.of(await this.host.backend.read(sid));
    if (!found || this.#isAlive(found)) return found;
    await endWithoutRevocation(this.host.stores, Object.entries((await this.takeLogins(sid)) ?? {}));
    return undefined;
  }

  /** What express-session makes a session object from. */
  dataOf(sid: string, found: SessionText): SessionData {
    const data = found.data();
    this.#standings.set(data, { ...found.known, sid, stored: true, written: false, content: found });
    return data;
  }

  /** Takes note of a session that is new and empty. */
  begin(created: session.Session): void {
    this.#standings.set(created, newStanding(created.id, this.host.clock.now()));
  }

  /**
   * Ends a session for the login that follows it, under another id.
   *
   * @returns its logins as they really are, `undefined` if somebody has ended it meanwhile.
   */
  async takeLogins(sid: string): Promise<SessionLogins | undefined> {
    return SessionText.of(await this.host.backend.take(sid))?.logins;
  }

  /**
   * Ends a session by a logout: a login that is being completed in it does not survive, and where it has moved what was in
   * this session to another one, that one ends too.
   *
   * @returns the logins that were in it.
   */
  async logOut(sid: string): Promise<Entry[]> {
    const ending = await this.endings.logOut(sid);
    const logins = Object.entries((await this.takeLogins(sid)) ?? {});
    return ending?.movedTo === undefined ? logins : [...logins, ...(await this.logOut(ending.movedTo))];
  }

  /** Whether a login that began later than that, in milliseconds since the epoch, has moved a session. */
  async hasMovedSince(sid: string, moment: number): Promise<boolean> {
    const to = (await this.endings.find(sid))?.movedTo;
    const found = to === undefined ? undefined : SessionText.of(await this.host.backend.peek(to));
    return found !== undefined && Object.values(found.logins).some(({ loggedInAt }) => loggedInAt > moment);
  }

  /** Gives a session that was not saved yet its logins. Its absolute lifetime began with the oldest of them. */
  beginLogins(created: session.Session & Partial<SessionData>, logins: SessionLogins): void {
    created.oauth = { logins };
    const since = Math.min(...Object.values(logins).map((login) => login.loggedInAt));
    this.#standings.set(created, newStanding(created.id, since));
  }

  /** Whether the session was read from the store, or saved to it, by this request. */
  isStored(data: SessionData): boolean {
    return this.#standings.of(data)?.stored === true;
  }

  /** Whether this request has saved the session. */
  isWritten(data: SessionData): boolean {
    return this.#standings.of(data)?.written === true;
  }

  /** Whether the session differs from what the store has of it, as far as this request knows. */
  isChanged(data: SessionData): boolean {
    const content = this.#standings.of(data)?.content;
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
    if ((await changeStoredLogins(this.host, sid, 'read', change)) === 'done') return;
    const to = (await this.endings.find(sid))?.movedTo;
    if (to !== undefined) await this.changeLogins(to, change);
  }

  /** The logins of a session, as they are now. */
  async loginsOf(sid: string): Promise<SessionLogins | undefined> {
    return SessionText.of(await this.host.backend.read(sid))?.logins;
  }

  /** Whether the absolute lifetime is not over. */
  #isAlive({ known }: SessionText): boolean {
    return known.since + this.host.absoluteTimeout * 1000 > this.host.clock.now();
  }

  /** A look at a session by others than its user, which does not keep it alive. */
  async #peek(sid: string): Promise<SessionData | undefined> {
    const found = SessionText.of(await this.host.backend.peek(sid));
    return found && this.#isAlive(found) ? Object.assign(this.dataOf(sid, found), { id: sid }) : undefined;
  }

  async #read(sid: string): Promise<SessionData | null> {
    const found = await this.open(sid);
    return found ? this.dataOf(sid, found) : null;
  }

  async #destroy(sid: string): Promise<void> {
    await endWithoutRevocation(this.host.stores, await this.logOut(sid));
  }
}

/** express-session takes callbacks. */
function answer<T>(promise: Promise<T>, callback?: (error: unknown, value?: T) => void): void {
  promise.then(
    (value) => callback?.(null, value),
    (error: unknown) => callback?.(error),
  );
}
