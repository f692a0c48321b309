import { parseReturnTo, withReturnTo } from '../../../src/login/return-to.js';

const ORIGIN = 'https://app.example.com';
/** Where a browser stands when it gets the redirect. */
const CALLBACK = `${ORIGIN}/auth/callback/x`;

const hosts = ['evil.com', 'app.example.com.evil.com', '3627734734', '[::1]', 'evil。com', 'ｅｖｉｌ.com'];

const attacks: readonly unknown[] = [
  // Another host, said plainly or by leaving something out.
  ...hosts.flatMap((host) => [
    `https://${host}/`,
    `http://${host}`,
    `//${host}`,
    `///${host}`,
    `////${host}/x`,
  ]),
  ...[
    'https:evil.com',
    'https:/evil.com',
    'http:\\\\evil.com',
    'HTTPS://EVIL.COM',
    'ftp://evil.com/',
    'ws://evil.com',
  ],
  // Backslashes, which browsers take for slashes.
  ...[
    '/\\evil.com',
    '\\\\evil.com',
    '\\/evil.com',
    '/\\/evil.com',
    '//\\evil.com',
    '/\\\\evil.com',
    '\\evil.com',
  ],
  ...['/x/..\\..//evil.com', '/.\\/evil.com', '/..\\\\evil.com', '/a\\..\\..\\\\evil.com'],
  // Characters that browsers drop, before, between and after the slashes.
  ...['\t', '\n', '\r', '\r\n'].flatMap((gap) => [
    `${gap}//evil.com`,
    `/${gap}/evil.com`,
    `//${gap}evil.com`,
    `/${gap}\\evil.com`,
    `/${gap}${gap}/evil.com`,
    `/.${gap}//evil.com`,
    `/x${gap}Set-Cookie: a=b`,
    `ht${gap}tps://evil.com`,
    `java${gap}script:alert(1)`,
  ]),
  ...['\0', '\x01', '\x0b', '\x0c', '\x1f', '\x7f', '\x85', ' '].map((character) => `${character}//evil.com`),
  ...['\0', '\x01', '\x08', '\x7f', '\x80', '\x9f'].map((character) => `/${character}/evil.com`),
  // User information in front of the host.
  ...['https://app.example.com@evil.com', '//app.example.com@evil.com/', '//app.example.com:443@evil.com'],
  ...['https://app.example.com%40evil.com', '//evil.com#@app.example.com', '//evil.com?@app.example.com'],
  // Dot segments: the origin is right, and the path that is left begins with two slashes.
  ...[
    '/.//evil.com',
    '/..//evil.com',
    '/./..//evil.com',
    '/x/..//evil.com',
    '/a/b/../..//evil.com',
    '/.///evil.com',
  ],
  ...['/%2e//evil.com', '/%2E//evil.com', '/%2e%2e//evil.com', '/.%2e//evil.com', '/%2e.//evil.com'],
  ...['/x/%2e%2e//evil.com', '/x/.%2E//evil.com/', '/..;/..//evil.com/../..//evil.com', '/a/.././/evil.com'],
  ...['/.//evil.com/%2e%2e', '/..//..//evil.com', '/././/evil.com', '/%2e/%2e//evil.com?x#y'],
  // No address of a page at all.
  ...['javascript:alert(1)', 'JavaScript:alert(1)', 'javascript://app.example.com/%0aalert(1)', 'vbscript:x'],
  ...[
    'data:text/html,<script>alert(1)</script>',
    'data:text/html;base64,PHNjcmlwdD4=',
    'blob:https://evil.com/1',
  ],
  ...[
    'file:///etc/passwd',
    'about:blank',
    'mailto:a@b.c',
    'intent://evil.com#Intent;end',
    'view-source:https://x',
  ],
  // Full-width and other look-alikes in the place of slashes, dots and letters.
  ...[
    '／／evil.com',
    '／/evil.com',
    '＼＼evil.com',
    '。。//evil.com',
    '⁄⁄evil.com',
    '∕∕evil.com',
    '․․//evil.com',
  ],
  // Relative, empty, and nothing.
  ...[
    '',
    ' ',
    '.',
    '..',
    '../x',
    './x',
    'x',
    'evil.com',
    '?x=1',
    '#x',
    '@evil.com',
    ':80',
    '%2f%2fevil.com',
    '$2f$2fevil.com',
  ],
  // Our own origin, in full: a path is what is asked for.
  ...[`${ORIGIN}/x`, `${ORIGIN}//evil.com`, `${CALLBACK}?code=1`],
  // Too long, before or after encoding.
  ...[`/${'x/../'.repeat(500)}`, `/${'x'.repeat(2048)}`, `/${'ä'.repeat(1000)}`, `/?${'😀'.repeat(400)}`],
  // Not text.
  ...[
    undefined,
    null,
    5,
    true,
    {},
    [],
    ['/x'],
    ['/', '/evil.com'],
    { toString: () => '/x' },
    new URL(ORIGIN),
    () => '/x',
  ],
  ...[Object('/x'), Symbol('/x'), 10n],
];

