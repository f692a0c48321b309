import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.js';
import type { CpuProfile } from './cpu-profile.js';
import { onServerCore } from './pinning.js';
import type { ProviderProcess } from './provider-process.js';
import type { ServerPlan } from './servers.js';

const BENCH = join(import.meta.dirname, '..');

/** What the servers of a scenario stand on. */
export interface Ground {
  readonly redis: string;
  readonly provider: ProviderProcess;
}

export interface ServerOptions {
  /** What is asked for at the provider. Default `openid`. */
  readonly scope?: string;
  readonly prompt?: string;
  /** Further arguments of `node`. */
  readonly node?: readonly string[];
}

/** A server of the comparison, in a process of its own, on one core. */
export class ServerProcess {
  readonly plan: ServerPlan;
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(plan: ServerPlan, url: string, process: ChildProcess) {
    this.plan = plan;
    this.url = url;
    this.#process = process;
  }

  static async start(plan: ServerPlan, ground: Ground, options: ServerOptions = {}): Promise<ServerProcess> {
    const { provider, redis } = ground;
    const url = `http://127.0.0.1:${await freePort()}`;
    if (plan.login) await provider.ask('register', url + plan.login.callback);
    const settings = {
      url,
      redis,
      ...provider.client,
      scope: options.scope ?? 'openid',
      prompt: options.prompt,
      variant: plan.variant ?? {},
    };
    const file = join(BENCH, 'servers', plan.file);
    const { command, args } = onServerCore(process.execPath, [...(options.node ?? []), file]);
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { PATH: process.env.PATH, NODE_ENV: 'production', BENCH_SERVER: JSON.stringify(settings) },
    });
    const gone = once(child, 'exit').then(([code]) => {
      throw new Error(`The server ${plan.name} ended with ${code}`);
    });
    await Promise.race([once(child, 'message'), gone]);
    gone.catch(() => {});
    return new ServerProcess(plan, url, child);
  }

  /** Microseconds of CPU that the process has used so far. */
  cpu(): Promise<number> {
    return this.#ask('cpu');
  }

  /** Bytes of the heap in use, garbage aside where it was started with `--expose-gc`. */
  heap(): Promise<number> {
    return this.#ask('heap');
  }

  /** Profiles what the process does meanwhile. */
  async profile(work: () => Promise<unknown>): Promise<CpuProfile> {
    await this.#ask('startProfile');
    await work();
    return this.#ask('stopProfile');
  }

  async #ask<Answer>(question: string): Promise<Answer> {
    const answer = once(this.#process, 'message', { signal: AbortSignal.timeout(30_000) });
    this.#process.send(question);
    return (await answer)[0];
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.disconnect();
    await exited;
  }
}
