import type { Request } from 'express';
import { isPlainObject, OptionReader } from '../config.js';
import { AuthorizationDeniedError } from '../errors.js';
import { CLOCK_TOLERANCE } from '../limits.js';
import type { Login } from './options.js';
import type { SessionLogin } from './session-data.js';

/** Options of `requireLogin`. */
export interface RequireLoginOptions {
  /** The name of the provider. Default: the login that came first in the session. */
  provider?: string;
  /** Scopes that the login must have, all of them. Default: none. */
  scope?: string | readonly string[];
  /** Claims that the user must have: this value, or one of these values. Default: none. */
  claims?: Readonly<Record<string, unknown>>;
  /** A check of your own. Anything but `true` is a no. Default: none. */
  check?: (login: Login, req: Request) => boolean | Promise<boolean>;
  /**
   * Seconds since the user proved who they are (`auth_time`, else the login) after which they must do so again. Clocks may
   * differ: an `auth_time` that is up to 30 s older will do. Default: any time.
   */
  maxAge?: number;
  /**
   * Ways of authentication (`acr`) of which the login must have used one. A browser's navigation is sent to the provider
   * with these as `acr_values`; whoever comes back with less gets 403 [OpenID Connect Core 3.1.3.7, RFC 9470]. Default: any.
   */
  acr?: string | readonly string[];
}

/** {@link RequireLoginOptions} that were read and checked. */
export interface Rules {
  readonly provider: string | undefined;
  readonly scope: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly check: RequireLoginOptions['check'];
  readonly maxAge: number | undefined;
  readonly acr: readonly string[];
}

/** @throws ConfigurationError naming the option and the fix. */
export function parseRules(options: unknown): Rules {
  const read = new OptionReader('requireLogin', options);
  for (const [name, value] of Object.entries(options as object)) {
    if (value === undefined || value === null)
      throw read.wrong(name, value, 'give a value, or leave the option out');
  }
  const claims = read.any('claims') ?? {};
  if (!isPlainObject(claims))
    throw read.wrong('claims', claims, 'give an object of claims and the values they must have');
  for (const [claim, value] of Object.entries(claims)) {
    const values = Array.isArray(value) ? value : [value];
    if (values.length === 0 || !values.every((one) => ['string', 'number', 'boolean'].includes(typeof one))) {
      throw read.wrong(`claims.${claim}`, value, 'give a string, number or boolean, or a list of them');
    }
  }
  const [scope = [], acr = []] = (['scope', 'acr'] as const).map((name) => {
    const words = read.words(name, []);
    if (read.any(name) === undefined || words.length > 0) return words;
    throw read.wrong(name, read.any(name), 'name at least one, or leave the option out');
  });
  if (read.any('maxAge') === 0) {
    const fix =
      "nobody can have logged in at this very moment: give at least 1, or ask at every visit with req.oauth.redirectToLogin({ params: { prompt: 'login' } })";
    throw read.wrong('maxAge', 0, fix, '0');
  }
  const rules: Rules = {
    provider: read.optionalString('provider', 'give the name of a provider'),
    scope,
    claims,
    check: read.function('check', 'give a function of the login and the request'),
    maxAge: read.any('maxAge') === undefined ? undefined : read.wholeSeconds('maxAge', 1),
    acr,
  };
  read.end();
  return Object.freeze(rules);
}

/** Whether it is not too long ago that the user proved who they are. */
export function isRecent({ maxAge }: Rules, { loggedInAt, user }: SessionLogin): boolean {
  if (maxAge === undefined) return true;
  const authTime = user.claims.auth_time;
  // Providers that do not know the time say 0, or less: that is as good as none.
  if (typeof authTime !== 'number' || authTime <= 0) return Date.now() - loggedInAt <= maxAge * 1000;
  const age = Date.now() - authTime * 1000;
  const tolerance = CLOCK_TOLERANCE * 1000;
  // A time in the future, such as one in milliseconds, would be recent for ever.
  return age >= -tolerance && age <= maxAge * 1000 + tolerance;
}

/** Whether the user proved who they are in one of the ways that are good enough. */
export function isStrong({ acr }: Rules, { user }: SessionLogin): boolean {
  return acr.length === 0 || acr.includes(user.claims.acr as string);
}

/**
 * Whether a login has what the rules want of its scopes and claims.
 *
 * @throws AuthorizationDeniedError when it has not.
 */
export function authorize(rules: Rules, { user, scope }: SessionLogin): void {
  const lacking = rules.scope.find((one) => !scope.includes(one));
  if (lacking !== undefined) {
    throw new AuthorizationDeniedError(
      'insufficient_scope',
      `This needs the scope ${lacking}, which was not granted.`,
    );
  }
  for (const [claim, wanted] of Object.entries(rules.claims)) {
    if (!matches(user.claims[claim], wanted)) {
      throw new AuthorizationDeniedError(
        'claim_mismatch',
        `This needs another value of the claim ${claim} than this user has.`,
      );
    }
  }
}

/** @throws AuthorizationDeniedError unless the app's own check says `true`. */
export async function check(asked: NonNullable<Rules['check']>, login: Login, req: Request): Promise<true> {
  if ((await asked(login, req)) === true) return true;
  throw new AuthorizationDeniedError('check_failed', 'This user may not do this.');
}

/** Whether a claim, or one of its values where it is a list, is one of the wanted values. */
function matches(claim: unknown, wanted: unknown): boolean {
  const has = Array.isArray(claim) ? claim : [claim];
  const any = Array.isArray(wanted) ? wanted : [wanted];
  return has.some((value) => any.includes(value));
}
