import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';

import type { PdsClients } from '../types.js';

const keyId = 'lab-pds-jwt';

interface Key {
  readonly privateKeyPem: string;
  readonly publicJwk: JWK;
}

let made: Key | undefined;

/** The console shows one for native apps too. They cannot keep it, but a server that refreshes for them may send it. */
export const nativeSecret = 'lab-pds-native-secret';

/** The apps of the domain, one of each type that can log users in from a server or a desktop. */
export const clients: PdsClients = {
  web: {
    clientId: 'LabPdsWebServer1',
    clientSecret: 'lab-pds-web-secret',
    tokenEndpointAuthMethod: 'client_secret_post',
  },
  native: { clientId: 'LabPdsNative0001', tokenEndpointAuthMethod: 'none' },
  jwt: {
    clientId: 'LabPdsJwtApp0001',
    keyId,
    get privateKeyPem() {
      return key().privateKeyPem;
    },
    get publicJwk() {
      return key().publicJwk;
    },
  },
};

/** Made once and only when it is wanted, as that takes a while and most users of the lab do without. */
function key(): Key {
  made ??= make();
  return made;
}

function make(): Key {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const jwk = createPublicKey(createPrivateKey(privateKey)).export({ format: 'jwk' }) as JWK;
  return { privateKeyPem: privateKey, publicJwk: { ...jwk, kid: keyId, alg: 'RS256', use: 'sig' } };
}
