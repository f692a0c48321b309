import type { Browser, Page } from './browser.js';
import { postLogoutToken } from './logout-token.js';
import { CLIENT_SECRET, type Endpoint } from './provider.js';
import { RETURN_TO, type Stage, type Tried } from './stage.js';

/** What a refusal must be, where that differs from case to case. */
export interface Refusal {
  /** The code of the error, or those that it may be. */
  readonly code: string | readonly string[];
  /** 4xx or 502. Default 502. */
  readonly status?: number;
  /** The last endpoint that may be asked before the refusal; none of them by default. */
  readonly after?: Endpoint;
  /** The callback did not name the open transaction, which therefore stays open. */
  readonly leaves?: 'the open transaction' | 'nothing';
}

const prototype = JSON.stringify(prototypeMembers());

/**
 * Nothing came of it: nobody is logged in, Redis holds nothing of it, no token of it is used, the answer is a typed error
 * that shows nothing of what the attacker sent, and the app goes on as before.
 */
export async function expectRefused(stage: Stage, tried: Tried, refusal: Refusal): Promise<void> {
  const { app, browser, provider, page } = tried;
  expectTypedError(tried, refusal);
  expectNothingShown(tried, shownIn(page));
  expectNoSecret(tried, JSON.stringify(app.events));

  const asked = provider.requests.map(({ endpoint }) => endpoint);
  const last = refusal.after === undefined ? -1 : asked.lastIndexOf(refusal.after);
  // Reading the keys tells nobody a secret.
  expect(asked.slice(last + 1).filter((endpoint) => endpoint !== 'jwks' && endpoint !== 'discovery')).toEqual(
    [],
  );
  if (refusal.after !== undefined) expect(asked).toContain(refusal.after);

  await expectNothingKept(stage, tried, refusal);
  expect((await browser.me()).status).toBe(401);
  // And the question has caused nothing.
  expect(provider.requests).toHaveLength(asked.length);
  await expectUnharmed(tried);
}

/** A login that was good has ended: nobody is logged in, no login is in Redis, and the answer is a typed error. */
export async function expectLoginEnded({ redis }: Stage, tried: Tried): Promise<void> {
  const { app, browser, page } = tried;
  expectTypedError(tried, { code: 'login_ended', status: 401 });
  expectNothingShown(tried, shownIn(page));
  expectNoSecret(tried, JSON.stringify(app.events));
  expect((await browser.me()).status).toBe(401);
  expect((await redis.keys()).filter((key) => key.startsWith('oauth:login:'))).toEqual([]);
  const dump = await redis.dump();
  for (const secret of tried.provider.issued) expect(dump).not.toContain(secret);
  await expectUnharmed(tried);
}

/**
 * Nothing comes of a request: all in Redis is as it was, the provider is asked for no more than its keys, and the app goes
 * on as before.
 */
export async function expectNoEffect<T>(
  { redis }: Stage,
  tried: Pick<Tried, 'browser' | 'provider'>,
  send: () => Promise<T>,
): Promise<T> {
  const [before, asked] = [await redis.dump(), tried.provider.requests.length];
  const outcome = await send();
  expect(await redis.dump()).toBe(before);
  const more = tried.provider.requests.slice(asked).map(({ endpoint }) => endpoint);
  expect(more.filter((endpoint) => endpoint !== 'jwks' && endpoint !== 'discovery')).toEqual([]);
  await expectUnharmed(tried);
  return outcome;
}

/** What comes again, when it has been used and its user is gone, is a typed error without effect. */
export async function expectUsedUp(
  stage: Stage,
  tried: Omit<Tried, 'page'>,
  send: () => Promise<Page>,
): Promise<void> {
  const page = await expectNoEffect(stage, tried, send);
  expectTypedError({ page }, { code: 'transaction_unknown', status: 400 });
  expectNothingShown(tried, shownIn(page));
  expect((await tried.browser.me()).status).toBe(401);
}

/** A logout token was refused: its user stays logged in, and nothing is noted of it. */
export async function expectTokenRefused(stage: Stage, tried: Tried, token: unknown): Promise<void> {
  const page = await expectNoEffect(stage, tried, () => postLogoutToken(tried, token));
  expect([page.status, page.headers['cache-control']]).toEqual([400, 'no-store']);
  expect(JSON.parse(page.text)).toEqual({
    error: 'invalid_request',
    error_description: expect.stringMatching(/^The [\w ]+(?:: [\w ]+)?\.$/),
  });
  expect((await tried.browser.me()).status).toBe(200);
}

