import { createHash } from 'node:crypto';
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { isOAuthLoginError, ProviderProtocolError } from '../errors.js';
import type { IdTokenPolicy } from '../provider.js';

/** Clocks may differ by so many seconds. */
const TOLERANCE = 30;
/** An id_token that claims to live longer than ten years is nonsense. */
const LONGEST = 10 * 366 * 86_400;

export type IdTokenClaims = JWTPayload & { readonly iss: string; readonly sub: string };

/** What an id_token must say, besides being signed by the provider. */
export interface IdTokenExpectation {
  readonly issuer: string;
  readonly clientId: string;
  readonly policy: IdTokenPolicy;
  readonly algs: readonly string[];
  readonly keys: JWTVerifyGetKey;
  /** The access token that came along, for `at_hash`. */
  readonly accessToken: string;
  /** The nonce of the login. */
  readonly nonce?: string;
  /** Seconds; makes `auth_time` necessary. */
  readonly maxAge?: number;
  /** The claims of the id_token of the login, when this one came with a refresh [OpenID Connect Core 12.2]. */
  readonly previous?: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Judges an id_token [OpenID Connect Core 3.1.3.7, and 12.2 after a refresh]: signature, algorithm, and every claim
 * that openid-client leaves unchecked. Keys come from the provider's key set only, never from the token's header.
 *
 * @throws ProviderProtocolError `id_token_invalid` when the token is refuted.
 * @throws ProviderUnavailableError when the keys cannot be had, so that nothing is known about the token.
 */
export async function verifyIdToken(idToken: string, expected: IdTokenExpectation): Promise<IdTokenClaims> {
  const { payload, protectedHeader } = await jwtVerify(idToken, expected.keys, {
    issuer: expected.issuer,
    audience: expected.clientId,
    algorithms: [...expected.algs],
    clockTolerance: TOLERANCE,
    currentDate: new Date(expected.now),
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
  }).catch((error: unknown) => {
    if (isOAuthLoginError(error)) throw error;
    if (error instanceof errors.JOSEError || error instanceof TypeError)
      // jose's own errors carry the claims: their code will do.
      throw refuted(
        'signature or claims',
        new Error(error instanceof errors.JOSEError ? error.code : error.name),
      );
    throw error;
  });
  // Typed as a string, but nobody has looked.
  const typ: unknown = protectedHeader.typ;
  if (typ !== undefined && String(typ).toLowerCase() !== 'jwt') throw refuted('typ');
  checkSubject(payload.sub);
  checkTimes(payload, expected);
  checkAudience(payload, expected);
  if (expected.previous) checkSame(payload, expected.previous);
  else checkNonce(payload.nonce, expected);
  if (
    payload.at_hash !== undefined &&
    payload.at_hash !== halfHash(expected.accessToken, protectedHeader.alg)
  ) {
    throw refuted('at_hash');
  }
  return payload as IdTokenClaims;
}

function refuted(what: string, cause?: unknown): ProviderProtocolError {
  return new ProviderProtocolError('id_token_invalid', `The provider's id_token is not valid: ${what}.`, {
    cause,
  });
}

function checkSubject(sub: unknown): void {
  if (typeof sub !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(sub)) throw refuted('sub');
}

function checkTimes({ iat, exp, auth_time }: JWTPayload, { now, maxAge }: IdTokenExpectation): void {
  const seconds = now / 1000;
  if (typeof iat !== 'number' || iat > seconds + TOLERANCE) throw refuted('iat');
  if (typeof exp !== 'number' || exp > seconds + LONGEST) throw refuted('exp');
  if (maxAge === undefined) return;
  if (typeof auth_time !== 'number' || auth_time + maxAge < seconds - TOLERANCE) throw refuted('auth_time');
}

function checkAudience({ aud, azp }: JWTPayload, { clientId, policy }: IdTokenExpectation): void {
  const trusted = [clientId, ...policy.audiences];
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.every((one) => trusted.includes(one as string))) throw refuted('aud');
  if (azp !== undefined && azp !== clientId) throw refuted('azp');
}

function checkNonce(nonce: unknown, expected: IdTokenExpectation): void {
  if (nonce === undefined && expected.policy.nonce === 'if-present') return;
  if (nonce !== expected.nonce) throw refuted('nonce');
}

/** The user, the issuer and the time of the login do not change by a refresh. */
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
