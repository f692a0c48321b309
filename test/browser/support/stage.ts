import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { launchBrowser, newVisitor, type Visitor } from './browser.js';
import { type RunningDemo, runDemo } from './demo.js';

/** A demo that runs, and browsers to visit it with. */
export interface Stage {
  readonly url: string;
  /** A visitor with a browser of their own. What it complains about fails the test at its end. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>;
  /** A new visitor's first tab. */
  tab(options?: BrowserContextOptions): Promise<Page>;
}

type Store = 'memory' | 'Redis';

type Tests = (stage: Stage, store: Store) => void;

/** Runs the tests with sessions in memory, and in a Redis of their own. */
export function onEveryStore(title: string, tests: Tests, environment?: Record<string, string>): void {
  onStores(['memory', 'Redis'], title, tests, environment);
}

/** Runs the tests with sessions in memory. */
export function inMemory(title: string, tests: Tests, environment?: Record<string, string>): void {
  onStores(['memory'], title, tests, environment);
}

function onStores(
  stores: readonly Store[],
  title: string,
  tests: Tests,
  environment: Record<string, string> = {},
): void {
  describe.each(stores)(`${title}, sessions in %s`, (store) => {
    let redis: RedisServer | undefined;
    let demo: RunningDemo;
    let browser: Browser;
    let visitors: Visitor[] = [];

    beforeAll(async () => {
      if (store === 'Redis') redis = await startRedis({ own: true });
      const where: Record<string, string> = redis ? { REDIS_URL: redis.url } : {};
      [demo, browser] = await Promise.all([runDemo({ ...environment, ...where }), launchBrowser()]);
    });

    afterEach(async () => {
      const complaints = visitors.flatMap((visitor) => visitor.complaints());
      await Promise.all(visitors.map(({ context }) => context.close()));
      visitors = [];
      expect(complaints).toEqual([]);
    });

    afterAll(async () => {
      await browser?.close();
      const code = await demo?.stop();
      await redis?.stop();
      expect(code).toBe(0);
    });

    const stage: Stage = {
      get url() {
        return demo.url;
      },
      async visitor(options) {
        const visitor = await newVisitor(browser, options);
        visitors.push(visitor);
        return visitor;
      },
      async tab(options) {
        return (await stage.visitor(options)).newTab();
      },
    };
    tests(stage, store);
  });
}
