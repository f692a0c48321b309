import { IncomingMessage } from 'node:http';

const known = new WeakMap<object, boolean>();

/**
 * Lets all requests inherit properties. Express changes the prototype of every request, after which each property that
 * is added to it costs V8 more than a microsecond; what few requests use is cheaper inherited. From `express.request`,
 * which belongs to all apps of the process: an app that is called by another one as a mere function gives the
 * request its own `app.request`, and no more.
 *
 * @returns whether the request inherits them: one that Express did not make does not.
 */
export function inheritFromExpress(req: object, properties: PropertyDescriptorMap): boolean {
  const own = Object.getPrototypeOf(req) as object;
  let inherits = known.get(own);
  if (inherits === undefined) {
    const shared = expressRequest(own);
    if (shared) Object.defineProperties(shared, properties);
    inherits = shared !== undefined;
    known.set(own, inherits);
  }
  return inherits;
}

/** What the `app.request` of every app inherits from; those of mounted apps inherit from that of the app around them. */
function expressRequest(prototype: object): object | undefined {
  for (let at = prototype; at !== null && at !== IncomingMessage.prototype; ) {
    const next = Object.getPrototypeOf(at) as object;
    if (next !== null && Object.getPrototypeOf(next) === IncomingMessage.prototype) return next;
    at = next;
  }
  return undefined;
}
