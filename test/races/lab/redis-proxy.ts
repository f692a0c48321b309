import { type CommandKind, kindOf } from './commands.js';
import { FaultProxy, type Tap } from './fault-proxy.js';
import { isError, RespSplitter, wordsOf } from './resp.js';

/** A command on its way to Redis, or its answer on the way back. */
export interface Passage {
  /** `before`: Redis has not seen the command. `after`: Redis has executed it, and the process does not know yet. */
  readonly moment: 'before' | 'after';
  readonly kind: CommandKind;
  readonly words: readonly string[];
}

/** May hold the command or the answer back as long as its promise lasts; `cut`: it never arrives, and nothing after it. */
export type Watch = (passage: Passage) => undefined | 'cut' | Promise<undefined | 'cut'>;

/** The way of one process to Redis: faults, and a watch on each command. */
export interface RedisProxy {
  readonly faults: FaultProxy;
  watch: Watch | undefined;
}

export async function startRedisProxy(port: () => number): Promise<RedisProxy> {
  const proxy: { watch: Watch | undefined } = { watch: undefined };
  const faults = await FaultProxy.start(port, (cut) => new CommandTap(() => proxy.watch, cut));
  return Object.assign(proxy, { faults });
}

class CommandTap implements Tap {
  readonly #watch: () => Watch | undefined;
  readonly #cut: () => void;
  readonly #requests = new RespSplitter();
  readonly #answers = new RespSplitter();
  /** Sent and not yet answered: Redis answers in order. */
  readonly #open: { kind: CommandKind; words: string[] }[] = [];
  #severed = false;

  constructor(watch: () => Watch | undefined, cut: () => void) {
    this.#watch = watch;
    this.#cut = cut;
  }

  async request(chunk: Buffer, pass: (bytes: Buffer) => void): Promise<void> {
    for (const message of this.#requests.push(chunk)) {
      const words = wordsOf(message);
      const command = { kind: kindOf(words), words };
      if (await this.#stops({ moment: 'before', ...command })) return;
      this.#open.push(command);
      pass(message);
    }
  }

  async answer(chunk: Buffer, pass: (bytes: Buffer) => void): Promise<void> {
    for (const message of this.#answers.push(chunk)) {
      const command = this.#open.shift();
      // An error means that nothing happened: a script whose hash is unknown is sent again in full.
      if (command && !isError(message) && (await this.#stops({ moment: 'after', ...command }))) return;
      pass(message);
    }
  }

  async #stops(passage: Passage): Promise<boolean> {
    if (!this.#severed && (await this.#watch()?.(passage)) === 'cut') {
      this.#severed = true;
      this.#cut();
    }
    return this.#severed;
  }
}
