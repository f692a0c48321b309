import { onEveryStore } from './support/stage.js';
import {
  accounts,
  aliyun,
  card,
  entries,
  logIn,
  logOut,
  me,
  oidc,
  press,
  signInAtProvider,
} from './support/steps.js';

onEveryStore('logging out', (stage) => {
  test.each(accounts)('of $provider revokes the tokens and leaves nothing behind', async (account) => {
    const page = await stage.tab();
    await logIn(page, stage.url, account);
    await page.goto(`${stage.url}/account`);
    await card(page, account).getByText(account.sub).waitFor();
    await logOut(page, account);

    expect((await me(page, stage.url)).status()).toBe(401);
    await entries(page, 'request', /POST revocation.*200/s)
      .first()
      .waitFor();
    await entries(page, 'event', /logout\.completed.*revoked/s)
      .first()
      .waitFor();

    // The back button brings nothing back: the guarded page leads to the login.
    let guarded = false;
    for (let count = 0; count < 3 && !guarded; count += 1) {
      await page.goBack();
      guarded = page.url() === `${stage.url}/auth/login?returnTo=%2Faccount`;
      expect(await page.locator('main').getByText(account.sub).count()).toBe(0);
    }
    expect(guarded).toBe(true);
  });

  test('by a link of another site asks first', async () => {
    for (const account of accounts) {
      const page = await stage.tab();
      await logIn(page, stage.url, account);
      await page.goto(`${stage.url}/auth/logout`);
      expect((await me(page, stage.url)).status()).toBe(200);
      await logOut(page, account);
      expect((await me(page, stage.url)).status()).toBe(401);
    }
  });

  test('of one of two linked logins leaves the other', async () => {
    const page = await stage.tab();
    await logIn(page, stage.url, aliyun);
    await page.getByRole('link', { name: `Link ${oidc.title}` }).click();
    await signInAtProvider(page, oidc, card(page, oidc));
    await page.getByText('You are logged in at 2 providers.').waitFor();
    for (const account of accounts) {
      await press(page, account, 'Call the API');
      await card(page, account).getByText('The API answered 200.').waitFor();
    }

    await press(page, aliyun, 'End this login');
    await page.getByRole('heading', { name: `Hello, ${oidc.user}` }).waitFor();
    expect(await card(page, aliyun).count()).toBe(0);
    expect(await (await me(page, stage.url)).json()).toMatchObject({ provider: 'oidc', sub: oidc.sub });
    await entries(page, 'request', /POST revocation\s+aliyun/)
      .first()
      .waitFor();
  });
});
