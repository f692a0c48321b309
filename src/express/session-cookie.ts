import { parseCookie } from 'cookie';
import { sign, unsign } from 'cookie-signature';

/** What stands before a signed id in a cookie of express-session. */
const SIGNED = 's:';

/** How many `Cookie` headers are remembered at most, and how long they may be. */
const REMEMBERED = 1000;
const LONGEST = 4096;

/**
 * Finds the session id that a browser sent, if one of the secrets signed it. The format is that of express-session.
 * Browsers send the same header time and again, and checking a signature takes as long as reading the session: up to a
 * thousand headers that were right are remembered.
 */
export function sessionIdReader(
  name: string,
  secrets: readonly string[],
): (header: string | undefined) => string | undefined {
  const known = new Map<string, string>();
  return (header) => {
    if (header === undefined) return undefined;
    const remembered = known.get(header);
    if (remembered !== undefined) return remembered;
    const id = readSessionId(header, name, secrets);
    if (id === undefined || header.length > LONGEST) return id;
    if (known.size === REMEMBERED) known.clear();
    known.set(header, id);
    return id;
  };
}

function readSessionId(header: string, name: string, secrets: readonly string[]): string | undefined {
  // Some clients quote what they send [RFC 6265 4.1.1].
  const value = parseCookie(header)[name]?.replace(/^"(.*)"$/, '$1');
  if (value === undefined || !value.startsWith(SIGNED)) return undefined;
  const signed = value.slice(SIGNED.length);
  for (const secret of secrets) {
    const id = unsign(signed, secret);
    if (id) return id;
  }
  return undefined;
}

/** The value of the cookie, signed with the newest secret. */
export function signSessionId(id: string, [newest]: readonly string[]): string {
  return SIGNED + sign(id, newest as string);
}
