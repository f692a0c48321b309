import type { TokenAnswer } from '../wire/answer.js';

/** The tokens of one login. */
export interface TokenSet {
  /** What the provider's API wants to see. */
  readonly accessToken: string;
  /** How the access token is used: `Bearer`, or `DPoP` where it is bound to a key [RFC 9449]. */
  readonly tokenType: string;
  /** When the access token expires, in milliseconds since the epoch; absent where the provider does not say. */
  readonly expiresAt?: number;
  /** Brings new access tokens; absent where the provider gave none. */
  readonly refreshToken?: string;
  /** When the refresh token expires, in milliseconds since the epoch; absent where the provider does not say. */
  readonly refreshExpiresAt?: number;
  /** The last id_token that was taken, where the provider gives any; judged where its definition has `idToken`. */
  readonly idToken?: string;
  /** What was granted; what was asked for, where the provider does not say [RFC 6749 5.1]. */
  readonly scope: readonly string[];
  /** The provider's own answer, its members as they came. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** The tokens of a new login. */
export function issuedTokens(answer: TokenAnswer, requestedScope: readonly string[]): TokenSet {
  return { ...answer, scope: answer.scope ?? requestedScope };
}

/**
 * The tokens after a refresh: what came replaces what was, what did not come is kept [RFC 6749 6]. The lifetime of
 * the access token is never kept: it belonged to the old one.
 */
export function refreshedTokens(old: TokenSet, answer: TokenAnswer): TokenSet {
  const sameRefreshToken = answer.refreshToken === undefined || answer.refreshToken === old.refreshToken;
  const refreshToken = answer.refreshToken ?? old.refreshToken;
  const refreshExpiresAt = answer.refreshExpiresAt ?? (sameRefreshToken ? old.refreshExpiresAt : undefined);
  const idToken = answer.idToken ?? old.idToken;
  return {
    accessToken: answer.accessToken,
    tokenType: answer.tokenType,
    ...(answer.expiresAt !== undefined && { expiresAt: answer.expiresAt }),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
    ...(idToken !== undefined && { idToken }),
    scope: answer.scope ?? old.scope,
    raw: answer.raw,
  };
}

/** Milliseconds for which the access token is still good; negative once it has expired. */
export function timeLeft(tokens: { readonly expiresAt?: number }, now: number): number {
  return tokens.expiresAt === undefined ? Number.POSITIVE_INFINITY : tokens.expiresAt - now;
}

/** Whether there is a refresh token that has not itself expired. */
export function canRefresh(
  tokens: TokenSet,
  now: number,
): tokens is TokenSet & { readonly refreshToken: string } {
  return tokens.refreshToken !== undefined && (tokens.refreshExpiresAt ?? Number.POSITIVE_INFINITY) > now;
}
