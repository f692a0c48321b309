import { isPlainObject } from '../config.js';
import { ConfigurationError } from '../errors.js';

/** What an authorization request demands of the login, so that the id_token must say it. */
export interface Requirements {
  /** Seconds since the user proved who they are, at most. */
  readonly maxAge?: number;
  /** Ways of authentication (`acr`) of which the login must use one. */
  readonly acr?: readonly string[];
}

/**
 * Reads the demands out of the parameters of an authorization request. `acr_values` is no more than a wish to the
 * provider; who sends it relies on it all the same, so that it is a demand here. A wish that may be left unfulfilled is
 * made by the parameter `claims`, without `essential` [OpenID Connect Core 5.5.1.1].
 *
 * @throws ConfigurationError for values that would make every login fail.
 */
export function readRequirements({
  max_age,
  acr_values,
  claims,
}: Readonly<Record<string, string>>): Requirements {
  const maxAge = readMaxAge(max_age);
  const acr = readEssentialAcr(claims) ?? acr_values?.split(' ').filter((value) => value !== '');
  if (acr?.length === 0) {
    throw new ConfigurationError(
      'invalid_option',
      "The parameter 'acr_values' must name at least one value.",
    );
  }
  return { ...(maxAge !== undefined && { maxAge }), ...(acr && { acr }) };
}

/** Seconds [OpenID Connect Core 3.1.2.1]. */
function readMaxAge(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,10}$/.test(value)) return Number(value);
  throw new ConfigurationError('invalid_option', "The parameter 'max_age' must be a number of seconds.");
}

function readEssentialAcr(claims: string | undefined): readonly string[] | undefined {
  const { id_token } = parseClaims(claims);
  const acr = isPlainObject(id_token) ? id_token.acr : undefined;
  if (!isPlainObject(acr) || acr.essential !== true) return undefined;
  const values = acr.values ?? (acr.value === undefined ? undefined : [acr.value]);
  if (values === undefined) return undefined;
  if (Array.isArray(values) && values.every((one) => typeof one === 'string')) return values;
  throw new ConfigurationError(
    'invalid_option',
    "The parameter 'claims' must name values of 'acr' as strings.",
  );
}

function parseClaims(claims: string | undefined): Record<string, unknown> {
  if (claims === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(claims);
    if (isPlainObject(parsed)) return parsed;
  } catch {
    // A SyntaxError, which quotes the text: the message below says enough.
  }
  throw new ConfigurationError('invalid_option', "The parameter 'claims' must be a JSON object, as text.");
}
