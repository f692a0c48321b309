import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const KEY_ID_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * What the texts that are sealed have in common, the most frequent last, so that deflate finds it in the first record
 * already. Never to be changed: what was sealed with it opens with nothing else.
 */
const DICTIONARY = Buffer.from(
  '"assertion":{"sub":"","subType":"user"},"silent":true,"maxAge":,"returnTo":"/","codeVerifier":"","redirectUri":"https://' +
    '/auth/callback/","failures":0,"until":1,"renewedAt":1,"pending":{"refreshExpiresAt":1,"claims":{"iss":"https://","sub":"' +
    '","auth_time":1,"nonce":"","azp":"","sid":""}},"expires_in":3600,"scope":"openid profile email offline_access",' +
    '"token_type":"Bearer","refresh_token":"","raw":{"access_token":"eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii' +
    'J9.eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IiJ9.","id_token":"eyJ","expiresAt":17,"scope":["openid","profile",' +
    '"email","offline_access"],"idToken":"eyJ","refreshToken":"","tokenType":"bearer","tokens":{"accessToken":"eyJ' +
    '{"provider":"oidc","sub":"","endsAt":17',
);
/** Tokens are noise: more effort than this finds nothing more in them. */
const LEVEL = 3;

/** Encrypts what goes into a store, so that who reads Redis, or a backup of it, learns nothing. */
export interface Sealer {
  /** @param context what the text belongs to; it opens under the same context only. */
  seal(text: string, context: string): Buffer;
  /** The text; `undefined` when it was sealed under a key that is no longer there, under another context, or changed. */
  open(sealed: Uint8Array, context: string): string | undefined;
}

/**
 * AES-256-GCM with the key's id in front, so that keys can rotate: the first key seals, all of them open.
 * Layout: key id (4 bytes), nonce (12), ciphertext, tag (16). The text is deflated first: a provider's raw answer
 * repeats the tokens, and base64 is a quarter air.
 *
 * @param secrets newest first; each is stretched to a key by HKDF-SHA256, so any high-entropy string will do.
 */
export function createSealer(secrets: readonly (string | Uint8Array)[]): Sealer {
  const keys = secrets.map((secret) => {
    const key = Buffer.from(hkdfSync('sha256', secret, '', 'express-oauth-login sealing', 32));
    return { key, id: createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES) };
  });
  const newest = keys[0];
  if (!newest) throw new TypeError('sealing needs a key');
  return {
    seal(text, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', newest.key, iv).setAAD(Buffer.from(context));
      const body = cipher.update(deflateRawSync(text, { level: LEVEL, dictionary: DICTIONARY }));
      return Buffer.concat([newest.id, iv, body, cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      if (bytes.length < KEY_ID_BYTES + IV_BYTES + TAG_BYTES) return undefined;
      const id = bytes.subarray(0, KEY_ID_BYTES);
      const known = keys.find((one) => one.id.equals(id));
      if (!known) return undefined;
      const iv = bytes.subarray(KEY_ID_BYTES, KEY_ID_BYTES + IV_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', known.key, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        const body = decipher.update(bytes.subarray(KEY_ID_BYTES + IV_BYTES, -TAG_BYTES));
        const deflated = Buffer.concat([body, decipher.final()]);
        return inflateRawSync(deflated, { dictionary: DICTIONARY }).toString();
      } catch {
        // `final` throws when the tag does not fit: somebody changed the bytes, or moved them to another login.
        return undefined;
      }
    },
  };
}
