import { ProviderRejectedError, ProviderUnavailableError } from '../../../src/errors.js';
import type { TokenAnswer } from '../../../src/wire/answer.js';
import type { Scheduler } from './scheduler.js';

const LIFETIME = 3_600_000;

/** One use of a refresh token. */
export interface Use {
  readonly refreshToken: string;
  readonly actor: string;
  /** Whether the answer is on its way, has arrived, or was lost. */
  outcome: 'under way' | 'known' | 'lost';
}

/** A provider whose refresh tokens work once; one that comes again later than the grace ends the whole family. */
export class StrictProvider {
  readonly uses: Use[] = [];
  revoked = false;
  readonly #usedAt = new Map<string, number>();
  readonly #scheduler: Scheduler;
  readonly #grace: number;
  #issued = 0;

  /** @param grace milliseconds for which a refresh token that was used gives new tokens all the same. */
  constructor(scheduler: Scheduler, grace: number) {
    this.#scheduler = scheduler;
    this.#grace = grace;
  }

  /** Whether a refresh with this token would succeed now, or at another time. */
  honours(refreshToken: string, at = this.#scheduler.now): boolean {
    const usedAt = this.#usedAt.get(refreshToken);
    return !this.revoked && (usedAt === undefined || at < usedAt + this.#grace);
  }

  state(): unknown {
    return [this.revoked, [...this.#usedAt.keys()], this.#issued, this.uses.map((use) => Object.values(use))];
  }

  /** A call in two steps, since its answer can be lost when it was carried out already. */
  async refresh(actor: string, refreshToken: string): Promise<TokenAnswer> {
    const use: Use = { refreshToken, actor, outcome: 'under way' };
    const ask = () => {
      this.uses.push(use);
      if (!this.honours(refreshToken)) {
        this.revoked = true;
        return undefined;
      }
      this.#usedAt.set(refreshToken, this.#usedAt.get(refreshToken) ?? this.#scheduler.now);
      this.#issued += 1;
      return this.#issued;
    };
    const number = await this.#scheduler.call<number | undefined>(actor, 'request', refreshToken, ask);
    const deliver = () => {
      use.outcome = 'known';
      return number;
    };
    await this.#scheduler.call(actor, 'answer', refreshToken, deliver).catch((error: unknown) => {
      use.outcome = 'lost';
      throw error;
    });
    if (number === undefined) throw new ProviderRejectedError('invalid_grant', 'invalid_grant');
    return {
      accessToken: `access-${number}`,
      tokenType: 'Bearer',
      refreshToken: `refresh-${number}`,
      expiresAt: this.#scheduler.now + LIFETIME,
      raw: {},
    };
  }

  async revoke(actor: string): Promise<void> {
    await this.#scheduler.call(actor, 'request', 'revocation', () => {
      this.revoked = true;
    });
  }
}

/** What an actor hears of an answer that was lost. */
export function lostAnswer(): ProviderUnavailableError {
  return new ProviderUnavailableError('provider_unavailable', 'lost', { outcomeUnknown: true });
}
