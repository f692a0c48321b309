import { randomBytes } from 'node:crypto';

/** How a strict provider behaves. Change a member, and the next request meets it. */
export interface Strictness {
  /** Seconds that an access token lives. */
  lifetime: number;
  /** Seconds that the access token of a new login lives: 0 makes logins whose first token has expired when it comes. */
  firstLifetime: number;
  /** Seconds for which a refresh token still works after its first use. */
  reuseGrace: number;
  /** Whether a later use ends all tokens of the login [RFC 9700 4.14.2]. */
  reuseRevokesFamily: boolean;
}

/** One use of a refresh token, whatever came of it. */
export interface Use {
  readonly at: number;
  /** The process that sent it. */
  readonly process: string;
  /** The uses of the same token before this one. */
  readonly earlier: readonly Use[];
  readonly outcome: 'first' | 'within the grace' | 'reuse' | 'of an ended family';
  /** What became of the answer. */
  answer: 'open' | 'delivered' | 'lost';
  /** When that was known. */
  settledAt?: number;
}

interface RefreshToken {
  readonly family: Family;
  readonly serial: number;
  readonly uses: Use[];
}

/** All tokens that came of one login. */
export interface Family {
  readonly user: string;
  readonly clientId: string;
  /** How many access tokens were issued so far. */
  issued: number;
  /** Every use of every refresh token, in order. */
  readonly uses: Use[];
  /** The serials of the tokens that a client has revoked. */
  readonly revoked: number[];
  ended?: {
    readonly why: 'reuse' | 'revocation';
    readonly at: number;
    /** The use that was one too many. */
    readonly by?: Use;
  };
}

interface AccessToken {
  readonly family: Family;
  /** Counts the tokens of the family. */
  readonly serial: number;
  readonly expiresAt: number;
}

export interface Issued {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

/** Refresh tokens that work once, and a log of every use. */
export class Families {
  readonly strictness: Strictness;
  readonly all: Family[] = [];
  readonly #refreshTokens = new Map<string, RefreshToken>();
  readonly #accessTokens = new Map<string, AccessToken>();

  constructor(strictness: Strictness) {
    this.strictness = strictness;
  }

  begin(user: string, clientId: string): { family: Family; tokens: Issued } {
    const family: Family = { user, clientId, issued: 0, uses: [], revoked: [] };
    this.all.push(family);
    return { family, tokens: this.#issue(family, this.strictness.firstLifetime) };
  }

  familyOf(refreshToken: string): Family | undefined {
    return this.#refreshTokens.get(refreshToken)?.family;
  }

  /** Uses a refresh token; without tokens it is an `invalid_grant`. */
  refresh(refreshToken: string, process: string): { use: Use; tokens?: Issued } | undefined {
    const token = this.#refreshTokens.get(refreshToken);
    if (!token) return undefined;
    const { family, uses } = token;
    const outcome = this.#judge(token);
    const use: Use = { at: Date.now(), process, earlier: [...uses], outcome, answer: 'open' };
    if (outcome === 'reuse' && this.strictness.reuseRevokesFamily) {
      family.ended = { why: 'reuse', at: use.at, by: use };
    }
    uses.push(use);
    family.uses.push(use);
    const good = outcome === 'first' || outcome === 'within the grace';
    return good ? { use, tokens: this.#issue(family, this.strictness.lifetime) } : { use };
  }

  /** Ends the family of a token [RFC 7009]. */
  revoke(token: string): void {
    const known = this.#refreshTokens.get(token) ?? this.#accessTokens.get(token);
    if (!known) return;
    known.family.revoked.push(known.serial);
    known.family.ended ??= { why: 'revocation', at: Date.now() };
  }

  /** Which access token of whom this is, good or not. */
  owner(accessToken: string): AccessToken | undefined {
    return this.#accessTokens.get(accessToken);
  }

  isGood(accessToken: string): boolean {
    const token = this.#accessTokens.get(accessToken);
    return token !== undefined && token.expiresAt > Date.now() && !token.family.ended;
  }

  /** The last login of a user. */
  of(user: string): Family {
    const family = this.all.findLast((one) => one.user === user);
    if (!family) throw new Error(`${user} never logged in`);
    return family;
  }

  #judge({ family, uses }: RefreshToken): Use['outcome'] {
    if (family.ended) return 'of an ended family';
    const first = uses.find((use) => use.outcome === 'first');
    if (!first) return 'first';
    const inGrace = Date.now() < first.at + this.strictness.reuseGrace * 1000;
    return inGrace ? 'within the grace' : 'reuse';
  }

  #issue(family: Family, lifetime: number): Issued {
    family.issued += 1;
    const tokens = { accessToken: opaque(), refreshToken: opaque(), expiresIn: lifetime };
    const expiresAt = Date.now() + lifetime * 1000;
    this.#accessTokens.set(tokens.accessToken, { family, serial: family.issued, expiresAt });
    this.#refreshTokens.set(tokens.refreshToken, { family, serial: family.issued, uses: [] });
    return tokens;
  }
}

function opaque(): string {
  return randomBytes(24).toString('base64url');
}
