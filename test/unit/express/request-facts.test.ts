import type { Express, Request } from 'express';
import session from 'express-session';
import { isOAuthLoginError } from '../../../src/errors.js';
import {
  isForPage,
  isFromOurPages,
  isNavigation,
  isPrefetch,
  isVisit,
  mountPath,
  publicOrigin,
  requestedPath,
  wantsJson,
} from '../../../src/express/request-facts.js';
import { oauthSession } from '../../../src/index.js';
import { type Ask, ask, navigation } from './serve.js';

/** What a fact about a request is. */
async function fact(
  read: (req: Request) => unknown,
  how: Ask & { path?: string } = {},
  set: (app: Express) => void = () => {},
) {
  const { path = '/x', ...rest } = how;
  const { text } = await ask(
    (app) => {
      set(app);
      app.use((req, res) => {
        try {
          res.json({ value: read(req) });
        } catch (error) {
          res.json({ value: isOAuthLoginError(error) ? error.code : String(error) });
        }
      });
    },
    path,
    rest,
  );
  return text === '' ? undefined : (JSON.parse(text) as { value: unknown }).value;
}

describe('the public origin', () => {
  const origin = (headers: Record<string, string>, configured?: string, trust?: unknown) =>
    fact(
      (req) => publicOrigin(req, configured),
      { headers },
      (app) => {
        if (trust !== undefined) app.set('trust proxy', trust);
      },
    );

  it.each([
    ['localhost:3000', 'http://localhost:3000'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['LOCALHOST', 'http://localhost'],
    ['app.localhost', 'http://app.localhost'],
  ])('is that of the request on loopback: %s', async (host, expected) => {
    expect(await origin({ host })).toBe(expected);
  });

  it('is what was configured, whatever the request says', async () => {
    const configured = 'https://app.example.com';
    expect(await origin({ host: 'evil.example' }, configured)).toBe(configured);
    expect(await origin({ host: 'evil.example', 'x-forwarded-host': 'evil.example' }, configured, true)).toBe(
      configured,
    );
  });

  it.each(['app.example.com', 'localhost.example.com', '10.0.0.1', '127.0.0.1.nip.io'])(
    'is none over plain http to %s',
    async (host) => {
      expect(await origin({ host })).toBe('insecure_transport');
    },
  );

  it('is told by a proxy, if that is trusted, and only then', async () => {
    const headers = { host: 'internal', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example.com' };
    expect(await origin(headers, undefined, true)).toBe('https://app.example.com');
    expect(await origin(headers, undefined, 'loopback')).toBe('https://app.example.com');
    expect(await origin(headers)).toBe('insecure_transport');
    expect(await origin(headers, undefined, '10.0.0.0/8')).toBe('insecure_transport');
  });

  it('is that of the request where a trusted proxy tells nothing', async () => {
    expect(await origin({ host: 'localhost:3000' }, undefined, true)).toBe('http://localhost:3000');
  });

  it('cannot be https, for our session cookie, where Express sees plain http', async () => {
    const configured = 'https://app.example.com';
    const seen = (headers: Record<string, string>, trust: unknown) =>
      fact(
        (req) => publicOrigin(req, configured),
        { headers },
        (app) => {
          app.set('trust proxy', trust);
          app.use(oauthSession({ secret: 'a secret of thirty-two characters' }));
        },
      );
    expect(await seen({}, false)).toBe('insecure_transport');
    expect(await seen({ 'x-forwarded-proto': 'https' }, false)).toBe('insecure_transport');
    expect(await seen({ 'x-forwarded-proto': 'https' }, true)).toBe(configured);
  });

  it('is none where an own session has a Secure cookie that express-session would not set', async () => {
    const seen = (cookie: session.CookieOptions, headers: Record<string, string>, trust: unknown = false) =>
      fact(
        (req) => publicOrigin(req, undefined),
        { headers: { host: 'localhost:3000', ...headers } },
        (app) => {
          app.set('trust proxy', trust);
          app.use(session({ secret: 'x', resave: false, saveUninitialized: false, cookie }));
        },
      );
    const proxied = { 'x-forwarded-proto': 'https' };
    expect(await seen({ secure: true }, {})).toBe('insecure_transport');
    expect(await seen({ secure: true }, { 'x-forwarded-proto': 'http, https' })).toBe('insecure_transport');
    // express-session with its option `proxy` takes the header's word.
    expect(await seen({ secure: true }, proxied)).toBe('http://localhost:3000');
    expect(await seen({ secure: true }, proxied, true)).toBe('https://localhost:3000');
    expect(await seen({ secure: 'auto' }, {})).toBe('http://localhost:3000');
    expect(await seen({}, {})).toBe('http://localhost:3000');
  });

  it('is the first of several that proxies tell, port and all', async () => {
    const headers = {
      host: 'x',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'app.example.com:8443 , inner',
    };
    expect(await origin(headers, undefined, true)).toBe('https://app.example.com:8443');
  });

  it.each([
    'user@localhost',
    'localhost/path',
    'localhost?x',
    'localhost#x',
    'local host',
    'localhost:99999',
    '',
  ])('is none for the host %j', async (host) => {
    const proxied = { host: 'localhost', 'x-forwarded-host': host };
    const expected = host === '' ? ['missing_option', 'http://localhost'] : ['missing_option'];
    expect(expected).toContain(await origin(proxied, undefined, true));
  });
});

describe('the requested path', () => {
  const requested = (path: string, host = 'localhost:3000') =>
    fact(requestedPath, { path, headers: { host } }) as Promise<string | undefined>;

  it.each(['/', '/me?x=1&y=2', '/a//b', '/%2f%2fevil.example'])(
    'is that of the request: %s',
    async (path) => {
      expect(await requested(path)).toBe(path);
    },
  );

  it.each([
    '//evil.example',
    '/\\\\evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    `/${'x'.repeat(2048)}`,
  ])('is none where that would lead elsewhere, or is too long: %.20s', async (path) => {
    expect(await requested(path)).toBeUndefined();
  });

  it('is what follows the origin that a proxy puts in front, if that is ours', async () => {
    expect(await requested('http://localhost:3000/me?x=1')).toBe('/me?x=1');
    expect(await requested('http://localhost:3000//evil.example')).toBeUndefined();
    expect(await requested('http://evil.example/me')).toBeUndefined();
  });
});

describe('the mount path', () => {
  const mounted = (pattern: string | RegExp, path: string) =>
    fact(
      () => undefined,
      { path },
      (app) => app.use(pattern, (req, res) => void res.json({ value: mountPath(req) })),
    );

  it('is empty at the root, and else that of the request', async () => {
    expect(await mounted('/', '/x')).toBe('');
    expect(await mounted('/part', '/part/x')).toBe('/part');
    expect(await mounted('/:tenant', '/gr%C3%BCn/x')).toBe('/gr%C3%BCn');
  });

  it.each([
    '//evil.example',
    '/\\\\evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/.',
    '/%2e',
    '//',
  ])('is empty where %s is what a pattern took for it', async (path) => {
    expect(await mounted(/^.*(?=\/x$)/, `${path}/x`)).toBe('');
  });
});

describe('a navigation', () => {
  it.each<[string, Ask, boolean]>([
    ['a browser', { headers: navigation }, true],
    ['an old browser', { headers: { accept: navigation.accept } }, true],
    ['curl', { headers: { accept: '*/*' } }, false],
    ['no Accept', {}, false],
    ['an API client', { headers: { accept: 'application/json' } }, false],
    ['who likes JSON better', { headers: { accept: 'application/json, text/html;q=0.9' } }, false],
    ['fetch from a page', { headers: { accept: '*/*', 'sec-fetch-mode': 'cors' } }, false],
    ['fetch for HTML from a page', { headers: { ...navigation, 'sec-fetch-mode': 'cors' } }, false],
    ['an image', { headers: { accept: 'image/*', 'sec-fetch-mode': 'no-cors' } }, false],
    ['jQuery', { headers: { accept: navigation.accept, 'x-requested-with': 'XMLHttpRequest' } }, false],
    ['a form that posts', { method: 'POST', headers: navigation }, false],
    ['DELETE', { method: 'DELETE', headers: navigation }, false],
  ])('%s: %#', async (_who, how, expected) => {
    expect(await fact(isNavigation, how)).toBe(expected);
  });
});

it.each([
  ['application/json', true],
  ['application/json, text/plain, */*', true],
  ['text/html', false],
  ['*/*', false],
  [navigation.accept, false],
  ['image/png', false],
])('who accepts %s wants JSON: %p', async (accept, expected) => {
  expect(await fact(wantsJson, { headers: { accept } })).toBe(expected);
});

it.each<[Record<string, string>, boolean]>([
  [{ 'sec-purpose': 'prefetch' }, true],
  [{ 'sec-purpose': 'prefetch;prerender' }, true],
  [{ purpose: 'prefetch' }, true],
  [{ 'x-moz': 'prefetch' }, true],
  [{ purpose: 'preview' }, true],
  [{ 'Sec-Purpose': 'PREFETCH' }, true],
  [{}, false],
  [navigation, false],
])('%j is ahead of the user: %p', async (headers, expected) => {
  expect(await fact(isPrefetch, { headers })).toBe(expected);
});

it.each([
  [undefined, true],
  ['document', true],
  ['empty', true],
  ['iframe', false],
  ['frame', false],
  ['image', false],
  ['script', false],
  ['style', false],
  ['embed', false],
  ['object', false],
])('Sec-Fetch-Dest %s is for a page: %p', async (destination, expected) => {
  const headers = destination === undefined ? {} : { 'sec-fetch-dest': destination };
  expect(await fact(isForPage, { headers })).toBe(expected);
});

it.each<[string, Record<string, string>, boolean]>([
  ['an old browser', {}, true],
  ['a link on another site', { 'sec-fetch-site': 'cross-site', ...navigation }, true],
  ['a script of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }, false],
  ['a script of a neighbour', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }, false],
  ['our own script', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, true],
  ['a bookmark', { 'sec-fetch-site': 'none', ...navigation }, true],
  ['a frame', { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' }, false],
  ['a prefetch', { ...navigation, 'sec-purpose': 'prefetch' }, false],
])('%s is a visit: %#', async (_who, headers, expected) => {
  expect(await fact(isVisit, { headers })).toBe(expected);
});

describe('a request that changes state', () => {
  const ours = 'https://app.example.com';

  it.each<[Record<string, string>, boolean]>([
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'none' }, true],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    // Fetch Metadata cannot be forged by a page; Origin is what older browsers have.
    [{ 'sec-fetch-site': 'cross-site', origin: ours }, false],
    [{ origin: ours }, true],
    [{ origin: 'https://evil.example' }, false],
    [{ origin: 'null' }, false],
    [{ origin: `${ours}.evil.example` }, false],
    [{ origin: 'http://app.example.com' }, false],
    [{}, true],
  ])('with %j comes from our pages: %p', async (headers, expected) => {
    expect(await fact((req) => isFromOurPages(req, ours), { method: 'POST', headers })).toBe(expected);
  });
});
