import { title } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import { type Tried, useStage } from './support/stage.js';
import { expectUnharmed } from './support/verdict.js';

const stage = useStage();
const [oidc] = dialects as [DialectUnderTest];

type Ask = { method: string; headers?: Record<string, string>; path?: string; body?: string };
type Row = [id: string, does: string, ask: Ask];
const post = (headers: Record<string, string>, body?: string): Ask => ({
  method: 'POST',
  headers,
  ...(body !== undefined && { body }),
});
const get = (headers: Record<string, string> = {}, path?: string): Ask => ({
  method: 'GET',
  headers,
  ...(path !== undefined && { path }),
});

/** Refused with 403. */
const forbidden: Row[] = [
  ['cross-site', 'posts from another site', post({ 'sec-fetch-site': 'cross-site' })],
  ['same-site', 'posts from a neighbour of the same site', post({ 'sec-fetch-site': 'same-site' })],
  ['site-unknown', 'posts from a kind of site that nobody knows', post({ 'sec-fetch-site': 'evil' })],
  ['site-case', 'posts from a site in another case', post({ 'sec-fetch-site': 'Same-Origin' })],
  ['site-empty', 'posts from an empty site', post({ 'sec-fetch-site': '' })],
  [
    'cross-site-origin',
    'posts from another site, and claims to be us',
    post({ 'sec-fetch-site': 'cross-site', origin: 'OURS' }),
  ],
  ['origin-foreign', 'posts from another origin', post({ origin: 'https://evil.example' })],
  ['origin-null', 'posts from no origin, as out of a sandbox', post({ origin: 'null' })],
  ['origin-prefix', 'posts from an origin that begins like ours', post({ origin: 'OURS.evil.example' })],
  ['origin-port', 'posts from another port', post({ origin: 'http://127.0.0.1:1' })],
  ['origin-scheme', 'posts from another scheme', post({ origin: 'https://127.0.0.1' })],
  ['origin-empty', 'posts from an empty origin', post({ origin: '' })],
  [
    'origin-referer',
    'posts from another origin, with our page as referrer',
    post({ origin: 'https://evil.example', referer: 'OURS/' }),
  ],
  [
    'json',
    'posts JSON as a plain text from another site',
    post({ 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain', accept: 'application/json' }, '{}'),
  ],
];

/** Answered with a page that asks first. */
const asked: Row[] = [
  [
    'link',
    'follows a link on another site',
    get({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }),
  ],
  [
    'link-same-site',
    'follows a link on a neighbour of the same site',
    get({ 'sec-fetch-site': 'same-site' }),
  ],
  ['address-bar', 'types the address', get({ 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' })],
  ['old-browser', 'does not say where it comes from', get()],
  ['image', 'loads it as an image', get({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' })],
  [
    'image-here',
    'loads it as an image on our own page',
    get({ 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'image' }),
  ],
  [
    'frame-here',
    'loads it in a frame on our own page',
    get({ 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' }),
  ],
  [
    'prefetch',
    'looks ahead on our own page',
    get({ 'sec-fetch-site': 'same-origin', 'sec-purpose': 'prefetch' }),
  ],
  [
    'override',
    'says that GET means POST',
    get({ 'x-http-method-override': 'POST', 'x-method-override': 'POST' }),
  ],
  ['override-query', 'says so in the query', get({}, '/auth/logout?_method=POST&method=post')],
];

describe('a logout that another site wants', () => {
  const send = ({ app, browser }: Tried, { method, headers = {}, path = '/auth/logout', body }: Ask) => {
    const named = Object.entries(headers).map(([name, value]) => [name, value.replace('OURS', app.url)]);
    return browser.ask(path, {
      method,
      headers: Object.fromEntries(named),
      ...(body !== undefined && { body }),
    });
  };

  async function expectStillLoggedIn(tried: Tried, asked: number) {
    expect((await tried.browser.me()).status).toBe(200);
    expect(tried.provider.requests).toHaveLength(asked);
    await expectUnharmed(tried);
  }

  it.each(
    forbidden.map(
      ([id, does, ask]) => [title('refused', { id, does, source: 'OWASP ASVS 5.0 3.5' }), ask] as const,
    ),
  )('%s', async (_title, ask) => {
    const tried = await stage().loggedIn(oidc);
    const before = tried.provider.requests.length;
    const page = await send(tried, ask);
    expect(page.status).toBe(403);
    expect(page.text).toContain('cross_site_request');
    expect(page.headers['set-cookie']).toBeUndefined();
    await expectStillLoggedIn(tried, before);
  });

  it.each(
    asked.map(([id, does, ask]) => [title('refused', { id, does, source: 'RFC 9110 9.2.1' }), ask] as const),
  )('%s', async (_title, ask) => {
    const tried = await stage().loggedIn(oidc);
    const before = tried.provider.requests.length;
    const page = await send(tried, ask);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain('<form method="post" action="/auth/logout">');
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    await expectStillLoggedIn(tried, before);
  });

  it(
    title('refused', { id: 'head-here', does: 'asks by HEAD on our own page', source: 'RFC 9110 9.2.1' }),
    async () => {
      const tried = await stage().loggedIn(oidc);
      const before = tried.provider.requests.length;
      const headers = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' };
      const page = await tried.browser.ask('/auth/logout', { method: 'HEAD', headers });
      expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.headers['set-cookie']).toBeUndefined();
      await expectStillLoggedIn(tried, before);
    },
  );

  it.each(
    ['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'].map((method) => [
      title('refused', { id: `method-${method}`, does: `asks by ${method}`, source: 'RFC 9110 9.1' }),
      method,
    ]),
  )('%s', async (_title, method) => {
    const tried = await stage().loggedIn(oidc);
    const before = tried.provider.requests.length;
    expect((await tried.browser.ask('/auth/logout', { method })).status).toBe(405);
    await expectStillLoggedIn(tried, before);
  });

  it(
    title('refused', { id: 'session-cors', does: 'reads who is logged in', source: 'Fetch, CORS protocol' }),
    async () => {
      const { browser } = await stage().loggedIn(oidc);
      for (const method of ['GET', 'OPTIONS']) {
        const { headers } = await browser.ask('/auth/session', {
          method,
          headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
        });
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      }
    },
  );

  const ours: Row[] = [
    ['our-page', 'posts from our own page', post({ 'sec-fetch-site': 'same-origin', origin: 'OURS' })],
    ['our-origin', 'posts from our own origin, in an old browser', post({ origin: 'OURS' })],
    [
      'our-link',
      'follows a link on our own page',
      get({ 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' }),
    ],
    ['no-browser', 'is no browser', post({})],
  ];
  it.each(
    ours.map(
      ([id, does, ask]) => [title('accepted', { id, does, source: 'OWASP ASVS 5.0 3.5' }), ask] as const,
    ),
  )('%s', async (_title, ask) => {
    const tried = await stage().loggedIn(oidc);
    expect((await send(tried, ask)).status).toBe(303);
    expect((await tried.browser.me()).status).toBe(401);
  });
});
