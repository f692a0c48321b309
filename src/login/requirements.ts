import { isPlainObject } from '../config.js';
import { ConfigurationError } from '../errors.js';

/** What an authorization request demands of the login, so that the id_token must say it. */
export interface Requirements {
  /** Seconds since the user proved who they are, at most. */
  readonly maxAge?: number;
  /** Ways of authentication (`acr`) of which the login must use one. */
  readonly acr?: readonly string[];
  /** Claims that must be there, where any value will do. */
  readonly essential?: readonly ('acr' | 'auth_time')[];
}

/**
 * Reads the demands out of the parameters of an authorization request. `acr_values` is only a wish to the provider; but
 * whoever sends it relies on it, so here it is a demand. To make a wish that may remain unfulfilled, use the parameter
 * `claims`, without `essential` [OpenID Connect Core 5.5.1.1].
 *
 * @throws ConfigurationError for values that would make every login fail.
 */
export function readRequirements({
  max_age,
  acr_values,
  claims,
}: Readonly<Record<string, string>>): Requirements {
  const asked = readIdTokenClaims(claims);
  const maxAge = readMaxAge(max_age);
  const acr = inBoth(
    readEssentialAcr(asked.acr),
    acr_values?.split(' ').filter((value) => value !== ''),
  );
  if (acr?.length === 0) {
    throw new ConfigurationError(
      'invalid_option',
      "No 'acr' can meet the parameters 'acr_values' and 'claims': name at least one value that meets both.",
    );
  }
  const values = { acr, auth_time: maxAge };
  const essential = (['acr', 'auth_time'] as const).filter(
    (claim) => values[claim] === undefined && isEssential(asked[claim]),
  );
  return {
    ...(maxAge !== undefined && { maxAge }),
    ...(acr && { acr }),
    ...(essential.length > 0 && { essential }),
  };
}

/** Each of two parameters is a demand of its own: neither may weaken the other. */
function inBoth(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): readonly string[] | undefined {
  return one && other ? one.filter((value) => other.includes(value)) : (one ?? other);
}

/** Seconds [OpenID Connect Core 3.1.2.1]. */
function readMaxAge(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,10}$/.test(value)) return Number(value);
  throw new ConfigurationError(
    'invalid_option',
    "The parameter 'max_age' must be a whole number of seconds.",
  );
}

function isEssential(claim: unknown): claim is Record<string, unknown> {
  return isPlainObject(claim) && claim.essential === true;
}

/** The values that are asked for, if any are [OpenID Connect Core 5.5.1.1]. */
function readEssentialAcr(acr: unknown): readonly string[] | undefined {
  if (!isEssential(acr)) return undefined;
  const values = acr.values ?? (acr.value === undefined ? undefined : [acr.value]);
  if (values === undefined) return undefined;
  if (Array.isArray(values) && values.every((one) => typeof one === 'string')) return values;
  throw new ConfigurationError(
    'invalid_option',
    "The parameter 'claims' must name values of 'acr' as strings.",
  );
}

/** What is asked of the id_token [OpenID Connect Core 5.5]. */
function readIdTokenClaims(claims: string | undefined): Record<string, unknown> {
  if (claims === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(claims);
    if (isPlainObject(parsed)) return isPlainObject(parsed.id_token) ? parsed.id_token : {};
  } catch {
    // A SyntaxError, which quotes the text: the message below says enough.
  }
  throw new ConfigurationError('invalid_option', "The parameter 'claims' must be a JSON object, as text.");
}
