import { parseCookie } from 'cookie';
import { sign, unsign } from 'cookie-signature';

/** Before the id in a cookie of express-session: signed. */
const SIGNED = 's:';

/** The session id that the browser sent, if one of the secrets signed it. The format is that of express-session. */
export function readSessionId(
  header: string | undefined,
  name: string,
  secrets: readonly string[],
): string | undefined {
  if (header === undefined) return undefined;
  const value = parseCookie(header)[name];
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
