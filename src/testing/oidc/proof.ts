import { hash, randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose';

import { type Answer, type Call, json } from '../http.js';

/** Seconds by which the time in a proof may differ from now. */
const window = 60;

/** Why a resource refuses a proof, as RFC 9449 7.1 names it. */
type Refusal = 'invalid_dpop_proof' | 'use_dpop_nonce';

/** A resource that takes tokens with a proof of possession [RFC 9449 7]. */
export class ProofChecker {
  readonly #wantsNonce: () => boolean;
  readonly #nonce = randomBytes(12).toString('base64url');
  readonly #seen = new Set<string>();

  constructor(wantsNonce: () => boolean) {
    this.#wantsNonce = wantsNonce;
  }

  /** The thumbprint of the key that made the proof of a request, or why the proof is none. */
  async check(call: Call, token: string): Promise<{ jkt: string } | { refusal: Refusal }> {
    const { dpop: proof } = call.headers;
    if (typeof proof !== 'string') return { refusal: 'invalid_dpop_proof' };
    const verified = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['ES256', 'EdDSA', 'Ed25519'],
    }).catch(() => undefined);
    if (!verified?.protectedHeader.jwk || !this.#fits(verified.payload, call, token)) {
      return { refusal: 'invalid_dpop_proof' };
    }
    if (this.#wantsNonce() && verified.payload.nonce !== this.#nonce) return { refusal: 'use_dpop_nonce' };
    this.#seen.add(String(verified.payload.jti));
    return { jkt: await calculateJwkThumbprint(verified.protectedHeader.jwk) };
  }

  /** Whether a proof is for this request and this token, recent, and new. */
  #fits({ htm, htu, ath, jti, iat }: JWTPayload, { method, url }: Call, token: string): boolean {
    return (
      htm === method &&
      htu === url.origin + url.pathname &&
      ath === hash('sha256', token, 'base64url') &&
      typeof jti === 'string' &&
      !this.#seen.has(jti) &&
      typeof iat === 'number' &&
      Math.abs(Date.now() / 1000 - iat) <= window
    );
  }

  /** What the resource says to a request that it refuses. */
  refuse(error: Refusal | 'invalid_token'): Answer {
    const nonce = error === 'use_dpop_nonce' ? { 'dpop-nonce': this.#nonce } : {};
    const challenge = `DPoP algs="ES256 EdDSA Ed25519", error="${error}"`;
    return json(401, { error }, { 'www-authenticate': challenge, ...nonce });
  }
}
