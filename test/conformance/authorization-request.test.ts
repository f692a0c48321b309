import { ownAuthorizationParams } from '../../src/provider.js';
import { Browser } from './support/browser.js';
import { title } from './support/cases.js';
import { dialects } from './support/dialects.js';
import { useStage } from './support/stage.js';

const stage = useStage();

/** What nobody may change, and what an attacker might like to. */
const smuggled = [
  ...ownAuthorizationParams,
  ...[
    'redirect_url',
    'appid',
    'echo',
    'prompt',
    'max_age',
    'login_hint',
    'id_token_hint',
    'acr_values',
    'claims',
  ],
  ...['resource', 'audience', 'code', 'iss', 'access_type', 'login_type', 'hide_consent', 'provider'],
];

const notForPages = [
  'image',
  'script',
  'style',
  'font',
  'iframe',
  'frame',
  'embed',
  'object',
  'audio',
  'video',
  'track',
  'worker',
  'manifest',
  'fencedframe',
];
const ahead: Record<string, string>[] = [
  { 'sec-purpose': 'prefetch' },
  { 'sec-purpose': 'prefetch;prerender' },
  { 'sec-purpose': 'prefetch;anonymous-client-ip' },
  { purpose: 'prefetch' },
  { purpose: 'preview' },
  { 'x-moz': 'prefetch' },
  ...notForPages.map((destination) => ({ 'sec-fetch-dest': destination })),
];
const otherMethods = ['HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'];

