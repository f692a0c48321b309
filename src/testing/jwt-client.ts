import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';

import type { LabJwtClient } from './types.js';

type Key = Pick<LabJwtClient, 'privateKeyPem' | 'publicJwk'>;

/** A client with a key of its own, made when it is first asked for: that takes a while, and most users do without. */
export function jwtClient(clientId: string, keyId: string): LabJwtClient {
  let made: Key | undefined;
  const key = () => {
    made ??= makeKey(keyId);
    return made;
  };
  return {
    clientId,
    keyId,
    get privateKeyPem() {
      return key().privateKeyPem;
    },
    get publicJwk() {
      return key().publicJwk;
    },
  };
}

function makeKey(keyId: string): Key {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const jwk = createPublicKey(createPrivateKey(privateKey)).export({ format: 'jwk' }) as JWK;
  return { privateKeyPem: privateKey, publicJwk: { ...jwk, kid: keyId, alg: 'RS256', use: 'sig' } };
}
