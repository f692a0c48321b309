import type { Page } from 'playwright-core';
import { inMemory } from './support/stage.js';
import {
  type Account,
  aliyun,
  card,
  dingtalk,
  douyin,
  entries,
  feishu,
  logIn,
  logOut,
  me,
  oidc,
  openPlatform,
  pds,
  pdsJwt,
  press,
  signInAtProvider,
  vouch,
  welink,
} from './support/steps.js';

/** What is special about a provider, as the page shows it. */
interface Case extends Account {
  /** The call of its API, as the panel names it. */
  readonly call: string;
  /** What the API says of this user. */
  readonly answer: object;
  /** The header in which the token travels, masked. */
  readonly header: [name: string, value: RegExp];
  readonly revokes: boolean;
}

const bearer: Case['header'] = ['authorization', /^Bearer \S{4}…$/];
const raw = /^\S{4}…$/;
const get = { call: 'GET api', header: bearer, revokes: false };
const post = { call: 'POST userinfo', header: bearer, revokes: true };
const adele = { user_id: 'c9b7a5aa04d14ae3867fdc86fa01cda4', status: 'enabled' };

const renewing: readonly Case[] = [
  { ...pds, ...post, answer: adele },
  { ...openPlatform, ...get, answer: { sub: openPlatform.sub } },
  { ...dingtalk, ...get, header: ['x-acs-dingtalk-access-token', raw], answer: { sub: dingtalk.sub } },
  // The subject is the union_id; the API names the open_id.
  { ...feishu, ...get, answer: { sub: 'ou_lab0001' } },
  { ...douyin, ...get, header: ['access-token', raw], answer: { sub: douyin.sub } },
];
const jwt: Case = { ...pdsJwt, ...post, answer: adele };
const ending: Case = {
  ...welink,
  ...get,
  header: ['x-wlk-authorization', raw],
  answer: { sub: welink.sub },
};

inMemory(
  'a user',
  (stage) => {
    test.each(renewing)('of $provider logs in, calls the API, is renewed, and logs out', async (account) => {
      const page = await stage.tab();
      await logIn(page, stage.url, account);
      await isKnown(page, account);
      await callsTheApi(page, account);
      await isRenewed(page, account);
      await leaves(page, account);
    });

    test('of pds-jwt is vouched for by the app, calls the API, is renewed, and logs out', async () => {
      const page = await stage.tab();
      await page.goto(stage.url);
      await vouch(page, 'Adele 管理员 (admin of the domain)');
      await card(page, jwt).waitFor();
      await entries(page, 'request', /POST token jwt-bearer\s+pds\s+200/)
        .first()
        .waitFor();
      await isKnown(page, jwt);
      await callsTheApi(page, jwt);
      await isRenewed(page, jwt);
      await leaves(page, jwt);
    });
  },
  { TOKEN_LIFETIME: '3' },
);

inMemory(
  'a user',
  (stage) => {
    test('of welink is logged in again by a navigation when the token has expired', async () => {
      const page = await stage.tab();
      await logIn(page, stage.url, ending);
      await isKnown(page, ending);
      await callsTheApi(page, ending);
      const login = card(page, ending);
      await login.getByText('None: there is no refresh token').waitFor();

      await login.locator('[data-state="expired"]').waitFor();
      await login.getByText('This login has ended.', { exact: true }).waitFor();
      await login.getByRole('link', { name: 'logs you in again by itself' }).click();
      // The provider knows the user, and asks nothing.
      await page.getByRole('heading', { name: 'Your account' }).waitFor();
      expect(page.url()).toBe(`${stage.url}/account/welink`);
      expect((await me(page, stage.url)).status()).toBe(200);
      await page.goto(stage.url);
      await login.locator('[data-state="good"], [data-state="leeway"]').waitFor();
      await leaves(page, ending);
    });

    test('of welink whose token has expired gets 401 from calls, and no renewal', async () => {
      const visitor = await stage.visitor();
      const page = await visitor.newTab();
      await logIn(page, stage.url, ending);
      await card(page, ending).locator('[data-state="expired"]').waitFor();
      visitor.expectStatus(401);
      await press(page, ending, 'Call the API');
      await card(page, ending).getByText('This login has ended: 401.').waitFor();
      await card(page, ending)
        .getByText(/"error": "login_required"/)
        .waitFor();
      expect((await me(page, stage.url)).status()).toBe(401);
      expect(await entries(page, 'request', /POST token refresh_token\s+welink/).count()).toBe(0);
    });
  },
  // Enough for the steps between a login and its end on a busy machine.
  { TOKEN_LIFETIME: '8' },
);

inMemory(
  'a token',
  (stage) => {
    test('of welink that is refused before its time is not renewed, and the app is told', async () => {
      const page = await stage.tab();
      await logIn(page, stage.url, welink);
      await press(page, welink, 'Expire it at the provider');
      await card(page, welink).getByText('nothing to renew the token with').waitFor();
      await press(page, welink, 'Call the API');
      await card(page, welink).getByText('The API answered 401.').waitFor();
    });

    test('that douyin refuses with status 200 is renewed by the app', async () => {
      const page = await stage.tab();
      await logIn(page, stage.url, douyin);
      await press(page, douyin, 'Expire it at the provider');
      await card(page, douyin).getByText('200, but an error in it').waitFor();
      await press(page, douyin, 'Call the API');
      await card(page, douyin).getByText('renewed once').waitFor();
      await card(page, douyin).getByText(douyin.sub).last().waitFor();
    });
  },
  { TOKEN_LIFETIME: '300' },
);

