import { setTimeout as sleep } from 'node:timers/promises';

import { type Answer, type Call, type Handle, json, mediaType } from './http.js';
import type { LabEndpoint, LabFault } from './types.js';

type Change = (answer: Record<string, unknown>) => unknown;

interface Fault {
  readonly endpoint: string;
  left: number;
  readonly answer?: Omit<LabFault, 'times'>;
  readonly delay?: number;
  readonly cut?: true;
  readonly change?: Change;
}

/** The faults that are still to come, by endpoint. */
export class Faults {
  readonly #failure: (source: 'provider' | 'gateway') => Answer;
  readonly #closing: AbortSignal;
  #coming: Fault[] = [];

  /**
   * @param failure the provider's own way to say that it is in trouble
   * @param closing ends all delays
   */
  constructor(failure: (source: 'provider' | 'gateway') => Answer, closing: AbortSignal) {
    this.#failure = failure;
    this.#closing = closing;
  }

  fail(endpoint: LabEndpoint, { times = 1, ...answer }: LabFault = {}): void {
    this.#coming.push({ endpoint, left: times, answer });
  }

  slow(endpoint: LabEndpoint, delay: number, times = 1): void {
    this.#coming.push({ endpoint, left: times, delay });
  }

  drop(endpoint: LabEndpoint, times = 1): void {
    this.#coming.push({ endpoint, left: times, cut: true });
  }

  alter(endpoint: LabEndpoint, change: Change, times = 1): void {
    this.#coming.push({ endpoint, left: times, change });
  }

  clear(): void {
    this.#coming = [];
  }

  /** Has the call answered, with what lies ahead for its endpoint; `cut` means that the answer must not arrive. */
  async meet(endpoint: string, call: Call, handle: Handle): Promise<{ answer: Answer; cut: boolean }> {
    const delay = this.#take(endpoint, 'delay')?.delay;
    const failed = this.#take(endpoint, 'answer')?.answer;
    const cut = failed === undefined && this.#take(endpoint, 'cut') !== undefined;
    const answer = failed ? this.#failed(failed) : this.#altered(endpoint, await handle(call));
    if (delay !== undefined) await this.#hold(delay);
    return { answer, cut };
  }

  #take(endpoint: string, kind: 'answer' | 'delay' | 'cut' | 'change'): Fault | undefined {
    const fault = this.#coming.find(
      (candidate) => candidate.endpoint === endpoint && candidate[kind] !== undefined,
    );
    if (fault === undefined) return undefined;
    fault.left -= 1;
    if (fault.left <= 0) this.#coming = this.#coming.filter((other) => other !== fault);
    return fault;
  }

  #failed({ status, body, headers, gateway = false }: Omit<LabFault, 'times'>): Answer {
    const own = this.#failure(gateway ? 'gateway' : 'provider');
    const answer = body === undefined ? own : withBody(own, body);
    return { ...answer, status: status ?? own.status, headers: { ...answer.headers, ...headers } };
  }

  #altered(endpoint: string, answer: Answer): Answer {
    const succeeded = answer.status >= 200 && answer.status < 300;
    if (!succeeded || mediaType(answer.headers) !== 'application/json') return answer;
    const change = this.#take(endpoint, 'change')?.change;
    if (change === undefined) return answer;
    const original = JSON.parse(String(answer.body)) as Record<string, unknown>;
    return withBody(answer, change(original) ?? original);
  }

  async #hold(delay: number): Promise<void> {
    try {
      await sleep(delay, undefined, { signal: this.#closing });
    } catch (error) {
      // The lab closes: nobody waits for this answer any more.
      if (!this.#closing.aborted) throw error;
    }
  }
}

function withBody(answer: Answer, body: unknown): Answer {
  if (typeof body !== 'string') return json(answer.status, body, answer.headers);
  return { ...answer, body };
}
