import type { KeyObject } from 'node:crypto';
import type { ClientAuthentication, ClientKey, SigningClient } from '../client-authentication.js';
import { isPlainObject, type OptionReader } from '../config.js';
import type { Provider } from '../provider.js';
import { readPrivateKey, signingAlgs } from './private-key.js';
import { asymmetricAlg } from './signature-algs.js';

type Checked = Provider['clientAuthentication'];

const methods: readonly unknown[] = ['none', 'post', 'basic', 'announced', 'private_key_jwt'];

/** Reads how the app proves who it is; a key is parsed here, once. */
export function readClientAuthentication(options: OptionReader): Checked {
  const given = options.any('clientAuthentication');
  if (given === undefined) return Object.freeze({ method: 'none' });
  if (!isPlainObject(given) || !methods.includes(given.method)) {
    throw options.wrong(
      'clientAuthentication',
      given,
      "give { method: 'none' }, 'post' or 'basic' and a clientSecret, or 'private_key_jwt' and a privateKey",
    );
  }
  const client = given as ClientAuthentication;
  if (client.method === 'private_key_jwt') return signingClient(options.group('clientAuthentication'));
  if (client.method !== 'none' && (typeof client.clientSecret !== 'string' || client.clientSecret === '')) {
    throw options.wrong(
      'clientSecret',
      client.clientSecret,
      "give the secret that the provider's console shows",
    );
  }
  return Object.freeze({ ...client });
}

/** Reads the key of a client, as {@link ClientKey} describes it. */
export function readClientKey(read: OptionReader): {
  readonly privateKey: KeyObject;
  readonly keyId?: string;
  readonly alg?: string;
} {
  const { key, algs, ...said } = readPrivateKey(read, {
    algs: asymmetricAlg,
    fix: 'give an RSA key of 2048 bits or more, an EC key (P-256, P-384, P-521) or an Ed25519 key, as PKCS#8 PEM, JWK or KeyObject',
  });
  const keyId = read.optionalString('keyId', 'give the id by which the provider knows the key') ?? said.keyId;
  const alg = read.optionalString('alg', 'give a signature algorithm') ?? said.alg;
  if (alg !== undefined && !algs.includes(alg)) {
    throw read.unfit('alg', alg, `give one with which this key can sign: ${algs.join(', ')}`);
  }
  read.end();
  return { privateKey: key, ...(keyId !== undefined && { keyId }), ...(alg !== undefined && { alg }) };
}

function signingClient(read: OptionReader): SigningClient {
  read.any('method');
  const { alg, ...key } = readClientKey(read);
  const algs = Object.freeze(alg === undefined ? [...signingAlgs(key.privateKey)] : [alg]);
  return Object.freeze({ method: 'private_key_jwt', ...key, algs });
}
