import { EMPTY, type Known, type SessionText } from './session-text.js';
import { newRev } from './stored-logins.js';

/** What a store knows of a session object. */
export interface Standing extends Known {
  /** The id under which it is, or will be, stored. */
  readonly sid: string;
  /** Whether there is such a session in the store, as far as this request knows. */
  readonly stored: boolean;
  /** Whether this request has saved it. */
  readonly written: boolean;
  /** What the store has of it, or its text. */
  readonly content: string | SessionText;
}

/** Notes what a store knows on the objects themselves, so that a Proxy of one has it too. A copy does not. */
export class Standings {
  readonly #key = Symbol('express-oauth-login');

  /** That of a session; a request that has been logged out has none. */
  of(session: object | undefined): Standing | undefined {
    return (session as { [key: symbol]: Standing | undefined } | undefined)?.[this.#key];
  }

  /** Does nothing for an object that is frozen. */
  set(session: object, value: Standing): void {
    Reflect.defineProperty(session, this.#key, { configurable: true, writable: true, value });
  }
}

/** That of a session which was just made, and is empty. */
export function newStanding(sid: string, since: number): Standing {
  return { rev: newRev(), since, sid, stored: false, written: false, content: EMPTY };
}
