import type { APIResponse, Locator, Page } from 'playwright-core';

/** A provider of the demo, and somebody who can log in there. */
export interface Account {
  readonly provider: string;
  /** What the demo calls the provider. */
  readonly title: string;
  /** Whom to choose there. */
  readonly user: string;
  /** As the demo greets this user. Default: as the provider's page does. */
  readonly hello?: string;
  readonly sub: string;
}

export const aliyun: Account = {
  provider: 'aliyun',
  title: 'Alibaba Cloud',
  user: 'Alice 王',
  sub: '201234567890123456',
};
export const oidc: Account = {
  provider: 'oidc',
  title: 'OpenID Provider',
  user: 'Alice Example',
  sub: 'c1f6f1de-0d0b-4a2e-9f35-3f5d5f4b7a01',
};
export const accounts: readonly Account[] = [aliyun, oidc];

export const pds: Account = {
  provider: 'pds',
  title: 'Alibaba PDS',
  user: 'Adele 管理员',
  sub: 'labhz001:c9b7a5aa04d14ae3867fdc86fa01cda4',
};
export const welink: Account = {
  provider: 'welink',
  title: 'Huawei WeLink',
  user: 'Zhang San 张三',
  hello: 'zhangsan@welink',
  sub: 'zhangsan@welink',
};
export const openPlatform: Account = {
  provider: 'open-platform',
  title: 'Open platform',
  user: 'Xiao Ming 小明',
  hello: 'ou_7a1c9e0f4b2d46c8',
  sub: 'ou_7a1c9e0f4b2d46c8',
};
export const dingtalk: Account = {
  provider: 'dingtalk',
  title: 'DingTalk',
  user: 'Li Hua 李华',
  sub: 'Labunion00001iE',
};
export const feishu: Account = {
  provider: 'feishu',
  title: 'Feishu',
  user: 'Wang Fang 王芳',
  sub: 'on_lab0001',
};
export const douyin: Account = {
  provider: 'douyin',
  title: 'Douyin',
  user: 'Mei Mei 美美',
  sub: 'a1b2c3d4-0590-40bc-9bdf-9a1334000001',
};
/** No login page: the app vouches for its user. */
export const pdsJwt: Account = { ...pds, provider: 'pds-jwt', title: 'Alibaba PDS (JWT)' };

/** From the start page to the provider. */
export async function goToProvider(page: Page, url: string, { title }: Account): Promise<void> {
  await page.goto(url);
  // Where it leads is not waited for: a provider that has nothing to ask leads to the callback, which may be held.
  await page.getByRole('link', { name: title }).click({ noWaitAfter: true });
}

/** On the pages of the provider: says who it is, and yes, where it is asked for that. */
export async function signInAtProvider(page: Page, account: Account, arrived: Locator): Promise<void> {
  await answerProvider(page, account, arrived.waitFor());
}

/** Answers what the provider asks until it leads back. It asks once who it is, and some ask once for consent. */
export async function answerProvider<T>(page: Page, account: Account, back: Promise<T>): Promise<T> {
  const user = page.getByRole('button', { name: account.user });
  const allow = page.getByRole('button', { name: 'Allow' });
  const isBack = back.then(() => undefined);
  for (const wanted of [user.or(allow), allow]) {
    const asked = wanted.waitFor().then(() => wanted);
    // Whoever is back is asked nothing any more.
    asked.catch(() => {});
    const button = await Promise.race([asked, isBack]);
    if (button === undefined) break;
    const isConsent = (await allow.count()) > 0;
    await button.click({ noWaitAfter: true });
    if (isConsent) break;
  }
  return back;
}

/** From the start page to being logged in. */
export async function logIn(page: Page, url: string, account: Account): Promise<void> {
  await goToProvider(page, url, account);
  await signInAtProvider(page, account, card(page, account));
}

/** From the start page to being logged in at the provider that takes the app's word. */
export async function vouch(page: Page, user: string): Promise<void> {
  const form = page.getByRole('region', { name: 'Vouch for a user' });
  await form.getByLabel('User of this app').selectOption({ label: user });
  await form.getByRole('button', { name: 'Vouch and log in' }).click();
}

/** Presses the button of a login, once the script that answers it is there. */
export async function press(page: Page, account: Account, button: string): Promise<void> {
  await page.waitForLoadState('domcontentloaded');
  await card(page, account).getByRole('button', { name: button }).click();
}

/** Logs out by the button, and at a provider that asks for it there too. */
export async function logOut(page: Page, { provider }: Account): Promise<void> {
  await page.getByRole('button', { name: 'Log out' }).click();
  if (provider === 'oidc') await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
}

/** The part of the start page that shows this login. */
export function card(page: Page, { title }: Account): Locator {
  return page.getByRole('region', { name: title, exact: true });
}

/** Entries of the panel, newest first. */
export function entries(page: Page, kind: 'event' | 'request', text: string | RegExp): Locator {
  return page.locator(`#entries > [data-kind="${kind}"]`).filter({ hasText: text });
}

/** What the app says to this browser at `/me`. */
export function me(page: Page, url: string): Promise<APIResponse> {
  return page.context().request.get(`${url}/me`, { headers: { accept: 'application/json' } });
}
