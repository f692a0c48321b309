import type { App } from './app.js';
import type { Answer, Browser } from './browser.js';
import { sleep } from './flow.js';
import { pick, type Random } from './random.js';

/** An answer under load, and whose it was. */
export interface Entry extends Answer {
  /** `outsider`: somebody who has logged out and still sends the old cookies. */
  readonly who: 'user' | 'outsider';
  readonly user: string;
  readonly path: string;
  readonly pid: number;
}

/** Browsers that ask again and again, whatever comes back, each after a little pause. */
export class Load {
  readonly entries: Entry[] = [];
  readonly #apps: () => readonly App[];
  readonly #random: Random;
  readonly #loops: Promise<void>[] = [];
  #running = true;

  /** @param apps the processes to ask, at this moment. */
  constructor(apps: () => readonly App[], random: Random) {
    this.#apps = apps;
    this.#random = random;
  }

  /** @param onAnswer what the browser does about an answer, before it asks again. */
  add(
    who: Entry['who'],
    browser: Browser,
    onAnswer: (entry: Entry) => Promise<void> | void = () => {},
  ): void {
    const loop = async () => {
      while (this.#running) {
        const app = pick(this.#random, this.#apps());
        const path = pick(this.#random, ['/me', '/token']);
        const answer = await browser.ask(app, path);
        const entry = { ...answer, who, user: browser.user, path, pid: app.pid };
        this.entries.push(entry);
        await onAnswer(entry);
        await sleep(30 + this.#random() * 120);
      }
    };
    this.#loops.push(loop());
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }
}
