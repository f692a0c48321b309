import { logInUntilCallback } from './support/hold.js';
import { onEveryStore } from './support/stage.js';
import { accounts, aliyun, card, goToProvider, logIn, me, oidc } from './support/steps.js';

onEveryStore('a callback', (stage) => {
  test.each(accounts)('of $provider that is repeated ends at a page when logged in', async (account) => {
    const page = await stage.tab();
    const callbacks: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/auth/callback/')) callbacks.push(request.url());
    });
    await logIn(page, stage.url, account);
    expect(callbacks).toHaveLength(1);

    const answer = await page.goto(callbacks[0] as string);
    expect(answer?.status()).toBe(200);
    await page.getByRole('heading', { name: `Hello, ${account.user}` }).waitFor();

    // The back button leads to the provider, which sends the browser here again, or has a page of its own.
    await page.goBack();
    expect((await me(page, stage.url)).status()).toBe(200);
    await page.goto(stage.url);
    await card(page, account).waitFor();
  });

  test.each(accounts)(
    'of $provider counts in the browser that began it, and in no other',
    async (account) => {
      const victim = await stage.tab();
      const callback = await logInUntilCallback(victim, stage.url, account);

      const other = await stage.visitor();
      const page = await other.newTab();
      // This browser has logins of its own under way.
      await goToProvider(page, stage.url, account);
      await page.getByRole('button', { name: account.user }).waitFor();
      other.expectStatus(400);
      const answer = await page.goto(callback.url);
      expect(answer?.status()).toBe(400);
      await page.getByRole('link', { name: 'Try again' }).waitFor();
      expect((await me(page, stage.url)).status()).toBe(401);

      // And the attempt has spoiled nothing.
      await callback.release();
      await card(victim, account).waitFor();
    },
  );

  test.each(accounts)('of $provider in one tab leaves that of another tab alone', async (account) => {
    const visitor = await stage.visitor();
    const tabs = [await visitor.newTab(), await visitor.newTab()];
    const held = [];
    for (const tab of tabs) held.push(await logInUntilCallback(tab, stage.url, account));
    await Promise.all(held.map((callback) => callback.release()));
    for (const tab of tabs) await card(tab, account).waitFor();
    for (const tab of tabs) {
      await tab.reload();
      await card(tab, account).waitFor();
    }
  });

  test('of one provider links to that of another, begun at the same time', async () => {
    const visitor = await stage.visitor();
    const [first, second] = [await visitor.newTab(), await visitor.newTab()];
    const held = await logInUntilCallback(first, stage.url, aliyun);
    await logIn(second, stage.url, oidc);
    await held.release();
    await card(first, aliyun).waitFor();
    await card(first, oidc).waitFor();
    await second.reload();
    await card(second, aliyun).waitFor();
  });
});
