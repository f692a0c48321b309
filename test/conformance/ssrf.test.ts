import {
  aliyun,
  aliyunPds,
  aliyunPdsJwt,
  ConfigurationError,
  defineProvider,
  oauth2,
  oidc,
  openPlatform,
  type Provider,
  welink,
} from '../../src/index.js';
import { createProviderClient } from '../../src/wire/client.js';
import { title } from './support/cases.js';

const client = { clientId: 'id', clientSecret: 'secret' };
const good = {
  authorization: 'https://op.example.com/a',
  token: 'https://op.example.com/t',
  userinfo: 'https://op.example.com/u',
};

/** Where no request may go, and nobody may be sent. */
const urls: [id: string, url: unknown][] = [
  ['http', 'http://op.example.com/x'],
  ['http-metadata', 'http://169.254.169.254/latest/meta-data'],
  ['http-metadata-name', 'http://metadata.google.internal/x'],
  ['http-private', 'http://192.168.0.1/x'],
  ['http-any', 'http://0.0.0.0/x'],
  ['http-any-ipv6', 'http://[::]/x'],
  ['http-mapped', 'http://[::ffff:10.0.0.1]/x'],
  ['loopback-look-alike', 'http://127.0.0.1.evil.example/x'],
  ['loopback-prefix', 'http://127.0.0.1evil.example/x'],
  ['localhost-dot', 'http://localhost./x'],
  ['app-localhost-dot', 'http://app.localhost./x'],
  ['http-mapped-loopback', 'http://[::ffff:127.0.0.1]/x'],
  ['localhost-look-alike', 'http://localhost.evil.example/x'],
  ['localhost-suffix', 'http://evil-localhost/x'],
  ['localhost-user', 'http://localhost@evil.example/x'],
  ['credentials', 'https://user:password@op.example.com/x'],
  ['user', 'https://user@op.example.com/x'],
  ['fragment', 'https://op.example.com/x#y'],
  ['javascript', 'javascript:alert(1)'],
  ['data', 'data:application/json,{}'],
  ['file', 'file:///etc/passwd'],
  ['ftp', 'ftp://op.example.com/x'],
  ['gopher', 'gopher://127.0.0.1:6379/_FLUSHALL'],
  ['blob', 'blob:https://op.example.com/x'],
  ['websocket', 'wss://op.example.com/x'],
  ['relative', '/x'],
  ['no-scheme', '//op.example.com/x'],
  ['no-slashes', 'op.example.com/x'],
  ['space', 'https://op.example .com/x'],
  ['port', 'https://op.example.com:99999/x'],
  ['empty', ''],
  ['number', 1],
  ['null', null],
  ['list', ['https://op.example.com/x']],
  ['url-object', new URL('https://op.example.com/x')],
];

type Endpoints = typeof good;
const factories: Record<string, (endpoints: Endpoints) => Provider> = {
  oidc: ({ token }) => oidc({ name: 'x', ...client, issuer: token }),
  'oidc-override': ({ token }) =>
    oidc({ name: 'x', ...client, issuer: 'https://op.example.com', endpoints: { token } }),
  aliyun: (endpoints) => aliyun({ ...client, endpoints }),
  pds: (endpoints) => aliyunPds({ ...client, domainId: 'bj1', endpoints }),
  welink: (endpoints) => welink({ ...client, endpoints }),
  'open-platform': (endpoints) => openPlatform({ name: 'x', ...client, endpoints, scope: ['a'] }),
  oauth2: (endpoints) => oauth2({ name: 'x', ...client, endpoints }),
  defined: (endpoints) =>
    defineProvider({ name: 'x', clientId: 'id', endpoints, identity: { source: 'userinfo' } }),
};

describe.each(Object.entries(factories))('an endpoint that is configured for %s', (_name, factory) => {
  it.each(
    urls.map(([id, url]) => [
      title('refused', { id, does: `is ${JSON.stringify(url)}`, source: 'RFC 9700 2.6, CWE-918' }),
      url,
    ]),
  )('%s', (_title, url) => {
    expect(() => factory({ ...good, token: url as string })).toThrow(ConfigurationError);
  });

  it(title('accepted', { id: 'https', does: 'is https', source: 'RFC 6749 3.2' }), () => {
    expect(factory(good).clientId).toBe('id');
  });
});

