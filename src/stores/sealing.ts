import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const KEY_ID_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * What the sealed texts have in common, the most frequent last, so that deflate finds it even in the first record.
 * Never to be changed: what was sealed with it opens with nothing else.
 */
const DICTIONARY = Buffer.from(
  '"assertion":{"sub":"","subType":"user"},"silent":true,"maxAge":,"returnTo":"/","codeVerifier":"","redirectUri":"https://' +
    '/auth/callback/","failures":0,"until":1,"renewedAt":1,"pending":{"refreshExpiresAt":1,"access_token":"eyJ' +
    String.raw`{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"client_id\":\"\",\"jti\":\"\",\"nbf\":1,\"amr\":[\"pwd\"],\"updated_at\":1,` +
    String.raw`\"locale\":\"\",\"preferred_username\":\"\",\"given_name\":\"\",\"family_name\":\"\",\"roles\":[\"` +
    '"claims":{"iss":"https://","sub":"","auth_time":1,"nonce":"","azp":"","sid":"' +
    '"}},"inRaw":{"access_token":"accessToken","id_token":"idToken","refresh_token":"refreshToken"}}' +
    '"tokenType":"Bearer","expiresAt":17,"refreshToken":"","scope":["openid","profile","email","offline_access"],' +
    '"raw":{"access_token":null,"expires_in":3600,"id_token":null,"refresh_token":null,"token_type":"Bearer",' +
    '"scope":"openid profile email offline_access"},"idToken":["' +
    String.raw`{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"\"}","{\"iss\":\"https://\",\"sub\":\"\",\"aud\":\"\",` +
    String.raw`\"exp\":17,\"iat\":17,\"auth_time\":17,\"nonce\":\"\",\"at_hash\":\"\",\"sid\":\"\",\"azp\":\"\",` +
    String.raw`\"name\":\"\",\"email\":\"\",\"email_verified\":true,\"picture\":\"https://\",\"scope\":\"openid\"}","` +
    '"tokens":{"accessToken":"{"provider":"oidc","sub":"","endsAt":17',
);
/** Tokens are noise: more effort finds nothing more in them. And texts are short: more memory takes longer to get than to use. */
const EFFORT = { level: 3, windowBits: 13, memLevel: 6, chunkSize: 4096 };
/** A text of up to this many characters is sealed as it is: setting up deflate takes longer than all the rest. */
const SHORT = 512;
/** What comes before the text, inside what is sealed. */
const PLAIN = Buffer.of(0);
const DEFLATED = Buffer.of(1);

/** Stands for a text sealed under a key that is not here: it says nothing, and whoever has the key may open it. */
export const UNKNOWN_KEY = Symbol('unknown key');

/** Encrypts what goes into a store, so that whoever reads Redis, or a backup of it, learns nothing. */
export interface Sealer {
  /** What tells the keys apart and betrays nothing of them; first that of the one that seals. */
  readonly keyIds: readonly string[];
  /** @param context what the text belongs to; it opens under the same context only. */
  seal(text: string, context: string): Buffer;
  /** The text; `undefined` when it was sealed under another context, or changed. */
  open(sealed: Uint8Array, context: string): string | typeof UNKNOWN_KEY | undefined;
}

/**
 * AES-256-GCM with the key's id in front, so that keys can rotate: the first key seals, all of them open. All processes
 * get a new key at the end of the list first, so that each can open what it seals once it comes first in one of them.
 * Layout: key id (4 bytes), nonce (12), ciphertext, tag (16). A long text is deflated first: a provider's raw answer
 * repeats the tokens, and base64 is a quarter air.
 *
 * @param secrets the one that seals first; each is stretched to a key by HKDF-SHA256, so any high-entropy string will do.
 */
export function createSealer(secrets: readonly (string | Uint8Array)[]): Sealer {
  const keys = secrets.map((secret) => {
    const key = Buffer.from(hkdfSync('sha256', secret, '', 'express-oauth-login sealing', 32));
    return { key, id: createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES) };
  });
  const newest = keys[0];
  if (!newest) throw new TypeError('sealing needs a key');
  return {
    keyIds: keys.map(({ id }) => id.toString('hex')),
    seal(text, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', newest.key, iv).setAAD(Buffer.from(context));
      const [form, bytes] = text.length > SHORT ? [DEFLATED, deflate(text)] : [PLAIN, Buffer.from(text)];
      const body = [cipher.update(form), cipher.update(bytes), cipher.final()];
      return Buffer.concat([newest.id, iv, ...body, cipher.getAuthTag()]);
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      if (bytes.length < KEY_ID_BYTES + IV_BYTES + TAG_BYTES) return undefined;
      const id = bytes.subarray(0, KEY_ID_BYTES);
      const known = keys.find((one) => one.id.equals(id));
      if (!known) return UNKNOWN_KEY;
      const iv = bytes.subarray(KEY_ID_BYTES, KEY_ID_BYTES + IV_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', known.key, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        const body = decipher.update(bytes.subarray(KEY_ID_BYTES + IV_BYTES, -TAG_BYTES));
        const opened = Buffer.concat([body, decipher.final()]);
        const [form, text] = [opened.subarray(0, 1), opened.subarray(1)];
        return (form.equals(DEFLATED) ? inflateRawSync(text, { dictionary: DICTIONARY }) : text).toString();
      } catch {
        // `final` throws when the tag does not fit: somebody changed the bytes, or moved them to another login.
        return undefined;
      }
    },
  };
}

function deflate(text: string): Buffer {
  return deflateRawSync(text, { ...EFFORT, dictionary: DICTIONARY });
}
