import type { Page } from 'playwright-core';
import { type Account, answerProvider, goToProvider } from './steps.js';

/** A callback that the browser is about to make. */
export interface HeldCallback {
  readonly url: string;
  /** Lets it go on. */
  release(): Promise<void>;
}

/** Logs in up to the callback, which waits. Playwright's own routes do not see requests that follow from a redirect. */
export async function logInUntilCallback(page: Page, url: string, account: Account): Promise<HeldCallback> {
  const devtools = await page.context().newCDPSession(page);
  const held = new Promise<HeldCallback>((resolve) => {
    devtools.once('Fetch.requestPaused', ({ requestId, request }) => {
      resolve({
        url: request.url,
        async release() {
          await devtools.send('Fetch.continueRequest', { requestId });
          await devtools.send('Fetch.disable');
        },
      });
    });
  });
  await devtools.send('Fetch.enable', { patterns: [{ urlPattern: '*/auth/callback/*' }] });
  await goToProvider(page, url, account);
  return answerProvider(page, account, held);
}
