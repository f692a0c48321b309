import { forgeries } from './cases/id-token-forgeries.js';
import type { Page } from './support/browser.js';
import { Browser } from './support/browser.js';
import { type Row, title } from './support/cases.js';
import { openIdDialects } from './support/dialects.js';
import { signed, type TokenParts } from './support/forge.js';
import { CLIENT_ID, type ScriptedProvider } from './support/provider.js';
import { type Tried, useStage } from './support/stage.js';
import { expectUnharmed } from './support/verdict.js';

const stage = useStage();
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const now = () => Math.floor(Date.now() / 1000);

let count = 0;
/** The claims of a logout token that is as it should be. */
function claimsOf({ url }: ScriptedProvider): Record<string, unknown> {
  count += 1;
  return {
    iss: url,
    aud: CLIENT_ID,
    iat: now(),
    exp: now() + 120,
    jti: `jti-${count}`,
    sub: 'alice',
    events: { [EVENT]: {} },
  };
}

type Claims = Record<string, unknown>;
const claims: [source: string, rows: Row<(usual: Claims) => object>[]][] = [
  [
    'OIDC Back-Channel Logout 2.4',
    [
      ['iss-foreign', 'names another issuer', () => ({ iss: 'https://evil.example' })],
      ['iss-slash', 'adds a slash to the issuer', ({ iss }) => ({ iss: `${iss}/` })],
      ['iss-missing', 'names no issuer', () => ({ iss: undefined })],
      ['aud-foreign', 'is for another client', () => ({ aud: 'another-client' })],
      ['aud-second', 'is for us and somebody untrusted', () => ({ aud: [CLIENT_ID, 'another-client'] })],
      ['aud-missing', 'is for nobody', () => ({ aud: undefined })],
      ['iat-missing', 'does not say when it was issued', () => ({ iat: undefined })],
      ['iat-future', 'was issued in ten minutes', () => ({ iat: now() + 600, exp: now() + 900 })],
      ['iat-text', 'was issued at a text', () => ({ iat: String(now()) })],
      ['exp-missing', 'never expires', () => ({ exp: undefined })],
      ['exp-past', 'expired a minute ago', () => ({ exp: now() - 60 })],
      ['exp-absurd', 'expires in a hundred years', () => ({ exp: now() + 100 * 366 * 86_400 })],
      ['jti-missing', 'has no name', () => ({ jti: undefined })],
      ['jti-empty', 'has an empty name', () => ({ jti: '' })],
      ['jti-number', 'has a number for a name', () => ({ jti: 1 })],
      ['nobody', 'is about nobody', () => ({ sub: undefined })],
      ['sub-empty', 'is about an empty user', () => ({ sub: '' })],
      ['sub-list', 'is about a list of users', () => ({ sub: ['alice'] })],
      ['sid-empty', 'is about an empty session', () => ({ sid: '' })],
      ['sid-number', 'is about the session 1', () => ({ sid: 1 })],
      ['nonce', 'has a nonce', () => ({ nonce: 'n' })],
      ['nonce-empty', 'has an empty nonce', () => ({ nonce: '' })],
      ['nonce-null', 'has null as a nonce', () => ({ nonce: null })],
      ['events-missing', 'has no events', () => ({ events: undefined })],
      ['events-empty', 'has no event', () => ({ events: {} })],
      ['events-other', 'has another event', () => ({ events: { 'http://schemas.openid.net/event/x': {} } })],
      ['events-list', 'has a list of events', () => ({ events: [EVENT] })],
      ['events-text', 'has a text for events', () => ({ events: EVENT })],
      ['event-true', 'has true for its event', () => ({ events: { [EVENT]: true } })],
      ['event-null', 'has null for its event', () => ({ events: { [EVENT]: null } })],
      ['event-list', 'has a list for its event', () => ({ events: { [EVENT]: [] } })],
      ['id-token', 'is an id_token', () => ({ events: undefined, jti: undefined, nonce: 'n' })],
    ],
  ],
];
const headers: Row<object>[] = [
  ['typ-access-token', 'is an access token', { typ: 'at+jwt' }],
  ['typ-event', 'is another security event', { typ: 'secevent+jwt' }],
  ['typ-number', 'has a number as its type', { typ: 1 }],
];

