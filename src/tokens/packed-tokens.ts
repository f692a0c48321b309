import type { TokenSet } from './token-set.js';

/**
 * Tokens as a record holds them, in a form that deflate can shrink: base64 hides whatever repeats in a JWT, and the
 * provider's own answer holds each token a second time.
 */
export interface PackedTokens extends Omit<TokenSet, 'accessToken' | 'idToken'> {
  readonly accessToken: PackedToken;
  readonly idToken?: PackedToken;
  /** Members of `raw` that are one of the tokens, and which; `raw` has `null` in their place. */
  readonly inRaw: Readonly<Record<string, TokenName>>;
}

/** A token as it is; or, of a JWT, the texts of header and payload, and the signature. */
type PackedToken = string | readonly [header: string, payload: string, signature: string];

const tokenNames = ['accessToken', 'refreshToken', 'idToken'] as const;
type TokenName = (typeof tokenNames)[number];

export function packTokens(tokens: TokenSet): PackedTokens {
  const inRaw = Object.entries(tokens.raw).flatMap(([member, value]) => {
    const found = tokenNames.find((name) => tokens[name] === value);
    return found === undefined ? [] : [[member, found] as const];
  });
  const { accessToken, idToken, ...others } = tokens;
  return {
    ...others,
    accessToken: packToken(accessToken),
    ...(idToken !== undefined && { idToken: packToken(idToken) }),
    raw: { ...tokens.raw, ...Object.fromEntries(inRaw.map(([member]) => [member, null])) },
    inRaw: Object.fromEntries(inRaw),
  };
}

export function unpackTokens({ inRaw, ...packed }: PackedTokens): TokenSet {
  const { accessToken, idToken, ...others } = packed;
  const tokens = {
    ...others,
    accessToken: unpackToken(accessToken),
    ...(idToken !== undefined && { idToken: unpackToken(idToken) }),
  };
  const found = Object.entries(inRaw).map(([member, name]) => [member, tokens[name]]);
  return { ...tokens, raw: { ...tokens.raw, ...Object.fromEntries(found) } };
}

function packToken(token: string): PackedToken {
  const [header = '', payload = '', signature, ...more] = token.split('.');
  if (signature === undefined || more.length > 0) return token;
  const parts = [decode(header), decode(payload), signature] as const;
  // What is not a JWT, or was encoded otherwise than we do, must come out as it went in.
  return unpackToken(parts) === token ? parts : token;
}

function unpackToken(packed: PackedToken): string {
  if (typeof packed === 'string') return packed;
  const [header, payload, signature] = packed;
  return `${encode(header)}.${encode(payload)}.${signature}`;
}

function decode(part: string): string {
  return Buffer.from(part, 'base64url').toString();
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}
