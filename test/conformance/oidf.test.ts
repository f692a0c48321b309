import { sign } from '../unit/wire/signing.js';
import { Browser } from './support/browser.js';
import { accepts, type LoginCase, type Row, refuses, table, title } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import { hmac, jws, type TokenParts } from './support/forge.js';
import { CLIENT_ID, CLIENT_SECRET, type Script, type ScriptedProvider } from './support/provider.js';
import { type Attempt, callbackQuery, type Tried, useStage } from './support/stage.js';
import { expectAccepted, expectLoginEnded, expectRefused } from './support/verdict.js';

/**
 * The relying-party modules of the OpenID Foundation's conformance suite, for the code flow, under their names. Where a module
 * leaves the choice, `kid-absent-multiple-jwks`, the login is refused: which key is meant is not for us to guess.
 */
const stage = useStage();
const [oidc] = dialects as [DialectUnderTest];

const basic = (rows: Row<Attempt>[]): LoginCase[] =>
  table(
    'OIDF basic, config',
    rows.map(([id, does, attempt]) => [`oidcc-client-test${id}`, does, attempt]),
    (attempt) => attempt,
  );
const claims = (change: object): Attempt => ({ script: { claims: change } });
const token = (idToken: (parts: TokenParts) => unknown): Attempt => ({ script: { idToken } });

const refusal = { code: ['id_token_invalid', 'provider_protocol'], after: 'token' } as const;

