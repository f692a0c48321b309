import type { NextFunction, Request, Response } from 'express';
import session, { type CookieOptions } from 'express-session';
import { isEncrypted } from './request-facts.js';
import { lender, openState, type RequestState, stateOf } from './request-state.js';
import { signSessionId } from './session-cookie.js';
import { readLogins, type SessionLogins } from './session-data.js';
import type { LoginSessionStore } from './session-store.js';
import type { SessionText } from './session-text.js';
import { answerLender, WatchedAnswer } from './watched-answer.js';

export interface SessionSettings {
  readonly name: string;
  /** Newest first. */
  readonly secrets: readonly string[];
  readonly store: LoginSessionStore;
  /** What the cookies of new sessions are like. */
  readonly cookie: CookieOptions;
}

// The package has more than its types tell.
type SerializableCookie = session.Cookie & { serialize(name: string, value: string): string };
const Session = session.Session as unknown as new (req: Request) => session.Session;
const Cookie = session.Cookie as unknown as new (options: CookieOptions) => session.Cookie;

const lendSession = lender({
  session: { get: (state) => ownOf(state)?.wake(), replaced: (state) => ownOf(state)?.fallAwake() },
  sessionID: { get: (state) => ownOf(state)?.firstId },
  sessionStore: { get: (state) => ownOf(state)?.store },
});

const lendAnswer = answerLender((req) => ownOf(stateOf(req))?.answer);

function ownOf(state: RequestState | undefined): RequestSession | undefined {
  return state?.session as RequestSession | undefined;
}

/**
 * The session of one request. It costs nearly nothing while nobody touches `req.session`: no session object is made,
 * and the answer is left alone. From the first touch on it does what express-session does.
 */
export class RequestSession {
  readonly #req: Request;
  readonly #res: Response;
  readonly #next: NextFunction;
  readonly #settings: SessionSettings;
  /** The id that came with the request. */
  readonly #cookieId: string | undefined;
  /** The id of the session with which the request began. A later one is saved, and its id sent to the browser. */
  readonly firstId: string;
  readonly #found: SessionText | undefined;
  #logins: SessionLogins | undefined;
  #asleep = true;
  #answer: WatchedAnswer | undefined;
  /** Whether the browser was given the cookie, or it was seen that it cannot be. */
  #told = false;
  #failed = false;