/** The login led where it should, and the user is who they are. */
export async function expectAccepted(tried: Tried): Promise<void> {
  const { browser, page, dialect } = tried;
  expect([page.status, page.headers.location]).toEqual([303, RETURN_TO]);
  expect(await browser.me()).toMatchObject({ status: 200, user: { sub: dialect.sub } });
  expectNothingShown(tried, shownIn(page));
  await expectUnharmed(tried);
}

/** The process lives (jest fails a test in which an error is left uncaught), answers, and has the prototypes it had. */
export async function expectUnharmed({ browser }: Pick<Tried, 'browser'>): Promise<void> {
  expect((await browser.get('/')).text).toBe('home');
  expect(JSON.stringify(prototypeMembers())).toBe(prototype);
}

export function expectTypedError({ page }: Pick<Tried, 'page'>, { code, status = 502 }: Refusal): void {
  const shown = /<code>(.*)<\/code>/.exec(page.text)?.[1];
  expect([page.status, shown]).toEqual([status, [code].flat().includes(shown ?? '') ? shown : code]);
  expect(page.headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
  });
}

/** All that nobody but its owner may see of a login, as far as it went: what the provider gave, and what we made. */
export function secretsOf({ provider, browser, sent, params }: Omit<Tried, 'page'>): string[] {
  const verifiers = provider.requests.map((request) => request.params.code_verifier);
  const all = [
    CLIENT_SECRET,
    ...provider.issued,
    ...verifiers,
    sent.get('state'),
    sent.get('nonce'),
    params.get('code'),
    ...cookieSecrets(browser),
  ];
  // A token that a provider left out was noted as a text all the same.
  return all.filter((secret) => secret && secret !== 'undefined').map(String);
}

/**
 * The values of the cookies in a browser, as they were sent and as they are meant; of a session also its bare id. Shorter
 * ones were put there by a test.
 */
function cookieSecrets({ jar }: Browser): string[] {
  const values = (jar.serializeSync()?.cookies ?? []).flatMap(({ value }) => {
    const meant = decodeURIComponent(String(value));
    return [String(value), meant, /^s:([^.]+)\./.exec(meant)?.[1] ?? ''];
  });
  return values.filter(({ length }) => length > 20);
}

/** Everything of an answer that others than its browser may come to see. */
export function shownIn({ text, headers: { 'set-cookie': _cookies, ...headers } }: Page): string {
  return text + JSON.stringify(headers);
}

export function expectNoSecret(tried: Omit<Tried, 'page'>, text: string): void {
  for (const secret of secretsOf(tried)) expect(text).not.toContain(secret);
}

/** No secret, and nothing of the attacker's that a browser could take for markup. */
export function expectNothingShown(tried: Omit<Tried, 'page'>, text: string): void {
  expectNoSecret(tried, text);
  const said = [...tried.provider.said, [...tried.params]].flatMap(markup);
  for (const one of said) expect(text).not.toContain(one);
}

/** What in a text would do harm by itself: a tag, a way out of an attribute, a link to a script. */
const HARMFUL = /<(?:script|img|svg|iframe)[^>]*>|["'][^"'<>]*\bon\w+\s*=|javascript:/gi;

/** The texts in a value that mean something in HTML, and what in them would do harm by itself. */
function markup(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.entries(value).flat().flatMap(markup);
  if (typeof value !== 'string') return [];
  const harmful = [...value.matchAll(HARMFUL)].map(([found]) => found);
  return value.includes('<') || harmful.length > 0 ? [value, ...harmful] : [];
}

async function expectNothingKept({ redis }: Stage, { provider }: Tried, { leaves }: Refusal): Promise<void> {
  const keys = await redis.keys();
  expect(
    keys.filter(
      (key) =>
        !(leaves === 'the open transaction' && /^oauth:browser:\{[\w-]+\}(?::open:[\w-]+)?$/.test(key)),
    ),
  ).toEqual([]);
  const dump = await redis.dump();
  for (const secret of provider.issued) expect(dump).not.toContain(secret);
}

/** Of everything that a polluted answer could reach. */
function prototypeMembers(): string[][] {
  return [Object.prototype, Array.prototype, Function.prototype].map((one) =>
    Object.getOwnPropertyNames(one).sort(),
  );
}
