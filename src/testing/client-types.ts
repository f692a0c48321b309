import type { JWK } from 'jose';

/** A client that is registered at a provider of the lab. */
export interface LabClient {
  /** The `client_id`. */
  readonly clientId: string;
  /** How this client proves itself at the token endpoint, as RFC 7591 names it. */
  readonly tokenEndpointAuthMethod: 'client_secret_basic' | 'client_secret_post' | 'none';
}

/** A client with a secret. */
export interface LabWebClient extends LabClient {
  /** The `client_secret`. */
  readonly clientSecret: string;
}

/**
 * A client that signs assertions with a key of its own: a PDS app of the JWT type vouches for users by them, a client of
 * `oidc` for itself (`private_key_jwt`).
 */
export interface LabJwtClient {
  /** The `client_id`, which is the `iss` of its assertions too. */
  readonly clientId: string;
  /** Names the key, if a client wants to say so in the header of an assertion. */
  readonly keyId: string;
  /** The RSA key that signs, PKCS#8. It is made when it is first asked for, once per process. */
  readonly privateKeyPem: string;
  /** What the provider checks with. */
  readonly publicJwk: JWK;
}

/** The clients that are registered at a provider. */
export interface LabClients {
  readonly web: LabWebClient;
  /** One without a secret, where the provider has such apps. */
  readonly native?: LabClient;
  /** One with a key instead of a secret, where the provider has such apps. */
  readonly jwt?: LabJwtClient;
}

/** The clients of a provider that has apps with and without a secret. */
export interface LabWebAndNative extends LabClients {
  readonly native: LabClient;
}

/** The clients of `pds`. */
export interface PdsClients extends LabWebAndNative {
  readonly jwt: LabJwtClient;
}

/** The clients of `oidc`. */
export interface OidcClients extends LabWebAndNative {
  readonly jwt: LabJwtClient;
}
