import { createHash } from 'node:crypto';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A key pair with its public JWK. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: GenerateKeyPairResult['privateKey'];
  readonly jwk: JWK;
}

/** Makes a key pair; its public half is called `kid` in the key set. */
export async function makeKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Signs claims as the provider would. */
export function sign(key: SigningKey, claims: object, header: object = {}): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
    .sign(key.privateKey);
}

/** What a token is in its text form, signed by whoever. */
export const encode = (part: object | string): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** The left half of the hash of an access token [OpenID Connect Core 3.1.3.6]. */
export function halfHash(accessToken: string, bits: 256 | 384 | 512): string {
  const digest = createHash(`sha${bits}`).update(accessToken).digest();
  return digest.subarray(0, bits / 16).toString('base64url');
}
