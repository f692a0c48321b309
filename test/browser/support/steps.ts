import type { APIResponse, Locator, Page } from 'playwright-core';

/** A provider of the demo, and somebody who can log in there. */
export interface Account {
  readonly provider: string;
  /** What the demo calls the provider. */
  readonly title: string;
  readonly user: string;
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
