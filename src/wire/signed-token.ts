import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyResult, jwtVerify } from 'jose';
import type { ServerMetadata } from 'openid-client';
import { CLOCK_TOLERANCE } from '../limits.js';
import type { IdTokenPolicy } from '../provider.js';

/** A token that claims to live longer than ten years is nonsense. */
const LONGEST = 10 * 366 * 86_400;

/** A JWS in its compact form [RFC 7515 7.1]. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What a token that the provider signs for this app must say. */
export interface SignedTokenExpectation {
  readonly issuer: string;
  readonly clientId: string;
  readonly policy: IdTokenPolicy;
  readonly algs: readonly string[];
  readonly keys: JWTVerifyGetKey;
  /** The moment as of which the token is judged, in milliseconds since the epoch. */
  readonly now: number;
}

/** What sets one kind of token apart from the others. */
export interface TokenKind {
  /** What its header may give as `typ`, in lower case; none is fine as well. */
  readonly types: readonly string[];
  /** Makes the error for what is wrong. The cause holds a code, and nothing of the token. */
  readonly refuted: (what: string, cause?: Error) => Error;
}

/**
 * Judges what all tokens signed by the provider have in common: signature by a key of the provider's key set and a
 * pinned algorithm, kind, issuer, audience and times. Nothing in the token's header leads to a key from elsewhere.
 *
 * @throws what `refuted` makes, when the token is refuted.
 * @throws ProviderUnavailableError when the keys cannot be had, so that nothing is known about the token.
 */
export async function verifySignedToken(
  token: string,
  { issuer, clientId, policy, algs, keys, now }: SignedTokenExpectation,
  { types, refuted }: TokenKind,
): Promise<JWTVerifyResult> {
  // Decoders forgive padding and foreign characters, so that one token has many spellings.
  if (!COMPACT.test(token)) throw refuted('form', new Error('ERR_JWS_INVALID'));
  const verified = await jwtVerify(token, keys, {
    issuer,
    audience: clientId,
    algorithms: [...algs],
    clockTolerance: CLOCK_TOLERANCE,
    currentDate: new Date(now),
  }).catch((error: unknown) => {
    // The Web Cryptography API throws a DOMException for what it cannot use as a key.
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException)
      // jose's own errors carry the claims: their code will do.
      throw refuted(
        'signature or claims',
        new Error(error instanceof errors.JOSEError ? error.code : error.name),
      );
    throw error;
  });
  const { payload, protectedHeader } = verified;
  // Typed as a string, but nothing has checked that.
  const typ: unknown = protectedHeader.typ;
  if (typ !== undefined && !(typeof typ === 'string' && types.includes(typ.toLowerCase())))
    throw refuted('typ');
  checkTimes(payload, now, refuted);
  const trusted = [clientId, ...policy.audiences];
  // One that stands alone is ours: `jwtVerify` has checked it.
  if (Array.isArray(payload.aud) && !payload.aud.every((one) => trusted.includes(one))) throw refuted('aud');
  return verified;
}

function checkTimes({ iat, exp }: JWTPayload, now: number, refuted: TokenKind['refuted']): void {
  const seconds = now / 1000;
  if (typeof iat !== 'number' || iat > seconds + CLOCK_TOLERANCE) throw refuted('iat');
  if (typeof exp !== 'number' || exp > seconds + LONGEST) throw refuted('exp');
}

/** Asymmetric algorithms only: with a symmetric one, whoever knows the client secret could sign. */
export function signingAlgs(configured: readonly string[], server: ServerMetadata): readonly string[] {
  if (configured.length > 0) return configured;
  const announced = server.id_token_signing_alg_values_supported ?? ['RS256'];
  return announced.filter((alg) => /^(?:RS|PS|ES)\d+$|^Ed/.test(alg));
}

/** Whether a value can be a subject [OpenID Connect Core 2]. */
export function isSubject(sub: unknown): sub is string {
  return typeof sub === 'string' && /^[\x20-\x7e]{1,255}$/.test(sub);
}
