import { onEveryStore } from './support/stage.js';
import {
  accounts,
  aliyun,
  card,
  entries,
  goToProvider,
  logIn,
  me,
  oidc,
  signInAtProvider,
} from './support/steps.js';

/** The lab's Alibaba Cloud asks each user once for consent. */
const neverAsked = [{ ...aliyun, user: 'Olivia Owner' }, oidc];

onEveryStore('logging in', (stage) => {
  test.each(accounts)('at $provider from the start page shows who it is', async (account) => {
    const page = await stage.tab();
    await logIn(page, stage.url, account);
    await page.getByRole('heading', { name: `Hello, ${account.user}` }).waitFor();
    expect(page.url()).toBe(`${stage.url}/`);
    await entries(page, 'event', 'login.completed').first().waitFor();

    const answer = await me(page, stage.url);
    expect(answer.status()).toBe(200);
    expect(await answer.json()).toMatchObject({ provider: account.provider, sub: account.sub });
  });

  test.each(accounts)('at $provider from a guarded page leads back to it', async (account) => {
    const page = await stage.tab();
    await page.goto(`${stage.url}/account?from=here`);
    await page.getByText('Choose how to log in.').waitFor();
    await page.getByRole('link', { name: account.title }).click();
    await signInAtProvider(page, account, page.getByRole('heading', { name: 'Your account' }));
    expect(page.url()).toBe(`${stage.url}/account?from=here`);
    await card(page, account).getByText(account.sub).waitFor();
  });

  test.each(neverAsked)('at $provider can be declined, and tried again', async (account) => {
    const visitor = await stage.visitor();
    const page = await visitor.newTab();
    await goToProvider(page, stage.url, account);
    await page.getByRole('button', { name: account.user }).click();
    visitor.expectStatus(403);
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByText('access_denied').waitFor();
    expect((await me(page, stage.url)).status()).toBe(401);

    await page.getByRole('link', { name: 'Try again' }).click();
    // The provider remembers who it is.
    await page.getByRole('button', { name: 'Allow' }).click();
    await card(page, account).waitFor();
  });

  test('shows a name with markup in it as it is', async () => {
    const page = await stage.tab();
    const mallory = { ...oidc, user: 'Mallory <b>Example</b>' };
    await logIn(page, stage.url, mallory);
    await page.getByRole('heading', { name: 'Hello, Mallory <b>Example</b>', exact: true }).waitFor();
    expect(await page.locator('main b').count()).toBe(0);
  });

  test('needs nothing but the keyboard', async () => {
    for (const account of [{ ...aliyun, user: 'LabRole/robin' }, oidc]) {
      const page = await stage.tab();
      await page.goto(stage.url);
      for (const next of [`Log in with ${account.title}`, account.user, 'Allow', 'Call the API']) {
        await page.getByText(next).first().waitFor();
        // The script that answers the button comes after it.
        await page.waitForLoadState('load');
        await tabTo(page, next);
        await page.keyboard.press('Enter');
      }
      await page.getByText('The API answered 200.').first().waitFor();
      // The button keeps the focus, so that it can be pressed again.
      expect(await focused(page)).toContain('Call the API');
    }

    async function tabTo(page: Awaited<ReturnType<typeof stage.tab>>, text: string) {
      for (let count = 0; count < 30; count += 1) {
        await page.keyboard.press('Tab');
        if (!(await focused(page)).includes(text)) continue;
        expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
        return;
      }
      throw new Error(`Tab does not lead to ${text}`);
    }

    function focused(page: Awaited<ReturnType<typeof stage.tab>>): Promise<string> {
      return page.evaluate('document.activeElement?.textContent ?? ""');
    }
  });
});
