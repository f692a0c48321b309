import { randomBytes } from 'node:crypto';

import type { LabSettings } from './types.js';

/** What a user allowed a client. All tokens that come of it are one family. */
export interface Grant {
  readonly clientId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  /** Whether refresh tokens are issued. */
  readonly offline: boolean;
  readonly redirectUri: string;
  readonly nonce?: string;
  readonly challenge?: { readonly value: string; readonly method: 'plain' | 'S256' };
}

interface Code {
  readonly grant: Grant;
  readonly expiresAt: number;
  redeemed: boolean;
}

interface Token {
  readonly grant: Grant;
  expiresAt: number;
}

interface RefreshToken extends Token {
  /** The access token that it brought last. */
  accessToken: string;
  rotatedAt?: number;
}

/** What a refresh gave. */
export interface Refreshed {
  readonly grant: Grant;
  readonly tokens: IssuedTokens;
}

/** The tokens of one answer. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly refreshToken?: string;
}

/** The codes and tokens that a provider has issued, and which of them are still good. */
export class TokenBook {
  readonly #settings: LabSettings;
  readonly #codes = new Map<string, Code>();
  readonly #accessTokens = new Map<string, Token>();
  readonly #refreshTokens = new Map<string, RefreshToken>();
  readonly #ended = new Set<Grant>();

  constructor(settings: LabSettings) {
    this.#settings = settings;
  }

  issueCode(grant: Grant): string {
    const code = opaque();
    this.#codes.set(code, { grant, expiresAt: after(this.#settings.codeLifetime), redeemed: false });
    return code;
  }

  /** The grant behind a code that may be redeemed. A code that comes twice ends what came of it, RFC 6749 4.1.2. */
  grantOfCode(code: string): Grant | undefined {
    const known = this.#codes.get(code);
    if (known === undefined) return undefined;
    if (known.redeemed) this.#ended.add(known.grant);
    return known.redeemed || known.expiresAt <= Date.now() ? undefined : known.grant;
  }

  /** Whether a code that was not redeemed is too old by now. */
  codeHasExpired(code: string): boolean {
    const known = this.#codes.get(code);
    return known !== undefined && !known.redeemed && known.expiresAt <= Date.now();
  }

  /** Uses a code up. */
  redeem(code: string): void {
    const known = this.#codes.get(code);
    if (known !== undefined) known.redeemed = true;
  }

  /** Issues an access token, and with it a refresh token. */
  issue(grant: Grant, withRefreshToken = grant.offline): IssuedTokens {
    const { accessTokenLifetime, refreshTokenLifetime } = this.#settings;
    const tokens = { accessToken: opaque(), expiresIn: accessTokenLifetime };
    this.#accessTokens.set(tokens.accessToken, { grant, expiresAt: after(accessTokenLifetime) });
    if (!withRefreshToken) return tokens;
    const refreshToken = opaque();
    this.#refreshTokens.set(refreshToken, {
      grant,
      expiresAt: after(refreshTokenLifetime),
      accessToken: tokens.accessToken,
    });
    return { ...tokens, refreshToken };
  }

  /**
   * Uses a refresh token: gives new tokens, with a refresh token only if these rotate. One that was used up before gives
   * nothing and may end the whole family.
   */
  refresh(refreshToken: string, rotates = this.#settings.rotateRefreshTokens): Refreshed | undefined {
    const token = this.#usable(refreshToken);
    if (token === undefined) return undefined;
    if (rotates) token.rotatedAt ??= Date.now();
    const tokens = this.issue(token.grant, rotates);
    token.accessToken = tokens.accessToken;
    return { grant: token.grant, tokens };
  }

  /** Uses a refresh token in the other way: the access token stays the same, and its time begins anew. */
  prolong(refreshToken: string): Refreshed | undefined {
    const token = this.#usable(refreshToken);
    if (token === undefined) return undefined;
    const { grant, accessToken } = token;
    const { accessTokenLifetime: expiresIn } = this.#settings;
    this.#accessTokens.set(accessToken, { grant, expiresAt: after(expiresIn) });
    return { grant, tokens: { accessToken, expiresIn } };
  }

  /** Whether a refresh token would do now. Asking ends nothing. */
  isUsable(refreshToken: string): boolean {
    const token = this.#refreshTokens.get(refreshToken);
    return token !== undefined && this.#isGood(token) && !this.#isUsedUp(token);
  }

  /** The seconds that a refresh token has left; 0 if it is unknown or too old. */
  refreshTokenTimeLeft(refreshToken: string): number {
    const { expiresAt = 0 } = this.#refreshTokens.get(refreshToken) ?? {};
    return Math.max(0, Math.ceil((expiresAt - Date.now()) / 1000));
  }

  /** The grant behind an access token that is good. */
  grantOfAccessToken(accessToken: string): Grant | undefined {
    const token = this.#accessTokens.get(accessToken);
    return token !== undefined && this.#isGood(token) ? token.grant : undefined;
  }

  /** Whose token this is, good or not. */
  ownerOf(token: string): { kind: 'access' | 'refresh'; grant: Grant } | undefined {
    const refresh = this.#refreshTokens.get(token);
    if (refresh) return { kind: 'refresh', grant: refresh.grant };
    const access = this.#accessTokens.get(token);
    return access && { kind: 'access', grant: access.grant };
  }

  /** Ends all tokens of a grant. */
  end(grant: Grant): void {
    this.#ended.add(grant);
  }

  expireAccessTokens(): void {
    for (const token of this.#accessTokens.values()) token.expiresAt = 0;
  }

  expireRefreshTokens(): void {
    for (const token of this.#refreshTokens.values()) token.expiresAt = 0;
  }

  #usable(refreshToken: string): RefreshToken | undefined {
    const token = this.#refreshTokens.get(refreshToken);
    if (token === undefined || !this.#isGood(token)) return undefined;
    if (!this.#isUsedUp(token)) return token;
    if (this.#settings.reuseRevokesFamily) this.#ended.add(token.grant);
    return undefined;
  }

  #isUsedUp({ rotatedAt }: RefreshToken): boolean {
    return rotatedAt !== undefined && Date.now() >= rotatedAt + this.#settings.reuseGrace * 1000;
  }

  #isGood(token: Token): boolean {
    return token.expiresAt > Date.now() && !this.#ended.has(token.grant);
  }
}

function opaque(): string {
  return randomBytes(32).toString('base64url');
}

function after(seconds: number): number {
  return Date.now() + seconds * 1000;
}
