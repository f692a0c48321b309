import { IncomingMessage } from 'node:http';

const known = new WeakMap<object, boolean>();

/**
 * Lets all requests of an app inherit properties. Express changes the prototype of every request, after which each
 * property that is added to it costs V8 more than a microsecond; what few requests use is cheaper inherited.
 *
 * @returns whether the request inherits them: one that Express did not make does not.
 */
export function inheritFromApp(req: object, properties: PropertyDescriptorMap): boolean {
  const own = Object.getPrototypeOf(req) as object;
  let inherits = known.get(own);
  if (inherits === undefined) {
    const shared = requestOfOutermostApp(own);
    if (shared) Object.defineProperties(shared, properties);
    inherits = shared !== undefined;
    known.set(own, inherits);
  }
  return inherits;
}

/** `app.request` of the app that holds all others: theirs inherit from it, and a request may leave a mounted app. */
function requestOfOutermostApp(prototype: object): object | undefined {
  for (let at = prototype; at !== null; at = Object.getPrototypeOf(at)) {
    // `express.request` belongs to all apps of the process.
    const express = Object.getPrototypeOf(at);
    if (express !== null && Object.getPrototypeOf(express) === IncomingMessage.prototype) return at;
    if (at === IncomingMessage.prototype) return undefined;
  }
  return undefined;
}
