import { generateKeyPairSync, hash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, type JWK, SignJWT } from 'jose';
import type { Jwk } from '../client-authentication.js';
import type { Clock } from '../clock.js';

/** A private key to which the tokens of one login are bound. It is made for that login, and kept beside its tokens. */
export type ProofKey = Jwk;

/** Beyond this many servers that have told us a nonce, the oldest is forgotten. */
const MOST_SERVERS = 100;

/** Makes a key. ES256 is the algorithm that every server with DPoP takes. */
export function createProofKey(): ProofKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
}

/** The name of a key, `dpop_jkt`, by which an authorization code is bound to it too [RFC 9449 10]. */
export function thumbprint(key: ProofKey): Promise<string> {
  return calculateJwkThumbprint(publicHalf(key));
}

/** A request that is to be proved. */
export interface ProvenRequest {
  readonly method: string;
  readonly url: string;
  /** The token that comes along, at resources. */
  readonly accessToken?: string;
}

/** What can be read of any answer. */
interface AnyAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body?: ReadableStream | null;
}

/** Proofs that whoever uses a token holds the key to which it is bound [RFC 9449]. */
export interface Proofs {
  prove(key: ProofKey, request: ProvenRequest): Promise<string>;
  /** Remembers the nonce that a server wants in proofs from now on [RFC 9449 8.2]. */
  noteNonce(url: string, headers: Headers): void;
  /**
   * A fetch for resources whose requests carry a token with its proof [RFC 9449 7.1]. Where the server wants a nonce in
   * the proof, the request is sent once more.
   */
  bind<Answer extends AnyAnswer>(
    fetch: (url: string, init: RequestInit) => Promise<Answer>,
    key: ProofKey,
    accessToken: string,
  ): (url: string, init: RequestInit) => Promise<Answer>;
}

/** What is known of nonces is shared by all logins: they are the server's, not the key's. */
export function createProofs(clock: Clock): Proofs {
  const nonces = new Map<string, string>();

  const prove: Proofs['prove'] = (key, { method, url, accessToken }) => {
    const { origin, pathname } = new URL(url);
    const nonce = nonces.get(origin);
    const claims = {
      htm: method,
      htu: origin + pathname,
      ...(nonce !== undefined && { nonce }),
      ...(accessToken !== undefined && {
        ath: hash('sha256', accessToken, 'base64url'),
      }),
    };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: publicHalf(key) })
      .setJti(randomUUID())
      .setIssuedAt(Math.floor(clock.now() / 1000))
      .sign(key as JWK);
  };

  const noteNonce: Proofs['noteNonce'] = (url, headers) => {
    const nonce = headers.get('dpop-nonce');
    if (nonce === null) return;
    const { origin } = new URL(url);
    nonces.delete(origin);
    nonces.set(origin, nonce);
    const [oldest] = nonces.keys();
    if (nonces.size > MOST_SERVERS) nonces.delete(oldest as string);
  };

  return {
    prove,
    noteNonce,
    bind: (fetch, key, accessToken) => async (url, init) => {
      const send = async () => {
        const headers = new Headers(init.headers);
        const method = onTheWire(init.method ?? 'GET');
        headers.set('authorization', `DPoP ${accessToken}`);
        headers.set('dpop', await prove(key, { method, url, accessToken }));
        const answer = await fetch(url, { ...init, headers });
        noteNonce(url, answer.headers);
        return answer;
      };
      const answer = await send();
      if (!wantsNonce(answer) || isReadOnce(init.body)) return answer;
      await answer.body?.cancel();
      return send();
    },
  };
}

/** Whether a body is used up by sending it: streams and generators, of whatever kind fetch takes. */
export function isReadOnce(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

/** How a resource says that the proof lacks its nonce [RFC 9449 9]. */
function wantsNonce({ status, headers }: AnyAnswer): boolean {
  return (
    status === 401 && /\bDPoP\b.*\berror="?use_dpop_nonce\b/i.test(headers.get('www-authenticate') ?? '')
  );
}

/** fetch writes only these in capitals, however they are given [Fetch 2.2.1]. */
function onTheWire(method: string): string {
  return /^(?:delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

function publicHalf({ kty, crv, x, y }: ProofKey): JWK {
  return { kty, crv, x, y } as JWK;
}
