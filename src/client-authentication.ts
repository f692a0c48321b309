import type { KeyObject } from 'node:crypto';

/**
 * How the app proves at the token endpoint who it is [RFC 6749 2.3]. `announced`: as `post` where the metadata announces
 * `client_secret_post` and not `client_secret_basic`, else as `basic`.
 */
export type ClientAuthentication =
  | { readonly method: 'none' }
  | { readonly method: 'post' | 'basic' | 'announced'; readonly clientSecret: string }
  | ({ readonly method: 'private_key_jwt' } & ClientKey);

/**
 * The key by which the app signs who it is [RFC 7523 2.2, OpenID Connect Core 9], in the place of a secret: RSA of 2048
 * bits or more, EC P-256, P-384 or P-521, or Ed25519.
 */
export interface ClientKey {
  readonly privateKey: PrivateKey;
  /** Names the key to the provider, in the assertion's header. Default: the `kid` of a JWK. */
  readonly keyId?: string | undefined;
  /**
   * The signature algorithm. Default: the `alg` of a JWK, else the first one of the key that the provider's metadata
   * announces: `RS256` before `PS256`, `EdDSA` before `Ed25519`.
   */
  readonly alg?: string | undefined;
}

/** A private key of the app: PKCS#8 PEM, JWK [RFC 7517] or `KeyObject`. */
export type PrivateKey = string | Jwk | KeyObject;

/**
 * A key as JSON [RFC 7517, RFC 7518 6]. A type of our own, since that of `node:crypto` is not in every version of its
 * types; keys of theirs and of jose's fit, and an alias, unlike an interface, fits where they want it.
 */
export type Jwk = {
  kty?: string;
  kid?: string;
  alg?: string;
  use?: string;
  key_ops?: string[];
  ext?: boolean;
  crv?: string;
  x?: string;
  y?: string;
  d?: string;
  n?: string;
  e?: string;
  p?: string;
  q?: string;
  dp?: string;
  dq?: string;
  qi?: string;
};

/** A {@link ClientKey} that was read and checked. */
export interface SigningClient {
  readonly method: 'private_key_jwt';
  readonly privateKey: KeyObject;
  readonly keyId?: string;
  /** Algorithms that will do, the preferred one first. */
  readonly algs: readonly string[];
}
