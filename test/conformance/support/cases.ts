import type { DialectUnderTest } from './dialects.js';
import type { Attempt, Stage } from './stage.js';
import { expectAccepted, expectRefused, type Refusal } from './verdict.js';

/** What is tried, and why that matters. */
export interface Case {
  readonly id: string;
  /** What the provider or the attacker does. */
  readonly does: string;
  /** The document that wants it so. */
  readonly source: string;
}

/** A login, and how its refusal differs from that of its neighbours. */
export type LoginCase = Case & Attempt & Partial<Refusal>;

/** A case in one line of a table; the last column is what its table is about. */
export type Row<T> = readonly [id: string, does: string, what: T];

/** The cases of one document. */
export function table<T>(
  source: string,
  rows: readonly Row<T>[],
  attempt: (what: T) => Attempt,
): LoginCase[] {
  return rows.map(([id, does, what]) => ({ id, does, source, ...attempt(what) }));
}

/** The title of a test: its first word is what the reporter counts. */
export const title = (expected: 'refused' | 'accepted', { id, does, source }: Case) =>
  `${expected}: ${id}: ${does} [${source}]`;

/** Logins that must be refused: one test for each. */
export function refuses(
  stage: () => Stage,
  dialect: DialectUnderTest,
  cases: readonly LoginCase[],
  usual: Refusal,
): void {
  for (const one of cases) {
    it(title('refused', one), async () => {
      await expectRefused(stage(), await stage().attempt(dialect, one), { ...usual, ...one });
    });
  }
}

/** Logins that must succeed: one test for each. */
export function accepts(stage: () => Stage, dialect: DialectUnderTest, cases: readonly LoginCase[]): void {
  for (const one of cases) {
    it(title('accepted', one), async () => {
      await expectAccepted(await stage().attempt(dialect, one));
    });
  }
}
