import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { AuthorizationDeniedError, ProviderProtocolError } from '../errors.js';
import { CLOCK_TOLERANCE } from '../limits.js';
import { LOGOUT_EVENT } from './logout-token.js';
import { isSubject, type SignedTokenExpectation, verifySignedToken } from './signed-token.js';

export type IdTokenClaims = JWTPayload & { readonly iss: string; readonly sub: string };

/** What an id_token must say, besides being signed by the provider. */
export interface IdTokenExpectation extends SignedTokenExpectation {
  /** The access token that came along, for `at_hash`. */
  readonly accessToken: string;
  /** The nonce of the login. */
  readonly nonce?: string;
  /** Seconds since `auth_time`, at most; makes that claim necessary. */
  readonly maxAge?: number;
  /** What was asked for as `acr`; the token must name one of these. */
  readonly acr?: readonly string[];
  /** What was asked for as essential, where any value will do [OpenID Connect Core 5.5.1]. */
  readonly essential?: readonly ('acr' | 'auth_time')[];
  /** The claims of the id_token of the login, when this one came with a refresh [OpenID Connect Core 12.2]. */
  readonly previous?: Readonly<Record<string, unknown>>;
}

/**
 * Judges an id_token [OpenID Connect Core 3.1.3.7, and 12.2 after a refresh]: signature, algorithm, and every claim
 * that openid-client leaves unchecked. Keys come from the provider's key set only, never from the token's header.
 *
 * @throws ProviderProtocolError `id_token_invalid` when the token is refuted.
 * @throws AuthorizationDeniedError when the user did not prove who they are in one of the ways that were asked for.
 * @throws ProviderUnavailableError when the keys cannot be had, so that nothing is known about the token.
 */
export async function verifyIdToken(idToken: string, expected: IdTokenExpectation): Promise<IdTokenClaims> {
  const { payload, protectedHeader } = await verifySignedToken(idToken, expected, {
    types: ['jwt'],
    refuted,
  });
  // A logout token of a provider that does not name its type is signed by the same keys, for the same audience.
  if (Object.hasOwn(Object(payload.events), LOGOUT_EVENT)) throw refuted('events');
  if (!isSubject(payload.sub)) throw refuted('sub');
  checkAuthTime(payload, expected);
  if (payload.azp !== undefined && payload.azp !== expected.clientId) throw refuted('azp');
  if (expected.previous) checkSame(payload, expected.previous);
  else checkNonce(payload.nonce, expected);
  if (
    payload.at_hash !== undefined &&
    payload.at_hash !== halfHash(expected.accessToken, protectedHeader.alg)
  ) {
    throw refuted('at_hash');
  }
  checkAcr(payload, expected);
  return payload as IdTokenClaims;
}

function refuted(what: string, cause?: unknown): ProviderProtocolError {
  return new ProviderProtocolError('id_token_invalid', `The provider's id_token is not valid: ${what}.`, {
    cause,
  });
}

function checkAuthTime({ auth_time }: JWTPayload, { now, maxAge, essential }: IdTokenExpectation): void {
  if (maxAge === undefined && !essential?.includes('auth_time')) return;
  const seconds = now / 1000;
  // Providers that do not know the time say 0, or less; a time in milliseconds would be recent for ever.
  if (typeof auth_time !== 'number' || auth_time <= 0 || auth_time > seconds + CLOCK_TOLERANCE)
    throw refuted('auth_time');
  if (maxAge !== undefined && auth_time + maxAge < seconds - CLOCK_TOLERANCE) throw refuted('auth_time');
}

/** The token itself is good; the way in which the user proved who they are is not [OpenID Connect Core 3.1.3.7, 12]. */
function checkAcr({ acr }: JWTPayload, { acr: asked, essential }: IdTokenExpectation): void {
  const given = typeof acr === 'string' && acr !== '';
  if (asked ? asked.includes(acr as string) : given || !essential?.includes('acr')) return;
  throw new AuthorizationDeniedError(
    'insufficient_user_authentication',
    'This needs a stronger login than the one just made.',
  );
}

function checkNonce(nonce: unknown, expected: IdTokenExpectation): void {
  if (nonce === undefined && expected.policy.nonce === 'if-present') return;
  if (nonce !== expected.nonce) throw refuted('nonce');
}

/** The user, the issuer and the time of the login do not change with a refresh. */
function checkSame(payload: JWTPayload, previous: Readonly<Record<string, unknown>>): void {
  for (const claim of ['iss', 'sub'] as const) if (payload[claim] !== previous[claim]) throw refuted(claim);
  for (const claim of ['auth_time', 'nonce', 'azp'] as const) {
    const [before, after] = [previous[claim], payload[claim]];
    if (before !== undefined && after !== undefined && before !== after) throw refuted(claim);
  }
}

/** The left half of a hash of the access token [OpenID Connect Core 3.1.3.6]. */
function halfHash(accessToken: string, alg: string): string {
  const bits = /(256|384|512)$/.exec(alg)?.[1] ?? '512';
  const digest = createHash(`sha${bits}`).update(accessToken, 'ascii').digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}
