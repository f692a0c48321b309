/** Longer ones are not kept. */
const LONGEST = 2048;

/** Nobody's origin [RFC 2606 2], for paths that are judged where the app's own is not known, or does not matter. */
const NOWHERE = 'http://app.invalid';

/**
 * Decides where a browser may be sent: to a path of this app, and nowhere else. Every URL that comes in passes here,
 * whether it came in a query, as a request target or by configuration. Decided by parsing as a browser would, not by
 * looking for bad characters.
 *
 * @returns the path with query and fragment as a browser would request it, or `undefined`.
 */
export function parseReturnTo(value: unknown, origin = NOWHERE): string | undefined {
  if (typeof value !== 'string' || value.length > LONGEST || !value.startsWith('/')) return undefined;
  // Browsers drop tabs and newlines and take `\` for `/`: no honest path has them unescaped.
  if (/[\p{Cc}\\]/u.test(value) || !URL.canParse(value, origin)) return undefined;
  const url = new URL(value, origin);
  if (url.origin !== new URL(origin).origin) return undefined;
  const path = url.pathname + url.search + url.hash;
  // Dot segments can leave a path that begins with `//`, which the next parser takes for a host.
  return path.startsWith('//') || path.length > LONGEST ? undefined : path;
}

/** A path of this app with a `returnTo` in its query. */
export function withReturnTo(path: string, returnTo: string | undefined): string {
  if (returnTo === undefined) return path;
  const url = new URL(path, NOWHERE);
  url.searchParams.set('returnTo', returnTo);
  return url.pathname + url.search + url.hash;
}
