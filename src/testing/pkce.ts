import { hash } from 'node:crypto';

import type { Parameters } from './parameters.js';
import type { Refusal } from './refusal.js';
import type { Grant } from './token-book.js';

type Challenge = NonNullable<Grant['challenge']>;

/** The parameters of an authorization request that PKCE and OpenID Connect add to RFC 6749. */
export const securityParameters = ['code_challenge', 'code_challenge_method', 'nonce'] as const;

/** Reads the challenge of an authorization request, RFC 7636 4.3. */
export function readChallenge(
  parameters: Parameters,
  refuse: (message: string) => Refusal,
): Challenge | undefined {
  const value = parameters.optional('code_challenge');
  const method = parameters.optional('code_challenge_method');
  if (method !== undefined && method !== 'plain' && method !== 'S256') {
    throw refuse('code_challenge_method must be plain or S256');
  }
  if (value === undefined) {
    if (method === undefined) return undefined;
    throw refuse('code_challenge_method without code_challenge');
  }
  // RFC 7636 4.2: a plain challenge is the verifier itself, an S256 one is 32 bytes in base64url.
  const form = method === 'S256' ? /^[\w-]{43}$/ : /^[\w.~-]{43,128}$/;
  if (!form.test(value)) throw refuse('code_challenge is malformed');
  return { value, method: method ?? 'plain' };
}

/** Checks the verifier of a token request, RFC 7636 4.6; one without a challenge is refused too. */
export function checkVerifier(
  verifier: string | undefined,
  challenge: Challenge | undefined,
  refuse: (flaw: 'request' | 'grant', message: string) => Refusal,
): void {
  if (challenge === undefined) {
    if (verifier === undefined) return;
    throw refuse('request', 'code_verifier, but there was no code_challenge');
  }
  if (verifier === undefined) throw refuse('grant', 'code_verifier is missing');
  if (!/^[\w.~-]{43,128}$/.test(verifier)) throw refuse('request', 'code_verifier is malformed');
  const hashed = hash('sha256', verifier, 'base64url');
  if ((challenge.method === 'S256' ? hashed : verifier) !== challenge.value) {
    throw refuse('grant', 'code_verifier does not match');
  }
}
