import { onEveryStore } from './support/stage.js';
import { accounts, aliyun, card, entries, logIn, me, press } from './support/steps.js';

onEveryStore('the token', (stage) => {
  test.each(accounts)('of $provider is attached to calls of its API', async (account) => {
    const page = await stage.tab();
    await logIn(page, stage.url, account);
    await press(page, account, 'Call the API');
    await card(page, account).getByText('The API answered 200.').waitFor();
    expect(JSON.parse((await card(page, account).locator('pre').textContent()) ?? '')).toMatchObject({
      sub: account.sub,
    });

    const call = entries(page, 'request', 'GET api').first();
    await call.locator('summary').click();
    // Masked: four characters, and no more.
    await call.getByText(/^Bearer \S{4}…$/).waitFor();
  });

  test.each(accounts)(
    'of $provider that is refused before its time is renewed on the way',
    async (account) => {
      const page = await stage.tab();
      await logIn(page, stage.url, account);
      await press(page, account, 'Expire it at the provider');
      await card(page, account).getByText('The provider refuses this token').waitFor();
      await press(page, account, 'Call the API');
      await card(page, account).getByText('The API answered 200.').waitFor();
      await card(page, account).getByText('renewed once').waitFor();
      await entries(page, 'request', /GET api.*401/s)
        .first()
        .waitFor();
      await entries(page, 'request', /POST token refresh_token.*200/s)
        .first()
        .waitFor();
    },
  );

  test('is nowhere to be seen, nor is any other secret', async () => {
    const page = await stage.tab();
    let code = '';
    page.on('request', (request) => {
      code = new URL(request.url()).searchParams.get('code') ?? code;
    });
    await logIn(page, stage.url, aliyun);
    await press(page, aliyun, 'Call the API');
    await entries(page, 'request', 'GET api').first().waitFor();

    const shown = (await page.content()) + (await (await me(page, stage.url)).text());
    const cookies = (await page.context().cookies()).map(({ value }) => value);
    const secrets = [code, ...cookies, 'lab-aliyun-web-secret', 'lab-oidc-web-secret-of-some-length'];
    expect(secrets.every((secret) => secret.length > 10)).toBe(true);
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
  });
});

onEveryStore(
  'a token that has expired',
  (stage) => {
    test.each(accounts)('is renewed at $provider, and the user stays logged in', async (account) => {
      const page = await stage.tab();
      await logIn(page, stage.url, account);
      const login = card(page, account);

      await login.locator('[data-state="expired"]').waitFor();
      await press(page, account, 'Call the API');
      await login.getByText('The API answered 200.').waitFor();
      await login.getByText('renewed once').waitFor();
      await entries(page, 'request', /POST token refresh_token.*200/s)
        .first()
        .waitFor();
      await entries(page, 'event', 'token.refreshed').first().waitFor();

      // Shortly before the expiry it is renewed in the background, and the page learns of it by itself.
      await login.locator('[data-state="leeway"]').waitFor();
      await press(page, account, 'Call the API');
      await login.getByText('renewed 2 times').waitFor();

      await login.locator('[data-state="expired"]').waitFor();
      await page.reload();
      await page.getByRole('heading', { name: `Hello, ${account.user}` }).waitFor();
      await login.getByText('renewed 3 times').waitFor();
      expect((await me(page, stage.url)).status()).toBe(200);
    });
  },
  { TOKEN_LIFETIME: '4' },
);
