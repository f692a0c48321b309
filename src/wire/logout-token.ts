import { isPlainObject } from '../config.js';
import { CLOCK_TOLERANCE } from '../limits.js';
import { isSubject, type SignedTokenExpectation, verifySignedToken } from './signed-token.js';

/** The member of `events` that makes a token a logout token. */
export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** What a logout token says. Points in time are milliseconds since the epoch. */
export interface LogoutToken {
  readonly jti: string;
  /** When the provider made it, by the provider's clock. */
  readonly issuedAt: number;
  /** Until when it is accepted, the tolerance of clocks included. */
  readonly acceptedUntil: number;
  /** The user (`sub`) whose logins end, or the one provider session (`sid`); at least one is present. */
  readonly sub?: string;
  readonly sid?: string;
}

/** Why a logout token is refused: in words of ours, so that they may go into the answer. */
export class LogoutTokenError extends Error {
  override readonly name = 'LogoutTokenError';
  /** Whether all was well with it, but somebody had used it before. */
  readonly replayed: boolean;

  constructor(
    message: string,
    { cause, replayed = false }: { cause?: Error | undefined; replayed?: boolean } = {},
  ) {
    super(message, cause && { cause });
    this.replayed = replayed;
  }

  /** Whether the provider signed it, so that no stranger made it up. */
  get signed(): boolean {
    return !(this.cause instanceof Error) || /^ERR_JWT_(?:CLAIM|EXPIRED)/.test(this.cause.message);
  }
}

/**
 * Judges a logout token [OpenID Connect Back-Channel Logout 1.0, 2.6], replay aside.
 *
 * @throws LogoutTokenError when the token is refuted.
 * @throws ProviderUnavailableError when the keys cannot be had, so that nothing is known about the token.
 */
export async function verifyLogoutToken(
  token: string,
  expected: SignedTokenExpectation,
): Promise<LogoutToken> {
  const { payload } = await verifySignedToken(token, expected, {
    types: ['logout+jwt', 'application/logout+jwt', 'jwt', 'application/jwt'],
    refuted,
  });
  const { jti, events, sub, sid, iat, exp } = payload;
  if (typeof jti !== 'string' || jti === '') throw refuted('jti');
  if (!isPlainObject(events) || !isPlainObject(own(events, LOGOUT_EVENT))) throw refuted('events');
  if (payload.nonce !== undefined) throw refuted('nonce');
  if (sub === undefined && sid === undefined) throw refuted('neither sub nor sid');
  if (sub !== undefined && !isSubject(sub)) throw refuted('sub');
  if (sid !== undefined && (typeof sid !== 'string' || sid === '')) throw refuted('sid');
  return {
    jti,
    issuedAt: (iat as number) * 1000,
    acceptedUntil: ((exp as number) + CLOCK_TOLERANCE) * 1000,
    ...(sub !== undefined && { sub }),
    ...(sid !== undefined && { sid: sid as string }),
  };
}

function own(object: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function refuted(what: string, cause?: Error): LogoutTokenError {
  return new LogoutTokenError(`The logout token is not valid: ${what}.`, { cause });
}
