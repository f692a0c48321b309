import { createPrivateKey, KeyObject } from 'node:crypto';
import type { Jwk } from '../client-authentication.js';
import { isPlainObject, type OptionReader } from '../config.js';

/** A private key, and what a JWK said about itself. */
export interface ReadKey {
  readonly key: KeyObject;
  /** The algorithms by which the key can sign, the most common one first; never empty. */
  readonly algs: readonly string[];
  readonly keyId?: string;
  readonly alg?: string;
}

/**
 * Reads the option `privateKey`: PKCS#8 PEM, JWK or `KeyObject`. No message says more of it than its type.
 *
 * @param accept what the key must be able to sign with, and how to say so.
 * @throws ConfigurationError naming the fix.
 */
export function readPrivateKey(
  read: OptionReader,
  { algs: accepted, fix }: { algs: RegExp; fix: string },
): ReadKey {
  const given = read.any('privateKey');
  if (given === undefined) throw read.missing('privateKey', fix);
  const key = parseKey(given);
  const algs = key?.type === 'private' ? signingAlgs(key).filter((alg) => accepted.test(alg)) : [];
  if (!key || algs.length === 0) throw read.unfit('privateKey', given, fix);
  const { kid, alg } = given instanceof KeyObject || !isPlainObject(given) ? {} : given;
  return {
    key,
    algs,
    ...(typeof kid === 'string' && kid !== '' && { keyId: kid }),
    ...(typeof alg === 'string' && { alg }),
  };
}

function parseKey(given: unknown): KeyObject | undefined {
  if (given instanceof KeyObject) return given;
  try {
    if (typeof given === 'string') return createPrivateKey(given);
    if (isPlainObject(given)) return createPrivateKey({ key: given as Jwk, format: 'jwk' });
  } catch {
    // Not a key: the caller says so, without the reason, which may quote it.
  }
  return undefined;
}

/** The algorithms by which a key can sign [RFC 7518 3.1, RFC 8037 3.1, RFC 9864]: none for RSA keys below 2048 bits. */
export function signingAlgs({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails;
  switch (asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= 2048 ? ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512'] : [];
    case 'ec':
      return { prime256v1: ['ES256'], secp384r1: ['ES384'], secp521r1: ['ES512'] }[namedCurve] ?? [];
    case 'ed25519':
      return ['EdDSA', 'Ed25519'];
    default:
      return [];
  }
}