describe('a login', () => {
  accepts(
    stage,
    oidc,
    basic([
      ['', 'does all as it should', {}],
      [
        '-kid-absent-single-jwks',
        'names no key, and there is one',
        { script: { header: { kid: undefined } } },
      ],
      [
        '-idtoken-sig-rs256',
        'signs with RS256',
        { script: { idToken: ({ key, claims: all }) => sign(key, all) } },
      ],
      [
        '-scope-userinfo-claims',
        'gives the claims of a scope by userinfo',
        { options: { scope: 'openid profile email' } },
      ],
      ['-discovery-openid-config', 'gives its metadata', { fresh: true }],
      ['-discovery-jwks-uri-keys', 'gives its keys', { fresh: true }],
      [
        '-3rd-party-init-login',
        'begins the login from its own page',
        {
          login: `&iss=${encodeURIComponent('https://op.example')}&login_hint=alice&target_link_uri=${encodeURIComponent('https://evil.example/')}`,
        },
      ],
    ]),
  );

  refuses(
    stage,
    oidc,
    basic([
      ['-invalid-iss', 'names another issuer', claims({ iss: 'https://another.example' })],
      ['-missing-sub', 'names no subject', claims({ sub: undefined })],
      ['-invalid-aud', 'is for another client', claims({ aud: 'another' })],
      ['-missing-aud', 'is for nobody', claims({ aud: undefined })],
      ['-missing-iat', 'does not say when it was issued', claims({ iat: undefined })],
      [
        '-kid-absent-multiple-jwks',
        'names no key, and there are two',
        {
          fresh: true,
          script: {
            keys: (usual) => [...usual, ...usual.map((key) => ({ ...key, kid: 'another' }))],
            header: { kid: undefined },
          },
        },
      ],
      ['-idtoken-sig-none', 'is signed by nobody', token(({ claims: all }) => jws({ alg: 'none' }, all))],
      [
        '-invalid-sig-rs256',
        'has a wrong signature, as RS256',
        token(({ stranger, claims: all }) => sign(stranger, all)),
      ],
      [
        '-invalid-sig-es256',
        'has a wrong signature, as ES256',
        token(({ elliptic, claims: all }) => sign(elliptic, all)),
      ],
      [
        '-invalid-sig-hs256',
        'has a wrong signature, as HS256',
        token((parts) => hmac(`not ${CLIENT_SECRET}`, parts)),
      ],
      ['-nonce-invalid', 'has another nonce', claims({ nonce: 'another' })],
    ]),
    refusal,
  );

  refuses(
    stage,
    oidc,
    basic([
      [
        '-userinfo-invalid-sub',
        'gives userinfo about somebody else',
        { script: { userinfo: { sub: 'bob' } } },
      ],
    ]),
    { code: 'provider_protocol', after: 'userinfo' },
  );
  refuses(
    stage,
    oidc,
    basic([
      [
        '-discovery-issuer-mismatch',
        'names another issuer in its metadata',
        { fresh: true, script: { metadata: { issuer: 'https://another.example' } } },
      ],
    ]),
    { code: 'provider_protocol' },
  );

  const named = (id: string, does: string) => ({
    id: `oidcc-client-test-${id}`,
    does,
    source: 'OIDF basic, config',
  });

  it(title('accepted', named('client-secret-basic', 'takes the secret by the Basic scheme')), async () => {
    const script: Script = { metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } };
    const tried = await stage().attempt(oidc, { fresh: true, script });
    await expectAccepted(tried);
    const [exchange] = tried.provider.to('token');
    expect(exchange?.headers.authorization).toBe(
      `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}`,
    );
    expect(exchange?.params).not.toHaveProperty('client_secret');
  });

  it(title('accepted', named('userinfo-bearer-header', 'takes the access token in a header')), async () => {
    const tried = await stage().attempt(oidc);
    await expectAccepted(tried);
    const [asked] = tried.provider.to('userinfo');
    expect(asked?.headers.authorization).toBe(`Bearer ${tried.provider.issued[0]}`);
    expect(asked?.url).toBe('/userinfo');
  });

  it(title('refused', named('form-post-error', 'posts an error')), async () => {
    const begun = await stage().begin(oidc, { options: { responseMode: 'form_post' } });
    begun.params.delete('code');
    begun.params.set('error', 'access_denied');
    // From the provider's page, so without our cookies.
    const posted = await new Browser(begun.app.url).ask(begun.path, {
      method: 'POST',
      body: callbackQuery(begun),
    });
    expect(posted.status).toBe(303);
    const page = await begun.browser.get(posted.headers.location ?? '');
    await expectRefused(stage(), { ...begun, page }, { code: 'access_denied', status: 403 });
  });

  /** The provider has another key from now on. */
  async function rotated(provider: ScriptedProvider): Promise<Script> {
    const { stranger } = await provider.parts({});
    const next = { ...stranger, kid: 'next', jwk: { ...stranger.jwk, kid: 'next' } };
    return { keys: () => [next.jwk], idToken: (parts) => sign(next, parts.claims) };
  }

  it(
    title('accepted', named('signing-key-rotation', 'has another key than at the login before')),
    async () => {
      const app = await stage().freshApp(oidc);
      const { provider } = await stage().loggedIn(oidc, { app });
      await expectAccepted(await stage().attempt(oidc, { app, script: await rotated(provider) }));
    },
  );

  it(
    title(
      'accepted',
      named('signing-key-rotation-just-before-signing', 'has another key than a moment before'),
    ),
    async () => {
      const app = await stage().freshApp(oidc);
      await stage().loggedIn(oidc, { app });
      const begun = await stage().begin(oidc, { app });
      begun.provider.script = await rotated(begun.provider);
      await expectAccepted(await stage().finish(begun));
    },
  );
});

describe('a refresh', () => {
  const renew = async (script: Script): Promise<Tried> => {
    const tried = await stage().loggedIn(oidc);
    tried.provider.script = script;
    return { ...tried, page: await tried.browser.get('/renew') };
  };
  const named = (id: string, does: string) => ({
    id: `oidcc-client-test-${id}`,
    does,
    source: 'OIDF refresh',
  });

  it(title('accepted', named('refresh-token', 'gives new tokens')), async () => {
    const { page, browser } = await renew({});
    expect(page.text).toBe('renewed');
    expect((await browser.me()).status).toBe(200);
  });

  it.each<[string, Script]>([
    [
      title('refused', named('refresh-token-invalid-issuer', 'names another issuer')),
      { claims: { iss: 'https://another.example' } },
    ],
    [
      title('refused', named('refresh-token-invalid-sub', 'is about somebody else')),
      { claims: { sub: 'bob' } },
    ],
  ])('%s', async (_title, script) => {
    const tried = await renew(script);
    await expectLoginEnded(stage(), tried);
    const [, refused] = tried.provider.issued.slice(-3);
    expect(tried.provider.to('revocation').map(({ params }) => params.token)).toEqual([refused]);
  });
});