  constructor(
    settings: SessionSettings,
    http: { req: Request; res: Response; next: NextFunction },
    ids: { cookie: string | undefined; first: string },
    found: SessionText | undefined,
  ) {
    this.#settings = settings;
    this.#req = http.req;
    this.#res = http.res;
    this.#next = http.next;
    this.#cookieId = ids.cookie;
    this.firstId = ids.first;
    this.#found = found;
    openState(this.#req).session = this;
    lendSession(this.#req);
    // Without Express there is nothing to inherit from.
    if (!lendAnswer(this.#res)) this.watch();
  }

  get answer(): WatchedAnswer | undefined {
    return this.#answer;
  }

  get store(): LoginSessionStore {
    return this.#settings.store;
  }

  get logins(): SessionLogins {
    this.#logins ??= this.#found?.logins ?? {};
    return this.#logins;
  }

  set logins(logins: SessionLogins) {
    this.#logins = logins;
  }

  /** Whether nobody has touched `req.session`. */
  get isAsleep(): boolean {
    return this.#asleep;
  }

  /** Makes the session object, unless it was there already and somebody took it away. */
  wake(): unknown {
    if (!this.#asleep) return undefined;
    const { store } = this.#settings;
    const { sessionID } = this.#req;
    this.fallAwake();
    // Somebody may have set another id. As with express-session, that is for the browser, and the session keeps its own.
    if (sessionID !== this.firstId) this.#req.sessionID = this.firstId;
    if (!this.#found) {
      this.generate();
    } else {
      const data = store.dataOf(this.firstId, this.#found);
      if (this.#logins && this.#logins !== this.#found.logins) data.oauth = { logins: this.#logins };
      store.createSession(this.#req, data);
    }
    if (sessionID !== this.firstId) this.#req.sessionID = sessionID;
    return this.#req.session;
  }

  /** From here on `req.session` is what somebody sets it to. */
  fallAwake(): void {
    this.#asleep = false;
    this.watch();
  }

  /** From here on there may be something to save. */
  watch(): void {
    this.#answer ??= new WatchedAnswer(this.#res, {
      beforeHeaders: () => this.#setCookie(),
      beforeEnd: () => this.#save(),
      fail: (error) => {
        this.#failed = true;
        this.#next(error);
      },
    });
  }

  /** Gives the request an empty session under its present id. */
  generate(): void {
    generateSession(this.#req, this.#settings);
  }

  /** The session as it is now, unless there is none, or another mount of the middleware has taken over. */
  #current(): session.Session | undefined {
    if (this.#asleep || this.#failed) return undefined;
    const { session: current, sessionID } = this.#req;
    if (!current || typeof sessionID !== 'string' || ownOf(stateOf(this.#req)) !== this) return undefined;
    if (!(current instanceof session.Session)) {
      throw new TypeError(
        'req.session was replaced by something that is not a session. Set properties on it instead of assigning to it; assign null to leave it unsaved.',
      );
    }
    // A plain object in its place is taken for options of the cookie.
    if (typeof (current.cookie as Partial<SerializableCookie>)?.serialize !== 'function') {
      current.cookie = newCookie(this.#req, { ...this.#settings.cookie, ...current.cookie });
    }
    return current;
  }

  #setCookie(): void {
    try {
      const current = this.#told ? undefined : this.#current();
      if (!current) return;
      const { store, name, secrets } = this.#settings;
      const { sessionID } = this.#req;
      // A browser that has the cookie needs it again only when it expires.
      if (this.#cookieId === sessionID && current.cookie.expires == null) return;
      // One that was saved and read again looks like any other that is stored: it is the browser that lacks it.
      const isNew = current.id !== this.firstId || (!this.#found && store.isStored(current));
      if (!isNew && !store.isWritten(current) && !store.isChanged(current)) return;
      if (current.cookie.secure && !isSecure(this.#req)) return;
      this.#told = true;
      current.touch();
      const value = signSessionId(sessionID, secrets);
      this.#res.appendHeader('Set-Cookie', (current.cookie as SerializableCookie).serialize(name, value));
      keepOutOfSharedCaches(this.#res);
    } catch (error) {
      this.#told = true;
      // Nothing may throw while headers are being written.
      setImmediate(() => this.#next(error));
    }
  }

  #save(): Promise<void> | undefined {
    const current = this.#current();
    if (!current) return undefined;
    const { store } = this.#settings;
    const isNew = current.id !== this.firstId && !store.isWritten(current) && !store.isStored(current);
    if (!isNew && !store.isChanged(current)) return undefined;
    current.touch();
    return new Promise((resolve, reject) => {
      current.save((error) => (error ? reject(error) : resolve()));
    });
  }
}

/** Gives the request an empty session under its present id. */
export function generateSession(req: Request, { store, cookie }: SessionSettings): void {
  ownOf(stateOf(req))?.watch();
  const created = new Session(req);
  created.cookie = newCookie(req, cookie);
  store.begin(created);
  req.session = created;
}

function newCookie(req: Request, options: CookieOptions): session.Cookie {
  const cookie = new Cookie(options);
  const secure = isSecure(req);
  if (options.secure === 'auto') cookie.secure = secure;
  if ((options.sameSite as unknown) === 'auto') cookie.sameSite = secure ? 'none' : 'lax';
  return cookie;
}

/** Whether there is a session, which stays asleep. */
export function hasSession(req: Request): boolean {
  return ownOf(stateOf(req))?.isAsleep === true || Boolean(req.session);
}

/** The store of a session of ours that nobody has touched. */
export function asleepStore(req: Request): LoginSessionStore | undefined {
  const own = ownOf(stateOf(req));
  return own?.isAsleep ? own.store : undefined;
}

/** The logins of the request's session. They are read without waking it. */
export function loginsIn(req: Request): SessionLogins {
  const own = ownOf(stateOf(req));
  return own?.isAsleep ? own.logins : readLogins(req.session);
}

/** Changes the logins as the rest of this request sees them. */
export function changeLoginsIn(req: Request, change: (logins: SessionLogins) => SessionLogins): void {
  const own = ownOf(stateOf(req));
  if (own?.isAsleep) own.logins = change(own.logins);
  // Asynchronous work may outlive the session of the request.
  else if (req.session?.oauth?.logins) req.session.oauth = { logins: change(req.session.oauth.logins) };
}

/** A shared cache would hand this response, session cookie included, to somebody else. */
function keepOutOfSharedCaches(res: Response): void {
  if (/\b(?:private|no-store)\b/i.test(String(res.getHeader('Cache-Control')))) return;
  res.setHeader('Cache-Control', 'private, no-cache');
}

function isSecure(req: Request): boolean {
  return isEncrypted(req) || req.secure;
}
