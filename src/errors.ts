/**
 * Every reason for which this library refuses something, with the HTTP status it asks for.
 * The README explains each code in one line.
 */
const statusOf = {
  // ConfigurationError
  invalid_option: 500,
  unknown_option: 500,
  missing_option: 500,
  conflicting_options: 500,
  session_missing: 500,
  insecure_transport: 500,
  unknown_provider: 500,
  // TransactionError
  callback_malformed: 400,
  transaction_missing: 400,
  transaction_unknown: 400,
  provider_mismatch: 400,
  issuer_mismatch: 400,
  // AuthorizationDeniedError
  access_denied: 403,
  user_not_allowed: 403,
  login_vetoed: 403,
  insufficient_scope: 403,
  insufficient_user_authentication: 403,
  claim_mismatch: 403,
  check_failed: 403,
  cross_site_request: 403,
  navigation_required: 403,
  // LoginRequiredError
  login_required: 401,
  login_ended: 401,
  // ProviderRejectedError
  provider_rejected: 502,
  invalid_grant: 502,
  invalid_client: 502,
  // ProviderProtocolError
  provider_protocol: 502,
  id_token_invalid: 502,
  // ProviderUnavailableError
  provider_unavailable: 503,
  provider_timeout: 503,
  refresh_timeout: 503,
  // StoreUnavailableError
  store_unavailable: 503,
} as const;

/** The stable code of an {@link OAuthLoginError}: classify by it (or by class), never by message. */
export type OAuthLoginErrorCode = keyof typeof statusOf;

/** What an error can carry besides its message. */
export interface OAuthLoginErrorDetails {
  /** What went wrong underneath. Not for display: it may hold what a provider sent. */
  cause?: unknown;
  /** Headers for the answer, as http-errors has them: Express' own error handler sends them too. */
  headers?: Record<string, string>;
  /** Where the user can log in (again). */
  loginUrl?: string;
  /** The provider's own error code (`invalid_grant`, `60008`, …). Left out where it does not look like one. */
  providerCode?: string;
  /** The provider's own id of the failed request, for its support desk. Attacker-controlled text: escape it. */
  requestId?: string;
  /** Whether the request may have been carried out, and only its answer was lost. */
  outcomeUnknown?: boolean;
}

/**
 * Base of every error of this library, in the convention of http-errors: `status` and `headers` say how to answer,
 * `expose` whether the message may be shown to a user. No message holds a token, a secret, or text that a browser
 * or a provider sent.
 */
export class OAuthLoginError extends Error {
  /** Why: classify by it, or by class. */
  readonly code: OAuthLoginErrorCode;
  /** The HTTP status to answer with. */
  readonly status: number;
  /** The same as `status`, under the other name that Express' handlers look for. */
  readonly statusCode: number;
  /** Whether the message may be shown to a user: for statuses below 500. */
  readonly expose: boolean;
  /** Headers for the answer, such as `Retry-After`. */
  readonly headers?: Record<string, string>;
  /** Where the user can log in (again). */
  readonly loginUrl?: string;
  /** The provider's own error code, if it is a word of up to 64 letters, digits and `_.:-`. Whoever sent it may have made it up. */
  readonly providerCode?: string;
  /** The provider's own id of the failed request. Attacker-controlled text: escape it. */
  readonly requestId?: string;
  /** Whether the request to the provider may have been carried out, and only its answer was lost. */
  readonly outcomeUnknown?: boolean;

  constructor(code: OAuthLoginErrorCode, message: string, details: OAuthLoginErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = this.statusCode = statusOf[code];
    this.expose = this.status < 500;
    if (details.headers) this.headers = details.headers;
    if (details.loginUrl) this.loginUrl = details.loginUrl;
    // A provider may repeat what it was sent, a secret or a token, in the place of a code.
    if (looksLikeCode(details.providerCode)) this.providerCode = details.providerCode;
    if (details.requestId) this.requestId = details.requestId;
    if (details.outcomeUnknown) this.outcomeUnknown = true;
  }
}

/** An option, or the way things are put together, is wrong. Thrown at construction wherever that can be seen there. Status 500. */
export class ConfigurationError extends OAuthLoginError {}

/** A callback that belongs to no open login of this browser: missing, expired, replayed, or forged. Status 400. */
export class TransactionError extends OAuthLoginError {}

/** Somebody said no: the user, the provider's policy, `onLogin`, or a guard's scope, claims or check. Status 403. */
export class AuthorizationDeniedError extends OAuthLoginError {}

/** There is no login, or it has ended. Status 401. */
export class LoginRequiredError extends OAuthLoginError {}

/** The provider understood the request and refused it [RFC 6749 5.2]. Status 502. */
export class ProviderRejectedError extends OAuthLoginError {}

/** The provider answered something that its protocol does not allow. Status 502. */
export class ProviderProtocolError extends OAuthLoginError {}

/** The provider cannot be reached, is too slow, or says itself that it cannot serve now. Status 503 with `Retry-After`. */
export class ProviderUnavailableError extends OAuthLoginError {}

/** Redis cannot be reached or is too slow. The user's login is untouched. Status 503 with `Retry-After`. */
export class StoreUnavailableError extends OAuthLoginError {}

function looksLikeCode(text: string | undefined): text is string {
  return text !== undefined && /^[\w.:-]{1,64}$/.test(text);
}

/** What events tell of an error: its code, and the provider's own. */
export function errorCodes(error: unknown): {
  error: OAuthLoginErrorCode | 'unknown';
  providerError?: string;
} {
  if (!isOAuthLoginError(error)) return { error: 'unknown' };
  return {
    error: error.code,
    ...(error.providerCode !== undefined && { providerError: error.providerCode }),
  };
}

/** Whether a value is an error of this library, even when it comes from a second copy of the package. */
export function isOAuthLoginError(value: unknown): value is OAuthLoginError {
  return (
    value instanceof Error &&
    typeof (value as { code?: unknown }).code === 'string' &&
    Object.hasOwn(statusOf, (value as { code?: string }).code as string) &&
    typeof (value as { expose?: unknown }).expose === 'boolean'
  );
}

/** Seconds for a `Retry-After` header: whole, and at least one. */
export function retryAfter(milliseconds: number): Record<string, string> {
  return { 'Retry-After': String(Math.max(1, Math.ceil(milliseconds / 1000))) };
}
