import session, { type CookieOptions } from 'express-session';
import type { OptionReader } from '../config.js';

const Cookie = session.Cookie as unknown as new (
  options: CookieOptions,
) => session.Cookie & { serialize(name: string, value: string): string };

const SAME_SITES = [true, false, 'lax', 'strict', 'none', 'auto'];

/**
 * Reads the option `cookie`: those of express-session that have an effect. What browsers would not take is refused here,
 * as it would look like a session that is lost at every request.
 *
 * @param name that of the cookie, `undefined` for the default.
 */
export function readCookieOptions(read: OptionReader, name: string | undefined): CookieOptions {
  const cookie = read.group('cookie');
  const flag = (option: string) =>
    cookie.any(option) === undefined ? undefined : cookie.boolean(option, false);
  const secure: boolean | 'auto' | undefined = cookie.any('secure') === 'auto' ? 'auto' : flag('secure');
  const sameSite = cookie.any('sameSite');
  if (sameSite !== undefined && !SAME_SITES.includes(sameSite as string)) {
    throw cookie.wrong('sameSite', sameSite, "give 'lax', 'strict', 'none', true or false");
  }
  // It has no effect: the cookie is always signed.
  if (flag('signed') === false)
    throw cookie.wrong('signed', false, 'leave it out, the cookie is always signed');
  const options = {
    domain: readPart(cookie, 'domain', 'give a host name, such as example.com'),
    path: readPart(cookie, 'path', 'give a path that begins with a slash'),
    httpOnly: flag('httpOnly'),
    secure,
    sameSite,
    maxAge: readMaxAge(cookie),
    expires: readExpires(cookie),
    priority:
      cookie.any('priority') === undefined
        ? undefined
        : cookie.oneOf('priority', ['low', 'medium', 'high'], 'medium'),
    partitioned: flag('partitioned'),
  };
  cookie.end();
  refuseConflicts(read, name, options);
  // Those that are undefined would hide the defaults.
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as CookieOptions;
}

/** A part of the cookie's text, as far as the cookie can be written with it. */
function readPart(cookie: OptionReader, option: 'domain' | 'path', fix: string): string | undefined {
  const value = cookie.optionalString(option, fix);
  if (value === undefined) return undefined;
  try {
    new Cookie({ [option]: value }).serialize('a', 'b');
  } catch {
    throw cookie.wrong(option, value, fix);
  }
  if (option === 'path' && !value.startsWith('/')) throw cookie.wrong(option, value, fix);
  return value;
}

function readMaxAge(cookie: OptionReader): number | null | undefined {
  const value = cookie.any('maxAge');
  if (value === undefined || value === null) return value;
  const fix = 'give a number of milliseconds, more than 0';
  if (typeof value !== 'number') throw cookie.wrong('maxAge', value, fix);
  const isPossible = value > 0 && !Number.isNaN(new Date(Date.now() + value).getTime());
  if (!isPossible) throw cookie.wrong('maxAge', value, fix, String(value));
  return value;
}

function readExpires(cookie: OptionReader): Date | null | undefined {
  const value = cookie.any('expires');
  if (value === undefined || value === null) return value;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  throw cookie.wrong('expires', value, 'give a Date, or leave it out');
}

interface Given {
  readonly domain: string | undefined;
  readonly path: string | undefined;
  readonly secure: boolean | 'auto' | undefined;
  readonly sameSite: unknown;
}

/** What browsers ask of names with a prefix [RFC 6265bis 4.1.3], and of cookies for other sites. */
function refuseConflicts(read: OptionReader, name: string | undefined, given: Given): void {
  const { domain, path = '/', secure, sameSite } = given;
  // The default name goes with how a request came, as 'auto' does.
  const isPlain = secure === false || (secure === 'auto' && name !== undefined);
  const isElsewhere = domain !== undefined || path !== '/';
  if (/^__host-/i.test(name ?? '__Host-') && (isPlain || isElsewhere)) {
    throw read.conflict(
      name === undefined
        ? "a `cookie` with a domain, with a path or without Secure needs a `name` of its own: the default name begins with '__Host-'. Add one."
        : "a `cookie` whose `name` begins with '__Host-' has Secure and neither a domain nor a path, or browsers refuse it. Use another name.",
    );
  }
  if (name !== undefined && /^__secure-/i.test(name) && isPlain) {
    throw read.conflict(
      "a `cookie` whose `name` begins with '__Secure-' has Secure, or browsers refuse it. Use another name.",
    );
  }
  if (secure === false && sameSite === 'none') {
    throw read.conflict(
      "a `cookie` with sameSite: 'none' is refused by browsers without Secure. Use 'lax', or leave out secure: false.",
    );
  }
}
