import { exportJWK, SignJWT } from 'jose';

import { signingKeys } from '../signing.js';
import type { Ground } from '../stand-in.js';
import type { Grant } from '../token-book.js';
import { claimsFor } from './identity.js';

const kid = 'lab-aliyun';
const lifetime = 3600;

/** The id_token for a grant; none without the scope openid. */
export async function signIdToken(grant: Grant, ground: Ground): Promise<string | undefined> {
  const user = ground.users.find(({ id }) => id === grant.userId);
  if (user === undefined || !grant.scopes.includes('openid')) return undefined;
  const { privateKey } = await signingKeys(kid);
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    ...claimsFor(user, grant.scopes),
    iss: ground.origin,
    aud: grant.clientId,
    iat: now,
    exp: now + lifetime,
    ...(ground.settings.echoNonce && grant.nonce !== undefined && { nonce: grant.nonce }),
  })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(privateKey);
}

/** The set in which clients find the key that signs. */
export async function keySet(): Promise<{ keys: object[] }> {
  const { publicKey } = await signingKeys(kid);
  return { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] };
}
