import { isPlainObject } from '../config.js';
import type { Dialect, StandardError, SuccessRule, WireResponse } from '../dialect.js';
import {
  ProviderProtocolError,
  ProviderRejectedError,
  ProviderUnavailableError,
  retryAfter,
} from '../errors.js';
import { at, firstOf } from './dialect.js';

/** Whether whoever has a token can use it, or only the holder of the key to which it is bound [RFC 9449]. */
export type TokenType = 'Bearer' | 'DPoP';

/** What a token endpoint gave, in our terms. What the provider left out is absent. */
export interface TokenAnswer {
  readonly accessToken: string;
  readonly tokenType: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch. */
  readonly refreshExpiresAt?: number;
  readonly idToken?: string;
  readonly scope?: readonly string[];
  /** The provider's own answer, its members as they came. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Throws what an answer that is not a success means [RFC 6749 5.2]; returns the body of one that is. */
export function readSuccess(
  response: WireResponse,
  dialect: Dialect,
  success: SuccessRule | undefined = dialect.answer?.success,
): Record<string, unknown> {
  const { status, body } = response;
  if (status >= 300 && status < 400) {
    throw new ProviderProtocolError(
      'provider_protocol',
      `The provider redirected the request (HTTP ${status}).`,
    );
  }
  const error = firstOf(body, ['error']);
  // A dialect may tell success in its own way, but a standard error is never one. Some say `error: 0`, and some tell
  // success within `error` itself.
  const failed = success
    ? !isAmong(at(body, success.path), success) || (success.path[0] !== 'error' && Boolean(error))
    : error !== undefined;
  if (status >= 400 || failed) throw rejection(response, dialect);
  if (!isPlainObject(body)) {
    throw new ProviderProtocolError('provider_protocol', "The provider's answer is not a JSON object.");
  }
  return body;
}

function isAmong(value: unknown, { values, absent = false }: SuccessRule): boolean {
  if (value === undefined || value === null) return absent;
  return typeof value !== 'object' && values.includes(String(value));
}

/** What a refusal means. Only a clear `invalid_grant` may ever end a login, so nothing else is taken for one. */
function rejection(response: WireResponse, dialect: Dialect): Error {
  const { status, headers, body } = response;
  const { code: names = ['error'], requestId: ids = [], map = {} } = dialect.error ?? {};
  const value = firstAt(body, names);
  const providerCode = typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  const id = firstAt(body, ids) ?? ids.map((name) => headers.get(name)).find((header) => header !== null);
  const details = {
    ...(providerCode !== undefined && { providerCode }),
    ...(typeof id === 'string' && { requestId: id.slice(0, 255) }),
  };
  const mapped = providerCode !== undefined && Object.hasOwn(map, providerCode);
  const error = mapped ? map[providerCode] : (providerCode as StandardError | undefined);
  if (
    status === 429 ||
    status === 408 ||
    status >= 500 ||
    error === 'temporarily_unavailable' ||
    error === 'server_error'
  ) {
    return new ProviderUnavailableError(
      'provider_unavailable',
      `The provider cannot serve now (HTTP ${status}).`,
      {
        ...details,
        headers: retryAfter(readRetryAfter(headers.get('retry-after') ?? '') ?? 1000),
      },
    );
  }
  switch (error) {
    case 'invalid_grant':
      return new ProviderRejectedError(
        'invalid_grant',
        'The provider no longer accepts this code or refresh token.',
        details,
      );
    case 'invalid_client':
    case 'unauthorized_client':
      return new ProviderRejectedError(
        'invalid_client',
        "The provider refuses this app's client id, secret or key. Compare them with its console.",
        details,
      );
    case undefined:
      return new ProviderProtocolError(
        'provider_protocol',
        `The provider refused without a reason (HTTP ${status}).`,
        details,
      );
    default:
      return new ProviderRejectedError(
        'provider_rejected',
        `The provider refused the request (HTTP ${status}).`,
        details,
      );
  }
}

/** The first of several members, and members of members, that is there. */
function firstAt(body: unknown, names: readonly string[]): unknown {
  return names
    .map((name) => at(body, name.split('.')))
    .find((value) => value !== undefined && value !== null);
}

/** Milliseconds until a `Retry-After` [RFC 9110 10.2.3], at most 60 s. */
function readRetryAfter(header: string): number | undefined {
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(milliseconds) ? Math.min(Math.max(milliseconds, 0), 60_000) : undefined;
}

/**
 * Reads a token answer. Lifetimes count from when the request was sent, so that no token is thought to live longer
 * than it does.
 */
export function readTokenAnswer(
  body: Record<string, unknown>,
  dialect: Dialect,
  sentAt: number,
  tokenType: TokenType = 'Bearer',
): TokenAnswer {
  const rules = dialect.answer ?? {};
  const raw = rules.envelope ? at(body, rules.envelope) : body;
  if (!isPlainObject(raw)) throw nonsense('there is no object at the envelope path of the dialect');
  const expiresIn = readLifetime(firstOf(raw, rules.expiresIn ?? ['expires_in']), 'expires_in');
  const expiresAt =
    expiresIn === undefined ? readTime(firstOf(raw, rules.expiresAt ?? [])) : sentAt + expiresIn;
  const refreshExpiresIn = readLifetime(
    firstOf(raw, rules.refreshExpiresIn ?? ['refresh_expires_in', 'refresh_token_expires_in']),
    'refresh_expires_in',
  );
  const accessToken = readToken(firstOf(raw, rules.accessToken ?? ['access_token']), 'access_token');
  if (accessToken === undefined) throw nonsense('it holds no access_token');
  const refreshToken = readToken(firstOf(raw, rules.refreshToken ?? ['refresh_token']), 'refresh_token');
  const idToken = readToken(firstOf(raw, ['id_token']), 'id_token');
  const scope = readScope(firstOf(raw, ['scope']), rules.scopeDelimiter);
  return {
    accessToken,
    tokenType: readTokenType(firstOf(raw, ['token_type']), tokenType),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(refreshToken !== undefined && { refreshToken }),
    // Some send 0 for a refresh token that does not expire. One that has expired is refused when it is used.
    ...(refreshExpiresIn && { refreshExpiresAt: sentAt + refreshExpiresIn }),
    ...(idToken !== undefined && { idToken }),
    ...(scope && { scope }),
    raw,
  };
}

function nonsense(what: string): ProviderProtocolError {
  return new ProviderProtocolError(
    'provider_protocol',
    `The provider's token answer makes no sense: ${what}.`,
  );
}

function readToken(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  // The character set of tokens [RFC 6749 appendix A.12]: nothing that could break out of a header.
  if (typeof value !== 'string' || !/^[\x20-\x7e]+$/.test(value))
    throw nonsense(`${name} is not a string of printable ASCII characters`);
  return value;
}

/**
 * A token type that was not asked for is refused: a bound one would need proofs that we cannot make, and an unbound one
 * would lack the protection that the app relies on [RFC 9449 5].
 */
function readTokenType(value: unknown, expected: TokenType): TokenType {
  if (value === undefined && expected === 'Bearer') return expected;
  if (typeof value !== 'string' || value.toLowerCase() !== expected.toLowerCase()) {
    throw nonsense(
      expected === 'Bearer'
        ? 'token_type is not Bearer'
        : "token_type is not DPoP, which the option 'dpop' requires",
    );
  }
  return expected;
}

/** A lifetime in seconds, number or numeric string, as milliseconds. */
function readLifetime(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  const seconds = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds >= 0) || seconds > Number.MAX_SAFE_INTEGER / 1e6) {
    throw nonsense(`${name} is not a number of seconds`);
  }
  return seconds * 1000;
}

function readTime(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw nonsense('the time of expiry is not an ISO 8601 date');
  return time;
}

function readScope(value: unknown, delimiter?: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const list = typeof value === 'string' ? value.split(delimiter ?? ' ') : value;
  if (!Array.isArray(list) || !list.every((one) => typeof one === 'string'))
    throw nonsense('scope is neither a string nor a list of strings');
  return (list as string[]).filter((one) => one !== '');
}
