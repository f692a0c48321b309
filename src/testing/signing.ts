import { type GenerateKeyPairResult, generateKeyPair } from 'jose';

const pairs = new Map<string, Promise<GenerateKeyPairResult>>();

/**
 * The RS256 key pair of a stand-in. It is made once per process, as that takes a while and these keys protect nothing.
 */
export function signingKeys(kid: string): Promise<GenerateKeyPairResult> {
  const known = pairs.get(kid);
  if (known) return known;
  const made = generateKeyPair('RS256', { extractable: true });
  pairs.set(kid, made);
  return made;
}
