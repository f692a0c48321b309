/** Signature algorithms whose verifier holds no secret [RFC 7518 3.1, RFC 8037 3.1, RFC 9864]. */
export const asymmetricAlg = /^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$|^Ed25519$/;
