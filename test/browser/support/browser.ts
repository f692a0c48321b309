import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

/** Debian's Chromium, or the one that `CHROMIUM_PATH` names, with a fresh profile, and quiet. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** One person's browser: its own cookies, all its tabs, and what they complained about. */
export interface Visitor {
  readonly context: BrowserContext;
  newTab(): Promise<Page>;
  /** An answer of this status is part of the test. */
  expectStatus(status: number): void;
  /** Errors in the console, violations of a content security policy, and scripts that failed. */
  complaints(): readonly string[];
}

export async function newVisitor(browser: Browser, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ colorScheme: 'light', ...options });
  context.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  const expected = new Set<number>();
  context.on('console', (message) => {
    if (message.type() !== 'error' && !/security policy/i.test(message.text())) return;
    // Chromium reports every page that is answered with an error.
    const status = /the server responded with a status of (\d+)/.exec(message.text())?.[1];
    if (status !== undefined && expected.has(Number(status))) return;
    complaints.push(`${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  return {
    context,
    newTab: () => context.newPage(),
    expectStatus: (status) => void expected.add(status),
    complaints: () => complaints,
  };
}
