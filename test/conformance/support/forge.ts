import {
  createHmac,
  createPublicKey,
  type JsonWebKey,
  KeyObject,
  sign as signBytes,
  type webcrypto,
} from 'node:crypto';
import { encode, makeKey, type SigningKey } from '../../unit/wire/signing.js';

/** Everything of which an id_token can be forged. */
export interface TokenParts {
  readonly claims: Readonly<Record<string, unknown>>;
  /** The provider's own key. */
  readonly key: SigningKey;
  /** Keys of somebody else, under the `kid` of the provider's own: nothing but the signature tells them apart. */
  readonly stranger: SigningKey;
  readonly elliptic: SigningKey;
  readonly accessToken: string;
  /** The provider's URL. */
  readonly url: string;
  /** The id_token that the provider would have given. */
  readonly honest: string;
}

export const KID = 'op-key';

// Made once: it takes a while.
export const signingKeys = Promise.all([makeKey(KID), makeKey(KID), makeKey(KID, 'ES256')]);

/** A compact JWS, whatever its parts may be. */
export function jws(header: object | string, payload: object | string, signature = ''): string {
  return `${encode(header)}.${encode(payload)}.${signature}`;
}

/** Any header and any payload, signed by the provider's key: no library would do that. */
export function signed(
  { key, claims }: TokenParts,
  header: object,
  payload: object | string = claims,
): string {
  const text = `${encode({ alg: 'RS256', kid: KID, ...header })}.${encode(payload)}`;
  const alg: unknown = 'alg' in header ? header.alg : 'RS256';
  const privateKey = KeyObject.from(key.privateKey as webcrypto.CryptoKey);
  const bits = String(alg).slice(2);
  const padding = String(alg).startsWith('PS') ? { padding: 6, saltLength: Number(bits) / 8 } : {};
  const signature = signBytes(`sha${bits}`, Buffer.from(text), { key: privateKey, ...padding });
  return `${text}.${signature.toString('base64url')}`;
}

/** Signed with a secret that is none. */
export function hmac(secret: string | Buffer, { claims }: TokenParts, bits: 256 | 384 | 512 = 256): string {
  const text = `${encode({ alg: `HS${bits}`, kid: KID })}.${encode(claims)}`;
  return `${text}.${createHmac(`sha${bits}`, secret).update(text).digest('base64url')}`;
}

/** The provider's public key, in a form that a careless verifier might take for a secret. */
export function publicKey({ key }: TokenParts, format: 'pem' | 'der'): string | Buffer {
  return createPublicKey({ key: key.jwk as JsonWebKey, format: 'jwk' }).export({ type: 'spki', format } as {
    type: 'spki';
    format: 'pem';
  });
}

/** Another part in the place of one. */
export function withPart(token: string, at: 0 | 1 | 2, part: string): string {
  const parts = token.split('.');
  parts[at] = part;
  return parts.join('.');
}
