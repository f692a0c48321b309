import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What a server needs to know of the provider. */
export interface ProviderClient {
  readonly issuer: string;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Somebody who can log in at the provider. */
export interface BenchUser {
  readonly id: string;
  readonly sub: string;
}

/** The lengths of the tokens that were issued last. */
export interface TokenSizes {
  readonly accessToken: number;
  readonly idToken: number;
  readonly refreshToken: number;
}

interface Questions {
  /** Registers a redirect URI. */
  register: { argument: string; answer: null };
  /** Adds users until there are so many, and names them. */
  users: { argument: number; answer: readonly BenchUser[] };
  /** The next access tokens, so many, live for a second: some peers take 0 for no answer. */
  expire: { argument: number; answer: null };
  /** Whether answers of the token endpoint take a tenth of a second longer, as those from far away do. */
  slow: { argument: boolean; answer: null };
  /** How many refreshes were asked for since the last time, and how many of those were refused. */
  refreshes: { argument: null; answer: { asked: number; refused: number } };
  sizes: { argument: null; answer: TokenSizes };
}

/** The question by its number, so that an answer finds the one who asked. */
export type Question = {
  [Name in keyof Questions]: { id: number; name: Name; argument: Questions[Name]['argument'] };
}[keyof Questions];
export type Answers = {
  [Name in keyof Questions]: (argument: Questions[Name]['argument']) => Questions[Name]['answer'];
};

/** The provider: npm `oidc-provider`, as the lab has it, in a process of its own. */
export class ProviderProcess {
  readonly client: ProviderClient;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #count = 0;

  private constructor(client: ProviderClient, process: ChildProcess) {
    this.client = client;
    this.#process = process;
    process.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  static async start(): Promise<ProviderProcess> {
    const child = fork(join(import.meta.dirname, 'provider.ts'), {
      execArgv: ['--import', 'tsx', '--disable-warning=MaxListenersExceededWarning'],
    });
    const gone = once(child, 'exit').then(([code]) => {
      throw new Error(`The provider ended with ${code}`);
    });
    const [client] = await Promise.race([once(child, 'message'), gone]);
    gone.catch(() => {});
    return new ProviderProcess(client, child);
  }

  ask<Name extends keyof Questions>(
    name: Name,
    argument: Questions[Name]['argument'],
  ): Promise<Questions[Name]['answer']> {
    this.#count += 1;
    const id = this.#count;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve as (answer: unknown) => void);
      this.#process.send({ id, name, argument });
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.disconnect();
    await exited;
  }
}