it('there are enough of them', () => {
  expect(new Set(attacks).size).toBeGreaterThan(150);
});

it.each(attacks.map((payload, index) => [index, payload]))('attack %d leads nowhere', (_index, payload) => {
  expect(parseReturnTo(payload, ORIGIN)).toBeUndefined();
});

/** Odd ones that are paths of this app after all. What counts is where a browser goes. */
const odd = [
  '/%2f%2fevil.com',
  '/%5cevil.com',
  '/%5c%5cevil.com',
  '/%09/evil.com',
  '/%0d%0aLocation:%20https://evil.com',
  '/@evil.com',
  '/:80',
  '/;//evil.com',
  '/x//evil.com',
  '/?//evil.com',
  '/?url=https://evil.com',
  '/#//evil.com',
  '/#@evil.com',
  '/%00/evil.com',
  '/...//evil.com',
  '/..;//evil.com',
  '/%252e//evil.com',
  '/evil.com/..',
  '/./x',
  '/a/../b',
  '/／/evil.com',
  '/／evil.com',
  '/。/evil.com',
  '/\u2028/evil.com',
  '/\u3000/evil.com',
  '/\u00a0/evil.com',
  '/\ufeff/evil.com',
  '/\ud800/evil.com',
  '/javascript:alert(1)',
  '/<script>alert(1)</script>',
  '/"onload="x',
  '/ /evil.com',
  '/$2f/evil.com',
  '/;@evil.com',
  '//app.example.com/x',
];

it.each(odd)('%j is a path of the app, wherever it is resolved', (payload) => {
  const emitted = parseReturnTo(payload, ORIGIN);
  expect(emitted).toBeDefined();
  for (const base of [CALLBACK, `${ORIGIN}/`, `${ORIGIN}/a/b/c?d#e`]) {
    const landing = new URL(emitted as string, base);
    expect(landing.origin).toBe(ORIGIN);
    // Once more round, as an app that stores it and redirects later would.
    expect(parseReturnTo(landing.pathname + landing.search + landing.hash, ORIGIN)).toBe(emitted);
  }
});

it.each(odd)('%j has nothing left in it that could break out of a header', (payload) => {
  expect(parseReturnTo(payload, ORIGIN)).toMatch(/^\/[\x21-\x7e]*$/);
});

it.each([
  '/',
  '/me',
  '/me?x=1&y=2#part',
  '/a/b/c/',
  '/search?q=a%20b+c&lang=de',
  '/files/r%C3%A9sum%C3%A9.pdf',
  '/wiki/C%2B%2B',
  "/it's",
  '/(group)/~user/!$&*+,;=:@',
  '/?returnTo=%2Fx',
  '/#/spa/route?x=1',
  '/a//b',
  `/${'x'.repeat(2047)}`,
])('the honest path %j survives unchanged', (path) => {
  expect(parseReturnTo(path, ORIGIN)).toBe(path);
});

it('a path beyond ASCII arrives as a browser would send it', () => {
  expect(parseReturnTo('/größe?q=ü', ORIGIN)).toBe('/gr%C3%B6%C3%9Fe?q=%C3%BC');
});

it.each(['http://localhost:3000', 'http://[::1]:8080', 'https://app.example.com:8443', `${ORIGIN}/`])(
  'decides the same way for an app at %s',
  (origin) => {
    expect(parseReturnTo('/me?x=1', origin)).toBe('/me?x=1');
    expect(parseReturnTo('//evil.com', origin)).toBeUndefined();
    expect(parseReturnTo('/.//evil.com', origin)).toBeUndefined();
  },
);

it('a path may carry the way back, beside what it has already', () => {
  expect(withReturnTo('/log-in?x=1#top', undefined)).toBe('/log-in?x=1#top');
  expect(withReturnTo('/log-in?x=1#top', '/me?a=b')).toBe('/log-in?x=1&returnTo=%2Fme%3Fa%3Db#top');
});
