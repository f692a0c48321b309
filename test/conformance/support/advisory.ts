import type { Browser } from './browser.js';
import { type Case, title } from './cases.js';
import { type DialectUnderTest, dialects } from './dialects.js';
import type { Attempt, Stage, Tried } from './stage.js';

/** Something that was once found in a library of this kind, and must not be found in this one. */
export interface Advisory extends Case {
  /** Tries it, and sees that it fails. */
  readonly holds: (stage: Stage) => Promise<unknown>;
}

const named = (wanted: string) => dialects.find(({ name }) => name === wanted) as DialectUnderTest;
export const oidc = named('oidc');
export const oauth2 = named('oauth2');

/** One test for each. */
export function withstands(stage: () => Stage, advisories: readonly Advisory[]): void {
  for (const one of advisories) it(title('refused', one), () => one.holds(stage()));
}

/** A whole login, in an app and a browser that may be there already. */
export async function logIn(
  stage: Stage,
  dialect: DialectUnderTest,
  attempt: Attempt = {},
  known?: Pick<Tried, 'app' | 'browser'>,
): Promise<Tried> {
  const tried = await stage.finish(await stage.begin(dialect, attempt, known));
  expect(tried.page.status).toBe(303);
  return tried;
}

/** The cookies that a browser would send to an app. */
export function cookiesOf(browser: Browser, url: string): Map<string, string> {
  return new Map(browser.jar.getCookiesSync(url).map(({ key, value }) => [key, value]));
}

/** Puts a cookie into a browser, as whoever controls a neighbouring host or the network can. */
export function plant(browser: Browser, url: string, name: string, value: string): void {
  browser.jar.setCookieSync(`${name}=${value}; Path=/`, url);
}