const domains: unknown[] = [
  'evil.example/',
  'evil.example#',
  'evil.example?',
  'evil.example:443',
  'x@evil.example',
  'a.b',
  '.',
  '..',
  '../x',
  'a/b',
  'a\\b',
  'a b',
  'a\nb',
  'a\tb',
  'a\0b',
  ' bj1',
  'bj1 ',
  '-a',
  'a-',
  'ａ',
  'bj１',
  'é',
  '%2e',
  '%00',
  'a%2fb',
  '169.254.169.254',
  '[::1]',
  'x'.repeat(64),
  '',
  1,
  null,
  ['bj1'],
  { toString: () => 'bj1' },
  '{domain}',
  '$x',
  '*',
];

describe.each([
  ['aliyunPds', (domainId: unknown) => aliyunPds({ ...client, domainId: domainId as string })],
  [
    'aliyunPdsJwt',
    (domainId: unknown) => aliyunPdsJwt({ clientId: 'id', domainId: domainId as string, privateKey: 'none' }),
  ],
] as const)('the domainId of %s', (_name, factory) => {
  it.each(
    domains.map((domain, at) => [
      title('refused', {
        id: `domain-${at + 1}`,
        does: `is ${JSON.stringify(domain)}`,
        source: 'CWE-918, CWE-20',
      }),
      domain,
    ]),
  )('%s', (_title, domain) => {
    expect(() => factory(domain)).toThrow(/domainId/);
  });
});

/** What a provider on the internet may not make us ask. */
const inside = [
  'http://127.0.0.1:6379/x',
  'http://localhost/x',
  'https://localhost/x',
  'https://127.0.0.1/x',
  'https://[::1]/x',
  'http://2130706433/x',
  'http://0x7f.1/x',
  'http://app.localhost/x',
  'https://app.localhost/x',
  'https://localhost./x',
  'https://app.localhost./x',
  'https://LOCALHOST/x',
  'https://127.1/x',
  'https://127.0.0.1./x',
  'https://127.255.255.254/x',
  'https://2130706433/x',
  'https://0.0.0.0/x',
  'https://0/x',
  'https://[::]/x',
  'https://[::ffff:127.0.0.1]/x',
  'https://[::ffff:7fff:fffe]/x',
  'https://[::ffff:0.0.0.0]/x',
];
const request = {
  redirectUri: 'https://app.example.com/cb',
  state: 's',
  nonce: 'n',
  codeVerifier: 'v'.repeat(43),
  params: {},
};
const members = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'revocation_endpoint',
];

describe.each(members)('the %s of a provider on the internet', (member) => {
  const issuer = 'https://op.example.com';
  const metadata = { issuer, ...Object.fromEntries(members.map((one) => [one, `${issuer}/${one}`])) };
  const at = (change: object) => {
    const fetch = async () => Response.json({ ...metadata, ...change });
    return createProviderClient(oidc({ name: 'x', ...client, issuer }), {
      timeout: 5,
      fetch,
    }).authorizationUrl(request);
  };

  it.each(
    inside.map((url) => [
      title('refused', { id: url, does: `is ${url}, on this machine`, source: 'CWE-918' }),
      url,
    ]),
  )('%s', async (_title, url) => {
    await expect(at({ [member]: url })).rejects.toMatchObject({ code: 'provider_protocol' });
  });

  it(
    title('accepted', { id: 'elsewhere', does: 'is on another host of the internet', source: 'RFC 8414 2' }),
    async () => {
      expect((await at({ [member]: 'https://other.example.com/x' })).protocol).toBe('https:');
    },
  );
});

/** Names and addresses by which a provider on this machine may be configured. */
const local = [
  'localhost',
  'localhost.',
  'app.localhost',
  '127.0.0.1',
  '0.0.0.0',
  '[::1]',
  '[::ffff:127.0.0.1]',
];

describe('the token_endpoint of a provider on this machine', () => {
  it.each(
    local.map((host) => [
      title('accepted', {
        id: `local-${host}`,
        does: `is at ${host}, as the issuer is`,
        source: 'RFC 8414 2',
      }),
      `https://${host}:8443`,
    ]),
  )('%s', async (_title, issuer) => {
    const metadata = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
    };
    const url = await createProviderClient(oidc({ name: 'x', ...client, issuer }), {
      timeout: 5,
      fetch: async () => Response.json(metadata),
    }).authorizationUrl(request);
    expect(url.pathname).toBe('/authorize');
  });
});
