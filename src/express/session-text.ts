import type { SessionData } from 'express-session';
import { isPlainObject } from '../config.js';
import { revOf } from '../stores/contracts.js';
import { packLogins, unpackLogins } from './packed-logins.js';
import { isOurs, type SessionLogins } from './session-data.js';

/** What the store knows of a session beyond what the app sees. */
export interface Known {
  /** Names the state of the logins in the stored text. */
  readonly rev: string;
  /** When the absolute lifetime began, in milliseconds since the epoch. */
  readonly since: number;
}

/** A session on its way to the store: its text, and the part by which a change is noticed ({@link contentOf}). */
interface SerializedSession {
  readonly text: string;
  readonly content: string;
}

/**
 * How our texts begin. The rev comes first, where a store can see it without parsing. The sizes say where the logins
 * and the cookie end, so that a guard parses the logins alone, however much the app keeps beside them.
 */
const HEAD = /^\{"oauth":\{"rev":"([\w-]+)","since":(\d+),"sizes":\[(\d+),(\d+)\],"logins":/;

/** Writes a session as one JSON object. */
export function serialize({ rev, since }: Known, session: Partial<SessionData>): SerializedSession {
  const { logins, cookie, rest } = parts(session);
  const oauth = `{"rev":"${rev}","since":${since},"sizes":[${logins.length},${cookie.length}],"logins":${logins}}`;
  const text = `{"oauth":${oauth}${cookie === '' ? '' : `,"cookie":${cookie}`}${rest}}`;
  return { text, content: logins + rest };
}

/** The part of a session whose change is worth a save: all but its cookie, which changes with the clock. */
export function contentOf(session: Partial<SessionData>): string {
  const { logins, rest } = parts(session);
  return logins + rest;
}

/** What most session cookies are like. Texts leave it out, and express-session, too, reads them as if it were there. */
const COOKIE = { originalMaxAge: null, expires: null, secure: false, httpOnly: true, path: '/' };

/** The content of a session to which nothing was added. */
export const EMPTY = contentOf({});

function parts(session: Partial<SessionData>) {
  const { oauth, cookie, ...data } = session;
  // Put together by hand: JSON.stringify would put names that are numbers before all others.
  const rest = JSON.stringify(data).slice(1, -1);
  return {
    // What is not ours can be read and compared. It is not saved.
    logins: isOurs(oauth) ? JSON.stringify(packLogins(oauth?.logins ?? {})) : `${JSON.stringify(oauth)}`,
    cookie: JSON.stringify(cookie, leaveOutUsual) ?? '',
    rest: rest === '' ? '' : `,${rest}`,
  };
}

function leaveOutUsual(name: string, value: unknown): unknown {
  return value === COOKIE[name as keyof typeof COOKIE] ? undefined : value;
}

/** A session as the store has it, taken apart only as far as somebody asks. */
export class SessionText {
  readonly known: Known;
  readonly #text: string;
  /** Where the logins begin and end, and where what follows the cookie begins; 0 where another program wrote the text. */
  readonly #start: number;
  readonly #end: number;
  readonly #rest: number;
  #logins: SessionLogins | undefined;
  /** Whether it is an object, and whether what it has under our name is ours. */
  #isObject = true;
  #isOurs = true;

  /**
   * `undefined` where there is no session: no text, or one that is no object.
   *
   * @throws SyntaxError when the text is no JSON.
   */
  static of(text: string | undefined): SessionText | undefined {
    if (text === undefined) return undefined;
    const found = new SessionText(text);
    return found.#isObject ? found : undefined;
  }

  /** @throws SyntaxError when the text is not JSON. */
  constructor(text: string) {
    this.#text = text;
    const [head = '', rev = '', since, logins, cookie] = HEAD.exec(text) ?? [];
    this.#start = head.length;
    this.#end = this.#start + Number(logins);
    this.#rest = this.#end + 1 + (cookie === '0' ? 0 : ',"cookie":'.length + Number(cookie));
    if (this.#isWhole()) {
      this.known = { rev, since: Number(since) };
      return;
    }
    this.#start = this.#end = this.#rest = 0;
    const session: unknown = JSON.parse(text);
    this.#isObject = isPlainObject(session);
    const oauth = isPlainObject(session) ? session.oauth : undefined;
    const { since: began, logins: packed } = isPlainObject(oauth) ? oauth : {};
    // Stores compare what they see without parsing.
    this.known = { rev: revOf(text), since: typeof began === 'number' ? began : Date.now() };
    this.#isOurs = isWrittenByUs(oauth);
    this.#logins = this.#isOurs ? unpackLogins(packed) : {};
  }

  get logins(): SessionLogins {
    this.#logins ??= unpackLogins(JSON.parse(this.#text.slice(this.#start, this.#end)));
    return this.#logins;
  }

  get content(): string {
    if (this.#start === 0) return contentOf(this.data());
    return this.#text.slice(this.#start, this.#end) + this.#text.slice(this.#rest, -1);
  }

  /** What an app finds in `req.session`. */
  data(): SessionData {
    const text = this.#start === 0 ? this.#text : `{${this.#text.slice(this.#end + 2)}`;
    const data = JSON.parse(text === '{' ? '{}' : text) as SessionData;
    if (this.#isOurs) delete data.oauth;
    // Another program may have written the text.
    data.cookie = { ...COOKIE, ...(isPlainObject(data.cookie) && data.cookie) } as SessionData['cookie'];
    if (Object.keys(this.logins).length > 0) data.oauth = { logins: this.logins };
    return data;
  }

  /** Whether the sizes fit: another program may have changed the text. */
  #isWhole(): boolean {
    const text = this.#text;
    const afterCookie = this.#rest === text.length - 1 ? '}' : ',';
    return (
      this.#start > 0 &&
      text[this.#end] === '}' &&
      (this.#rest === this.#end + 1 || text.startsWith(',"cookie":{', this.#end + 1)) &&
      text[this.#rest - 1] === '}' &&
      text[this.#rest] === afterCookie
    );
  }
}

/** Whether the `oauth` of a text is ours: it may have come from a session in a store of the app's own, which knows no rev. */
function isWrittenByUs(oauth: unknown): boolean {
  if (!isPlainObject(oauth)) return oauth === undefined || oauth === null;
  return typeof oauth.rev === 'string' || Object.keys(oauth).every((name) => name === 'logins');
}