inMemory(
  'one session',
  (stage) => {
    test('holds a login of every provider, and ends each by itself', async () => {
      const page = await stage.tab();
      const others = [oidc, ...renewing, ending];
      await logIn(page, stage.url, aliyun);
      for (const account of others) {
        await page.getByRole('link', { name: `Link ${account.title}` }).click();
        await signInAtProvider(page, account, card(page, account));
      }
      await vouch(page, 'Adele 管理员 (admin of the domain)');
      await page.getByText('You are logged in at 9 providers.').waitFor();
      for (const account of [aliyun, ...others, jwt]) {
        await press(page, account, 'Call the API');
        await card(page, account).getByText('The API answered 200.').waitFor();
      }
      await press(page, dingtalk, 'End this login');
      await page.getByText('You are logged in at 8 providers.').waitFor();
      expect(await card(page, dingtalk).count()).toBe(0);
      await logOut(page, oidc);
      expect((await me(page, stage.url)).status()).toBe(401);
    });

    test('is offered every login page, and none where the app vouches', async () => {
      const page = await stage.tab();
      const offered = async (path: string) => {
        await page.goto(stage.url + path);
        return page.locator('main a[href^="/auth/login/"]').evaluateAll(pathsOf);
      };
      const all = [aliyun, oidc, ...renewing, ending].map(({ provider }) => `/auth/login/${provider}`);
      expect((await offered('/auth/login')).sort()).toEqual(all.sort());
      expect((await offered('/')).sort()).toEqual(all.sort());
    });

    test('is vouched for by nobody but the app, and for nobody but its users', async () => {
      const visitor = await stage.visitor();
      const page = await visitor.newTab();
      await page.goto(stage.url);
      const { request } = page.context();
      const send = (user: string, site: string) =>
        request.post(`${stage.url}/vouch/pds-jwt`, { form: { user }, headers: { 'sec-fetch-site': site } });
      expect((await send('admin', 'cross-site')).status()).toBe(403);
      expect((await send('nobody', 'same-origin')).status()).toBe(404);
      expect((await me(page, stage.url)).status()).toBe(401);

      // The provider has the last word.
      visitor.expectStatus(403);
      await vouch(page, 'Dora Disabled (user who is disabled)');
      await page.getByText('user_not_allowed').waitFor();
      expect((await me(page, stage.url)).status()).toBe(401);
    });

    test('goes on after a linked login that nothing renews was declined', async () => {
      const visitor = await stage.visitor();
      const page = await visitor.newTab();
      await logIn(page, stage.url, aliyun);
      await page.getByRole('link', { name: `Link ${welink.title}` }).click();
      await page.getByRole('button', { name: 'Li Si 李四' }).click();
      visitor.expectStatus(502);
      await page.getByRole('button', { name: 'Deny' }).click();
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.goto(stage.url);
      await card(page, aliyun).waitFor();
      expect(await card(page, welink).count()).toBe(0);
    });
  },
  { TOKEN_LIFETIME: '300' },
);

function pathsOf(links: { pathname?: string }[]): (string | undefined)[] {
  return links.map(({ pathname }) => pathname);
}

async function isKnown(page: Page, { provider, user, hello = user, sub }: Case): Promise<void> {
  await page.getByRole('heading', { name: `Hello, ${hello}` }).waitFor();
  const answer = await me(page, new URL(page.url()).origin);
  expect(answer.status()).toBe(200);
  expect(await answer.json()).toMatchObject({ provider, sub });
}

async function callsTheApi(page: Page, account: Case): Promise<void> {
  await press(page, account, 'Call the API');
  await card(page, account).getByText('The API answered 200.').waitFor();
  const shown = (await card(page, account).locator('pre').textContent()) ?? '';
  expect(JSON.parse(shown)).toMatchObject(account.answer);
  const entry = entries(page, 'request', account.call).first();
  await entry.locator('summary').click();
  const [name, value] = account.header;
  const header = entry.locator('dl > div').filter({ has: page.getByText(name, { exact: true }) });
  expect(await header.locator('dd').textContent()).toMatch(value);
}

async function isRenewed(page: Page, account: Case): Promise<void> {
  const login = card(page, account);
  await login.locator('[data-state="expired"]').waitFor();
  await press(page, account, 'Call the API');
  await login.locator('[data-state="good"], [data-state="leeway"]').waitFor();
  await login.getByText('The API answered 200.').waitFor();
  await login.getByText(/^renewed (once|\d+ times)$/).waitFor();
  await entries(page, 'request', /POST token refresh_token.*200/s)
    .first()
    .waitFor();
}

/** Logs out, and finds nothing left. What the provider cannot revoke is said before. */
async function leaves(page: Page, account: Case): Promise<void> {
  const told = await card(page, account).getByText('None: after a logout the tokens are forgotten').count();
  expect(told).toBe(account.revokes ? 0 : 1);
  await logOut(page, account);
  const outcome = account.revokes ? 'revoked' : 'not_revocable';
  await entries(page, 'event', new RegExp(`logout\\.completed\\s+${account.provider}\\s+${outcome}`))
    .first()
    .waitFor();
  expect((await me(page, new URL(page.url()).origin)).status()).toBe(401);
}
