import type { Clock } from '../../../src/clock.js';
import { RENEWAL } from '../../../src/tokens/refresh.js';

/** Something that an actor wants to happen, and that happens when the scheduler says so. */
export interface Step {
  readonly actor: string;
  readonly kind: 'store' | 'request' | 'answer' | 'sleep';
  readonly name: string;
  /** For a sleep: when it is over. */
  readonly at: number;
  /** What happens; its outcome goes to the actor. */
  readonly happen: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Owns the time and the order of all that happens: an actor that asks the store, asks the provider or sleeps stands
 * still until its step is chosen. What an actor has seen is remembered, as the name of the state in which it is.
 */
export class Scheduler {
  now = 1_800_000_000_000;
  pending: Step[] = [];
  readonly #dead = new Set<string>();
  readonly #seen = new Map<string, string[]>();

  call<T>(actor: string, kind: Step['kind'], name: string, happen: () => unknown, at = 0): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      // A process that was killed neither asks nor hears anything any more.
      if (this.#dead.has(actor)) return;
      this.pending.push({ actor, kind, name, at, happen, resolve, reject });
    }) as Promise<T>;
  }

  clockOf(actor: string): Clock {
    return {
      now: () => this.now,
      sleep: (milliseconds, signal) => {
        const sleeping = this.call<void>(
          actor,
          'sleep',
          `${milliseconds}`,
          () => {},
          this.now + milliseconds,
        );
        const step = this.pending.at(-1);
        signal?.addEventListener('abort', () => this.drop(step));
        return sleeping;
      },
    };
  }

  drop(step: Step | undefined): void {
    this.pending = this.pending.filter((one) => one !== step);
  }

  /** Lets one step happen, and its actor go on until it stands still again. */
  async run(step: Step): Promise<void> {
    this.drop(step);
    this.now = Math.max(this.now, step.at);
    try {
      const value = await step.happen();
      this.#note(step, value);
      step.resolve(value);
    } catch (error) {
      this.#note(step, (error as Error).message);
      step.reject(error);
    }
    await standstill();
  }

  async fail(step: Step, error: Error): Promise<void> {
    this.drop(step);
    this.#note(step, error.message);
    step.reject(error);
    await standstill();
  }

  kill(actor: string): void {
    this.#dead.add(actor);
    this.pending = this.pending.filter((step) => step.actor !== actor);
    this.#seen.set(actor, ['dead']);
  }

  isDead(actor: string): boolean {
    return this.#dead.has(actor);
  }

  /** What all actors have seen so far; who looks at the same things again and again stays in the same state. */
  fingerprint(): string {
    const waiting = this.pending.map(({ actor, kind, name }) => `${actor} ${kind} ${name}`).sort();
    return JSON.stringify([[...this.#seen].sort(), waiting]);
  }

  #note({ actor, kind, name }: Step, outcome: unknown): void {
    // Nobody looks at what a renewal says.
    if (name === 'locks.extend' || (kind === 'sleep' && Number(name) === RENEWAL)) return;
    const seen = this.#seen.get(actor) ?? [];
    this.#seen.set(actor, seen);
    // Who has slept begins anew, and remembers only the version that it saw first.
    if (kind === 'sleep') seen.length = 1;
    else seen.push(`${name} ${describe(outcome)}`);
  }
}

/** A record by its version alone: the rest of it says when it was written. */
function describe(outcome: unknown): string {
  const record = outcome as { version?: number; sealed?: Uint8Array } | undefined;
  if (!record?.sealed) return JSON.stringify(outcome) ?? 'nothing';
  return `version ${record.version}${Buffer.from(record.sealed).includes('"pending"') ? ', pending' : ''}`;
}

/** Nothing but promises lies between two steps: all of them have run when the next immediate does. */
export function standstill(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
