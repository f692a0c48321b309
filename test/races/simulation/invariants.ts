import type { LoginRecord } from '../../../src/tokens/login-record.js';
import { LEASE } from '../../../src/tokens/refresh.js';
import { LOGIN, type World } from './world.js';

/** What must hold in every run, whatever the order and whoever is killed. Made anew for each run. */
export class Invariants {
  readonly #tolerant: boolean;
  #last: LoginRecord | undefined;
  #gone = false;
  #uses = 0;

  /** @param options.tolerant whether a refresh token may be used twice. */
  constructor(options: { tolerant: boolean }) {
    this.#tolerant = options.tolerant;
  }

  /** After every step. */
  async check(world: World): Promise<void> {
    if (!this.#tolerant) this.#checkUses(world);
    const record = await world.records.read(LOGIN);
    if (record) this.#checkRecord(record);
    else if (!this.#gone) this.#checkEnding(world);
    this.#last = record;
    this.#gone = record === undefined;
  }

  #checkRecord(record: LoginRecord): void {
    if (this.#gone) throw new Error('a record that was deleted has returned');
    const before = this.#last?.version ?? 1;
    if (record.version < before) throw new Error('a newer version was overwritten by an older one');
    if (record.version > before + 1) throw new Error('a version was left out');
    const same = JSON.stringify(record) === JSON.stringify(this.#last);
    if (this.#last && record.version === before && !same) throw new Error('a version was written twice');
  }

  #checkEnding({ loggedOut, provider }: World): void {
    const { tokens, pending } = this.#last as LoginRecord;
    const stored = pending?.refreshToken ?? tokens.refreshToken;
    if (!loggedOut && provider.honours(stored as string)) {
      throw new Error('a login ended whose refresh token the provider would still have honoured');
    }
  }

  /** A refresh token may be used again only if nobody who lives knows, will know, or can read what became of it. */
  #checkUses({ provider, scheduler }: World): void {
    for (; this.#uses < provider.uses.length; this.#uses += 1) {
      const use = provider.uses[this.#uses];
      const before = provider.uses
        .slice(0, this.#uses)
        .filter((one) => one.refreshToken === use?.refreshToken);
      const known = before.some((one) => one.outcome !== 'lost' && !scheduler.isDead(one.actor));
      const stored = this.#last?.pending ?? this.#last?.tokens;
      if (known || (stored && stored.refreshToken !== use?.refreshToken)) {
        throw new Error(
          `the refresh token ${use?.refreshToken} was used again, though its outcome was known`,
        );
      }
    }
  }
}

/** When nobody has anything left to do: who asked was answered, and whoever comes next is served. */
export async function checkEnd(world: World, refreshers: readonly string[]): Promise<void> {
  const { scheduler, endings, provider } = world;
  const record = await world.records.read(LOGIN);
  for (const actor of refreshers) {
    if (scheduler.isDead(actor)) continue;
    const ending = endings.get(actor);
    if (!ending) throw new Error(`${actor} waits for ever`);
    const error = 'error' in ending ? ending.error : undefined;
    const truly =
      error?.code === 'login_ended' ? record === undefined : /_unavailable$/.test(error?.code ?? '');
    if (error && !truly) throw new Error(`${actor} was told ${error.code ?? error}, which is not so`);
  }
  if (!record) return;
  const stored = record.pending?.refreshToken ?? record.tokens.refreshToken;
  // Somebody who was killed may have left a lease behind: until its end nobody can be served.
  const soon = scheduler.now + LEASE + 500;
  const honoured = record.pending !== undefined || provider.honours(stored as string, soon);
  const next = await world.refreshLater('next');
  // A pause after lost answers is no end.
  const goesOn = 'value' in next || next.error.code === 'provider_unavailable';
  if (honoured && !goesOn) throw new Error('the next request was sent to the login, without need');
}
