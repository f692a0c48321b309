import { Browser, type Page } from './support/browser.js';
import { title } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import { callbackQuery, type Tried, useStage } from './support/stage.js';
import { expectNoSecret, secretsOf, shownIn } from './support/verdict.js';

const stage = useStage();
const [oidc] = dialects as [DialectUnderTest];
const json = { accept: 'application/json' };

type Ask = (tried: Tried) => Promise<Page>;
const get =
  (path: string, headers: Record<string, string> = {}): Ask =>
  ({ browser }) =>
    browser.get(path, headers);
const by =
  (method: string, path: string): Ask =>
  ({ browser }) =>
    browser.ask(path, { method });

/** Every kind of answer that is ours. */
const answers: [id: string, does: string, ask: Ask, referrer?: string][] = [
  ['chooser', 'shows the page to choose a provider', get('/auth/login')],
  ['chooser-returnto', 'shows that page with a path to return to', get('/auth/login?returnTo=%2Fme')],
  ['login', 'sends to the provider', get('/auth/login/oidc')],
  ['login-unknown', 'knows no such provider', get('/auth/login/nobody')],
  ['login-prefetch', 'refuses to look ahead', get('/auth/login/oidc', { 'sec-purpose': 'prefetch' })],
  ['login-method', 'refuses another method', by('DELETE', '/auth/login/oidc')],
  ['callback-malformed', 'refuses a callback', get('/auth/callback/oidc')],
  ['callback-malformed-json', 'refuses a callback, in JSON', get('/auth/callback/oidc', json)],
  ['callback-unknown', 'knows no such provider', get('/auth/callback/nobody?code=a&state=b')],
  ['callback-head', 'is looked at', by('HEAD', '/auth/callback/oidc')],
  ['callback-stale', 'has seen this callback', get('/auth/callback/oidc?code=a&state=b')],
  ['session', 'says who is logged in', get('/auth/session')],
  ['session-method', 'refuses another method', by('POST', '/auth/session')],
  // Its form says where it comes from: a browser without Fetch Metadata has no other word for that.
  ['logout-page', 'asks whether a logout is meant', get('/auth/logout'), 'same-origin'],
  [
    'logout-cross-site',
    'refuses a logout',
    ({ browser }) =>
      browser.ask('/auth/logout', { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } }),
  ],
  ['logout', 'logs out', by('POST', '/auth/logout')],
  ['backchannel', 'refuses a logout token', by('POST', '/auth/backchannel-logout/oidc')],
  ['backchannel-method', 'refuses another method', get('/auth/backchannel-logout/oidc')],
  ['backchannel-unknown', 'knows no such provider', by('POST', '/auth/backchannel-logout/nobody')],
  ['backchannel-unsigned', 'knows a provider that signs nothing', by('POST', '/auth/backchannel-logout/pds')],
  ['login-required', 'wants a login', ({ app }) => new Browser(app.url).get('/me', json)],
  [
    'login-redirect',
    'sends to the login',
    ({ app }) => new Browser(app.url).get('/me', { 'sec-fetch-mode': 'navigate' }),
  ],
];

describe('an answer of ours', () => {
  it.each(
    answers.map(
      ([id, does, ask, referrer = 'no-referrer']) =>
        [
          title('accepted', {
            id,
            does: `${does}, and no cache keeps it`,
            source: 'OWASP ASVS 5.0 14.3, RFC 6749 5.1',
          }),
          ask,
          referrer,
        ] as const,
    ),
  )('%s', async (_title, ask, referrer) => {
    const tried = await stage().loggedIn(oidc);
    const answer = await ask(tried);
    const { headers, text } = answer;
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': referrer,
      'x-content-type-options': 'nosniff',
    });
    if (headers['content-type']?.startsWith('text/html') && text.startsWith('<!doctype')) {
      expect(headers).toMatchObject({ 'x-frame-options': 'DENY' });
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; .*base-uri 'none'; frame-ancestors 'none'$/,
      );
      expect(text).not.toMatch(/<script|\son\w+=|javascript:/i);
    }
    // RP-initiated logout names the user by the id_token, as its specification wants.
    expectNoSecret(tried, shownIn(answer).replace(/id_token_hint=[\w.-]+/g, ''));
  });

  it(
    title('accepted', {
      id: 'callback',
      does: 'ends a login without a secret in it, and no cache keeps it',
      source: 'RFC 9700 4.2',
    }),
    async () => {
      const tried = await stage().attempt(oidc);
      const { headers } = tried.page;
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
      expectNoSecret(tried, shownIn(tried.page));
    },
  );

  it(
    title('refused', {
      id: 'posted-url',
      does: 'is asked by POST: the code goes into no URL',
      source: 'RFC 9700 4.2',
    }),
    async () => {
      const begun = await stage().begin(oidc);
      const posted = await new Browser(begun.app.url).ask(begun.path, {
        method: 'POST',
        body: callbackQuery(begun),
      });
      expect(posted.status).toBe(303);
      expect(posted.headers.location).not.toContain(begun.params.get('code'));
      expect(await stage().redis.dump()).not.toContain(begun.params.get('code'));
    },
  );

  it.each(
    dialects.map(
      (dialect) =>
        [
          title('accepted', {
            id: `events-${dialect.name}`,
            does: `tells of a login, a refresh and a logout at ${dialect.name} without a secret`,
            source: 'OWASP ASVS 5.0 16.2.5',
          }),
          dialect,
        ] as const,
    ),
  )('%s', async (_title, dialect) => {
    const tried = await stage().loggedIn(dialect);
    const before = secretsOf(tried);
    await tried.browser.get('/renew');
    await tried.browser.ask('/auth/logout', { method: 'POST' });
    expect(tried.app.events.length).toBeGreaterThanOrEqual(3);
    const told = JSON.stringify(tried.app.events) + (await stage().redis.dump());
    // The logout has taken the session's cookie away.
    for (const secret of [...before, ...secretsOf(tried)]) expect(told).not.toContain(secret);
  });
});
