import { onEveryStore } from './support/stage.js';
import { aliyun, card, entries, logIn, logOut, press } from './support/steps.js';

onEveryStore('the page', (stage, store) => {
  test('shows what happens in other tabs, and filters it', async () => {
    const visitor = await stage.visitor();
    const [watching, page] = [await visitor.newTab(), await visitor.newTab()];
    await watching.goto(stage.url);
    await watching.getByText('Live', { exact: true }).waitFor();
    await watching.getByText(`Sessions are in ${store}`).waitFor();
    await logIn(page, stage.url, aliyun);
    await entries(watching, 'event', 'login.completed').first().waitFor();
    const request = entries(watching, 'request', 'POST token authorization_code').first();
    await request.waitFor();

    await watching.getByLabel('All').focus();
    await watching.keyboard.press('ArrowRight');
    await request.waitFor({ state: 'hidden' });
    await watching.keyboard.press('ArrowRight');
    await request.waitFor({ state: 'visible' });
    await entries(watching, 'event', 'login.completed').first().waitFor({ state: 'hidden' });
  });

  test('works without EventSource', async () => {
    const page = await stage.tab();
    await page.addInitScript('delete globalThis.EventSource');
    await logIn(page, stage.url, aliyun);
    await page.getByText('Reload to update').waitFor();
    await entries(page, 'event', 'login.completed').first().waitFor();
    await press(page, aliyun, 'Call the API');
    await card(page, aliyun).getByText('The API answered 200.').waitFor();
    await page.reload();
    await entries(page, 'request', 'GET api').first().waitFor();
  });

  test('works without any script', async () => {
    const page = await stage.tab({ javaScriptEnabled: false });
    await logIn(page, stage.url, aliyun);
    await card(page, aliyun)
      .getByText(/^Token good for \d+ s$/)
      .waitFor();
    await press(page, aliyun, 'Call the API');
    await page.getByRole('heading', { name: 'Alibaba Cloud answered 200' }).waitFor();
    await page.getByRole('link', { name: 'Back to the start' }).click();
    await press(page, aliyun, 'Expire it at the provider');
    await entries(page, 'request', 'GET api').first().waitFor();
    await logOut(page, aliyun);
  });
});
