import { hash } from 'node:crypto';
import { LOGIN_LIFETIME } from '../limits.js';
import type { EndingStore } from '../stores/contracts.js';
import { outageReason } from '../stores/redis/outage.js';

/** How a session ended: by a logout, or by a login, which gave all that was in it a new id. */
export type SessionEnding =
  | { readonly by: 'logout'; readonly movedTo?: undefined }
  | { readonly by: 'login'; readonly movedTo: string };

const LOGOUT = 'logout';
const MOVED = 'moved:';

/** What is said of how sessions end. Each session ends once: what was said first holds, whoever says something else. */
export class SessionEndings {
  readonly #store: EndingStore;

  constructor(store: EndingStore) {
    this.#store = store;
  }

  /** `undefined` for a session that is there, has expired, or never was. */
  async find(sid: string): Promise<SessionEnding | undefined> {
    const ending = await this.#store.find(keyOf(sid));
    return ending === undefined ? undefined : parse(ending);
  }

  /** Says that a session ends by a logout. May be said again. */
  async logOut(sid: string): Promise<SessionEnding | undefined> {
    try {
      return await this.#settle(sid, LOGOUT);
    } catch (error) {
      // A full Redis takes no mark, and yet reads, and deletes sessions. Any other failure says nothing of what was said.
      if (outageReason(error) !== 'oom') throw error;
      return this.find(sid);
    }
  }

  /** Says that a session ends by a login that moves what is in it to another one. May be said again. */
  move(sid: string, to: string): Promise<SessionEnding> {
    return this.#settle(sid, MOVED + to);
  }

  async #settle(sid: string, ending: string): Promise<SessionEnding> {
    return parse(await this.#store.settle(keyOf(sid), ending, LOGIN_LIFETIME));
  }
}

function parse(ending: string): SessionEnding {
  return ending.startsWith(MOVED) ? { by: 'login', movedTo: ending.slice(MOVED.length) } : { by: 'logout' };
}

/** A session id is a credential, so the key holds only its hash. */
function keyOf(sid: string): string {
  return hash('sha256', sid, 'base64url');
}