describe.each(dialects)('a login at $name', (dialect) => {
  const path = `/auth/login/${dialect.name}`;

  /** Nobody was sent anywhere, and nothing was begun. */
  async function expectNothingBegun(page: Awaited<ReturnType<Browser['get']>>) {
    expect(page.headers.location).toBeUndefined();
    expect(page.headers['set-cookie']).toBeUndefined();
    expect(await stage().redis.keys()).toEqual([]);
    expect(stage().provider(dialect).requests).toEqual([]);
  }

  it(
    title('accepted', {
      id: 'fresh',
      does: 'begins with secrets of its own in each tab',
      source: 'RFC 9700 2.1.1',
    }),
    async () => {
      const browser = new Browser(stage().app.url);
      const values: string[] = [];
      for (let tab = 0; tab < 8; tab += 1) {
        const { sent } = await stage().begin(dialect, {}, { app: stage().app, browser });
        for (const name of ['state', 'nonce', 'code_challenge']) {
          const value = sent.get(name);
          if (value !== null) values.push(value);
        }
        expect(sent.get('state')).toMatch(/^[\w-]{43,}$/);
        expect(sent.has('nonce')).toBe(dialect.signsIdTokens);
        if (sent.has('code_challenge')) expect(sent.get('code_challenge_method')).toBe('S256');
      }
      expect(new Set(values).size).toBe(values.length);
    },
  );

  it(
    title('accepted', {
      id: 'verifier',
      does: 'proves itself by a verifier of 43 to 128 characters, where PKCE is known',
      source: 'RFC 7636 4.1',
    }),
    async () => {
      const { sent, provider } = await stage().attempt(dialect);
      const [exchange] = provider.to('token');
      if (sent.has('code_challenge')) expect(exchange?.params.code_verifier).toMatch(/^[\w.~-]{43,128}$/);
      else expect(exchange?.params).not.toHaveProperty('code_verifier');
      expect(sent.has('code_challenge')).toBe(!['pds', 'welink', 'open-platform'].includes(dialect.name));
    },
  );

  it(
    title('accepted', {
      id: 'redirect-uri',
      does: 'names this provider’s own callback, at both ends',
      source: 'RFC 9700 4.4.2.2',
    }),
    async () => {
      const { sent, provider, app } = await stage().attempt(dialect);
      expect(sent.get('redirect_uri')).toBe(`${app.url}/auth/callback/${dialect.name}`);
      const [exchange] = provider.to('token');
      // Open platforms do not want it at the token endpoint.
      const again = !['open-platform', 'renamed'].includes(dialect.name);
      expect(exchange?.params.redirect_uri).toBe(again ? sent.get('redirect_uri') : undefined);
    },
  );

  it.each(
    smuggled.map((name) => [
      title('refused', {
        id: `param-${name}`,
        does: `is begun with ${name} in the query`,
        source: 'RFC 6749 10.14',
      }),
      name,
    ]),
  )('%s', async (_title, name) => {
    const evil = 'https://evil.example/x';
    const page = await new Browser(stage().app.url).get(
      `${path}?${name}=${encodeURIComponent(evil)}&returnTo=${encodeURIComponent(`/?${name}=${evil}`)}`,
    );
    expect(page.status).toBe(302);
    expect(decodeURIComponent(page.headers.location ?? '')).not.toContain('evil');
  });

  it.each(
    ahead.map(
      (headers) =>
        [
          title('refused', {
            id: Object.entries(headers).flat().join('-'),
            does: `is begun with ${JSON.stringify(headers)}`,
            source: 'Fetch Metadata, Nav Speculation',
          }),
          headers,
        ] as const,
    ),
  )('%s', async (_title, headers) => {
    const page = await new Browser(stage().app.url).get(path, headers);
    expect([page.status, page.headers['cache-control']]).toEqual([403, 'no-store']);
    await expectNothingBegun(page);
  });

  it.each(
    otherMethods.map((method) => [
      title('refused', { id: `method-${method}`, does: `is begun by ${method}`, source: 'RFC 9110 9.2.1' }),
      method,
    ]),
  )('%s', async (_title, method) => {
    const page = await new Browser(stage().app.url).ask(path, { method });
    expect(page.status).toBe({ HEAD: 204, OPTIONS: 204 }[method] ?? 405);
    await expectNothingBegun(page);
  });

  it(
    title('refused', {
      id: 'flood',
      does: 'is begun a hundred times in one browser: ten stay open, and one cookie',
      source: 'CWE-770',
    }),
    async () => {
      const browser = new Browser(stage().app.url);
      for (let count = 0; count < 100; count += 1) await browser.get(path);
      const keys = await stage().redis.keys();
      expect(keys.filter((key) => key.includes(':open:'))).toHaveLength(10);
      expect(keys).toHaveLength(11);
      expect(browser.jar.serializeSync()?.cookies).toHaveLength(1);
    },
  );

  const reserved = [
    ...ownAuthorizationParams,
    ...Object.values(dialect.names ?? {}).filter((name) => name !== 'auth_code'),
  ];
  it.each(
    reserved.map((name) => [
      title('refused', {
        id: `caller-${name}`,
        does: `is begun by the app with a ${name} of its own`,
        source: 'RFC 9700 4.7',
      }),
      name,
    ]),
  )('%s', async (_title, name) => {
    const { redirects, url } = await appThatSends(name);
    const page = await new Browser(url).get('/begin');
    expect([page.status, page.headers.location]).toEqual([500, undefined]);
    expect(redirects()).toBe('invalid_option');
    expect((await stage().redis.keys()).filter((key) => key.includes(':open:'))).toEqual([]);
  });

  async function appThatSends(name: string) {
    let refusal: unknown;
    const app = await stage().freshApp(
      dialect,
      {},
      {
        routes(it) {
          it.get('/begin', (req, _res, next) => {
            req.oauth.redirectToLogin({ params: { [name]: 'evil' } }).catch((error) => {
              refusal = error.code;
              next(error);
            });
          });
        },
      },
    );
    return { url: app.url, redirects: () => refusal };
  }
});

describe('the origin of the app', () => {
  const [oidc] = dialects;
  const forged: [string, Record<string, string>][] = [
    ['host', { host: 'evil.example' }],
    ['host-port', { host: '127.0.0.1:1' }],
    ['host-user', { host: 'app@evil.example' }],
    ['forwarded-host', { 'x-forwarded-host': 'evil.example' }],
    ['forwarded-proto', { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' }],
    ['forwarded', { forwarded: 'host=evil.example;proto=https' }],
  ];
  it.each(
    forged.map(
      ([id, headers]) =>
        [
          title('refused', {
            id,
            does: `is said to be another: ${JSON.stringify(headers)}`,
            source: 'CWE-644',
          }),
          headers,
        ] as const,
    ),
  )('%s', async (_title, headers) => {
    if (!oidc) throw new Error('no dialect');
    const app = await stage().freshApp(oidc, {}, { router: { baseUrl: 'http://127.0.0.1:4711' } });
    const page = await new Browser(app.url).get('/auth/login/oidc', headers);
    const sent = new URL(page.headers.location ?? '').searchParams;
    expect(sent.get('redirect_uri')).toBe('http://127.0.0.1:4711/auth/callback/oidc');
    const plain = await stage().freshApp(oidc);
    const guessed = await new Browser(plain.url).get('/auth/login/oidc', headers);
    expect(guessed.headers.location ?? '').not.toContain('evil');
  });
});
