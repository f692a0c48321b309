import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, newVisitor } from './support/browser.js';
import { type RunningDemo, runDemo } from './support/demo.js';
import { aliyun, card, entries, oidc, press, signInAtProvider, vouch, welink } from './support/steps.js';

const folder = fileURLToPath(new URL('screenshots/', import.meta.url));

/** What it looks like: pictures to look at, and the rule that no page scrolls sideways. */
describe.each([
  ['wide-light', 1440, 'light'],
  ['wide-dark', 1440, 'dark'],
  ['narrow-light', 360, 'light'],
  ['narrow-dark', 360, 'dark'],
] as const)('the pages, %s', (name, width, colorScheme) => {
  let demo: RunningDemo;
  let browser: Browser;

  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    [demo, browser] = await Promise.all([runDemo(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.stop();
  });

  test('fit their window', async () => {
    const visitor = await newVisitor(browser, {
      colorScheme,
      viewport: { width, height: width > 1000 ? 900 : 740 },
      reducedMotion: 'reduce',
    });
    const page = await visitor.newTab();
    let count = 0;
    const show = async (what: string) => {
      count += 1;
      await page.screenshot({ path: `${folder}${name}-${count}-${what}.png`, fullPage: width < 1000 });
      expect({ what, overflow: await sidewaysOverflow(page) }).toEqual({ what, overflow: 0 });
    };

    await page.goto(demo.url);
    await page.getByText('Live', { exact: true }).waitFor();
    await show('start');
    await page.goto(`${demo.url}/account`);
    await show('chooser');
    await page.getByRole('link', { name: aliyun.title }).click();
    await page.getByRole('button', { name: aliyun.user }).waitFor();
    await show('lab-sign-in');
    await page.getByRole('button', { name: aliyun.user }).click();
    await page.getByRole('button', { name: 'Deny' }).waitFor();
    await show('lab-consent');
    visitor.expectStatus(403);
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('link', { name: 'Try again' }).waitFor();
    await show('denied');
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await card(page, aliyun).waitFor();
    await press(page, aliyun, 'Call the API');
    await page.getByText('The API answered 200.').first().waitFor();
    await entries(page, 'request', 'GET api').first().waitFor();
    await show('logged-in');
    await page.getByRole('link', { name: `Link ${oidc.title}` }).click();
    await signInAtProvider(page, oidc, card(page, oidc));
    await entries(page, 'request', 'POST token').first().locator('summary').click();
    await show('two-logins');
    await page.getByRole('link', { name: `Link ${welink.title}` }).click();
    await signInAtProvider(page, welink, card(page, welink));
    await vouch(page, 'Ding 丁 (user who came from DingTalk)');
    await page.getByText('You are logged in at 4 providers.').waitFor();
    await show('four-logins');
    await page.goto(`${demo.url}/account`);
    await show('account');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await show('lab-sign-out');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
    await show('logged-out');
    await page.goto(`${demo.url}/auth/logout`);
    await show('confirm-logout');
    expect(visitor.complaints()).toEqual([]);
  });
});

function sidewaysOverflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { documentElement: root } = (
      globalThis as unknown as { document: { documentElement: { scrollWidth: number; clientWidth: number } } }
    ).document;
    return root.scrollWidth - root.clientWidth;
  });
}
