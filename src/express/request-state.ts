import { IncomingMessage } from 'node:http';

/** What this package knows of a request. */
export interface RequestState {
  /** The `RequestSession` of `session-request`. */
  session: object | undefined;
  /** `req.oauth`, until the app sets something else in its place. */
  oauth: unknown;
}

/**
 * Express changes the prototype of every request, after which each property added to it costs V8 some microseconds: so
 * there is one for everything. (A WeakMap instead costs even more, in the garbage collector.)
 */
const key = Symbol('express-oauth-login');

type WithState = object & { [key]?: RequestState };

export function stateOf(req: WithState): RequestState | undefined {
  return req[key];
}

/** The state of a request, which it gets where it has none. */
export function openState(req: WithState): RequestState {
  let state = req[key];
  if (!state) {
    state = { session: undefined, oauth: undefined };
    req[key] = state;
  }
  return state;
}

/** A property that requests inherit. */
export interface LentProperty {
  /** `undefined` where this package has nothing to say of the request. */
  readonly get: (state: RequestState) => unknown;
  /** Told when somebody sets it; from then on it is the request's own. */
  readonly replaced?: (state: RequestState) => void;
}

/**
 * Makes a function that lets a request inherit properties: from `express.request`, which all apps of the process share.
 * An app that another one calls as a plain function replaces the prototype by its own `app.request`, and does no more.
 * Requests that Express did not create, and requests with an own property that would hide them, get own properties
 * instead of inherited ones.
 */
export function lender(properties: Readonly<Record<string, LentProperty>>): (req: object) => void {
  // Each app has one prototype for its requests: it is walked once.
  const known = new WeakMap<object, boolean>();
  const [first] = Object.keys(properties) as [string];
  return (req) => {
    const prototype = Object.getPrototypeOf(req) as object;
    let inherits = known.get(prototype);
    if (inherits === undefined) {
      const shared = sharedPrototype(prototype, IncomingMessage.prototype);
      if (shared) lend(shared, properties);
      inherits = shared !== undefined;
      known.set(prototype, inherits);
    }
    if (!inherits || Object.hasOwn(req, first)) lend(req, properties);
  };
}

function lend(to: object, properties: Readonly<Record<string, LentProperty>>): void {
  for (const [name, { get, replaced }] of Object.entries(properties)) {
    // That of another copy of this package, which answers for the requests that it knows.
    const other = Object.getOwnPropertyDescriptor(to, name);
    Object.defineProperty(to, name, {
      configurable: true,
      enumerable: true,
      get() {
        const state = stateOf(this);
        return (state && get(state)) ?? other?.get?.call(this);
      },
      set(value: unknown) {
        const state = stateOf(this);
        if (state) replaced?.(state);
        if (other?.set) other.set.call(this, value);
        else
          Object.defineProperty(this, name, { configurable: true, enumerable: true, writable: true, value });
      },
    });
  }
}

/**
 * What the `app.request` of every app inherits from, and the `app.response`; those of mounted apps inherit from that of
 * the app around them.
 *
 * @param base what it inherits from itself, Node's own.
 */
export function sharedPrototype(prototype: object, base: object): object | undefined {
  for (let at = prototype; at !== null && at !== base; ) {
    const next = Object.getPrototypeOf(at) as object;
    if (next !== null && Object.getPrototypeOf(next) === base) return next;
    at = next;
  }
  return undefined;
}
