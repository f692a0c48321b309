import { ServerResponse } from 'node:http';
import onHeaders from 'on-headers';
import { type End, HeldAnswer } from './held-answer.js';
import { sharedPrototype } from './request-state.js';

/** Who wants to know of an answer. */
export interface AnswerWatcher {
  /** Told when the headers go out, and once more where others may have done something since. */
  beforeHeaders(): void;
  /** What the end is to wait for; asked once more where others may have done something since. */
  beforeEnd(): Promise<void> | undefined;
  /** Takes an error that came of it. */
  fail(error: unknown): void;
}

/**
 * An answer whose headers and end somebody watches: in methods of its own, which come before what others have put
 * around them so far. Those others come back by the methods that all answers of Express inherit ({@link answerLender}),
 * also where they were the first to touch the session.
 */
export class WatchedAnswer {
  readonly #watcher: AnswerWatcher;
  readonly #held: HeldAnswer;
  /** Whether the inherited methods have to ask as well: who calls them has not come by ours, or comes from others. */
  #asksAtHeaders = true;
  #asksAtEnd = true;

  constructor(res: ServerResponse, watcher: AnswerWatcher) {
    this.#watcher = watcher;
    this.#held = new HeldAnswer(
      res,
      () => watcher.beforeEnd(),
      (error) => watcher.fail(error),
    );
    const [isHeadWrapped, isEndWrapped] = [Object.hasOwn(res, 'writeHead'), Object.hasOwn(res, 'end')];
    onHeaders(res, () => {
      this.#asksAtHeaders = isHeadWrapped;
      watcher.beforeHeaders();
    });
    const end = res.end as End;
    res.end = ((...args: unknown[]) => {
      this.#asksAtEnd = isEndWrapped;
      return this.#held.end(end, args);
    }) as ServerResponse['end'];
  }

  inheritedEnd(res: ServerResponse, end: End, args: unknown[]): ServerResponse {
    return this.#asksAtEnd ? this.#held.end(end, args) : end.apply(res, args);
  }

  inheritedHead(
    res: ServerResponse,
    writeHead: ServerResponse['writeHead'],
    args: unknown[],
  ): ServerResponse {
    const one = { writeHead };
    // It knows what to do with headers that are arguments.
    if (this.#asksAtHeaders) onHeaders(one as ServerResponse, () => this.#watcher.beforeHeaders());
    return one.writeHead.apply(res, args as never);
  }
}

/**
 * Makes a function that lets the answers of Express inherit an `end` and a `writeHead` which go by whoever watches
 * them; most are watched by nobody. It says whether an answer inherits them.
 */
export function answerLender(
  watchedOf: (req: object) => WatchedAnswer | undefined,
): (res: ServerResponse) => boolean {
  const known = new WeakMap<object, boolean>();
  const lent = new WeakSet<object>();
  return (res) => {
    const prototype = Object.getPrototypeOf(res) as object;
    let inherits = known.get(prototype);
    if (inherits === undefined) {
      const shared = sharedPrototype(prototype, ServerResponse.prototype) as ServerResponse | undefined;
      if (shared && !lent.has(shared)) lend(shared, watchedOf);
      if (shared) lent.add(shared);
      inherits = shared !== undefined;
      known.set(prototype, inherits);
    }
    return inherits;
  };
}

function lend(to: ServerResponse, watchedOf: (req: object) => WatchedAnswer | undefined): void {
  const above = Object.getPrototypeOf(to) as ServerResponse;
  // Those of another copy of this package, or of a tracer; Node's own may be replaced later.
  const ownEnd = Object.hasOwn(to, 'end') ? (to.end as End) : undefined;
  const ownHead = Object.hasOwn(to, 'writeHead') ? to.writeHead : undefined;
  function end(this: ServerResponse, ...args: unknown[]): ServerResponse {
    const inner = ownEnd ?? (above.end as End);
    const watched = this.req && watchedOf(this.req);
    return watched ? watched.inheritedEnd(this, inner, args) : inner.apply(this, args);
  }
  function writeHead(this: ServerResponse, ...args: unknown[]): ServerResponse {
    const inner = ownHead ?? above.writeHead;
    const watched = this.req && watchedOf(this.req);
    return watched ? watched.inheritedHead(this, inner, args) : inner.apply(this, args as never);
  }
  for (const value of [end, writeHead]) {
    Object.defineProperty(to, value.name, { configurable: true, enumerable: true, writable: true, value });
  }
}