type Forged = (parts: TokenParts) => unknown;
const refused: [title: string, forged: Forged][] = [
  ...claims.flatMap(([source, rows]) =>
    rows.map(([id, does, change]): [string, Forged] => [
      title('refused', { id, does, source }),
      (parts) => signed(parts, {}, { ...parts.claims, ...change(parts.claims as Claims) }),
    ]),
  ),
  ...headers.map(([id, does, header]): [string, Forged] => [
    title('refused', { id, does, source: 'RFC 8725 3.11' }),
    (parts) => signed(parts, header),
  ]),
  ...forgeries.flatMap((one): [string, Forged][] =>
    one.script?.idToken ? [[title('refused', one), one.script.idToken]] : [],
  ),
];

describe.each(openIdDialects)('a logout token of $name', (dialect) => {
  const post = (tried: Pick<Tried, 'app'>, token: unknown): Promise<Page> =>
    // The provider's server: no browser of anybody's.
    new Browser(tried.app.url).ask(`/auth/backchannel-logout/${dialect.name}`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: String(token) }).toString(),
    });

  it.each(refused)('%s', async (_title, forged) => {
    const tried = await stage().loggedIn(dialect);
    const kept = await stage().redis.keys();
    const token = await forged(await tried.provider.parts(claimsOf(tried.provider)));
    const page = await post(tried, token);
    expect([page.status, page.headers['cache-control']]).toEqual([400, 'no-store']);
    expect(JSON.parse(page.text)).toEqual({
      error: 'invalid_request',
      error_description: expect.stringMatching(/^The [\w ]+(?:: [\w ]+)?\.$/),
    });
    expect((await tried.browser.me()).status).toBe(200);
    expect(await stage().redis.keys()).toEqual(kept);
    expect(tried.provider.to('elsewhere')).toEqual([]);
    await expectUnharmed(tried);
  });

  it(
    title('refused', {
      id: 'replayed',
      does: 'comes again, when the user is logged in again',
      source: 'OIDC Back-Channel Logout 2.6 (8)',
    }),
    async () => {
      const tried = await stage().loggedIn(dialect);
      const { honest } = await tried.provider.parts(claimsOf(tried.provider));
      expect((await post(tried, honest)).status).toBe(200);
      expect((await tried.browser.me()).status).toBe(401);
      const again = await stage().loggedIn(dialect);
      expect((await post(tried, honest)).status).toBe(400);
      expect((await again.browser.me()).status).toBe(200);
    },
  );

  it(
    title('refused', {
      id: 'other-provider',
      does: 'is for the login at another provider',
      source: 'OIDC Back-Channel Logout 2.6 (3)',
    }),
    async () => {
      const other = openIdDialects.find(({ name }) => name !== dialect.name) as typeof dialect;
      const tried = await stage().loggedIn(dialect);
      const at = stage().provider(other);
      const { honest } = await at.parts(claimsOf(at));
      expect((await post(tried, honest)).status).toBe(400);
      expect((await tried.browser.me()).status).toBe(200);
    },
  );

  it(
    title('accepted', {
      id: 'base',
      does: 'is as it should be, with each type that it may have',
      source: 'OIDC Back-Channel Logout 2.4',
    }),
    async () => {
      for (const typ of ['logout+jwt', 'JWT', undefined]) {
        const tried = await stage().loggedIn(dialect);
        const { honest } = await tried.provider.parts(claimsOf(tried.provider), '', { typ });
        const page = await post(tried, honest);
        expect([page.status, page.text]).toEqual([200, '']);
        expect((await tried.browser.me()).status).toBe(401);
        expect((await stage().redis.keys()).filter((key) => key.startsWith('oauth:login:'))).toEqual([]);
      }
    },
  );
});
