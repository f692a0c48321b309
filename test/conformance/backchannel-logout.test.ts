import { forgeries } from './cases/id-token-forgeries.js';
import { type Row, title } from './support/cases.js';
import { openIdDialects } from './support/dialects.js';
import { signed, type TokenParts } from './support/forge.js';
import { LOGOUT_EVENT, logoutClaims, postLogoutToken } from './support/logout-token.js';
import { CLIENT_ID } from './support/provider.js';
import { useStage } from './support/stage.js';
import { expectTokenRefused } from './support/verdict.js';

const stage = useStage();
const now = () => Math.floor(Date.now() / 1000);

type Claims = Record<string, unknown>;
const claims: Row<(usual: Claims) => object>[] = [
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
  ['events-list', 'has a list of events', () => ({ events: [LOGOUT_EVENT] })],
  ['events-text', 'has a text for events', () => ({ events: LOGOUT_EVENT })],
  ['event-true', 'has true for its event', () => ({ events: { [LOGOUT_EVENT]: true } })],
  ['event-null', 'has null for its event', () => ({ events: { [LOGOUT_EVENT]: null } })],
  ['event-list', 'has a list for its event', () => ({ events: { [LOGOUT_EVENT]: [] } })],
  ['id-token', 'is an id_token', () => ({ events: undefined, jti: undefined, nonce: 'n' })],
];
const headers: Row<object>[] = [
  ['typ-access-token', 'is an access token', { typ: 'at+jwt' }],
  ['typ-event', 'is another security event', { typ: 'secevent+jwt' }],
  ['typ-number', 'has a number as its type', { typ: 1 }],
];

type Forged = (parts: TokenParts) => unknown;
const refused: [title: string, forged: Forged][] = [
  ...claims.map(([id, does, change]): [string, Forged] => [
    title('refused', { id, does, source: 'OIDC Back-Channel Logout 2.4' }),
    (parts) => signed(parts, {}, { ...parts.claims, ...change(parts.claims as Claims) }),
  ]),
  ...headers.map(([id, does, header]): [string, Forged] => [
    title('refused', { id, does, source: 'RFC 8725 3.11' }),
    (parts) => signed(parts, header),
  ]),
  ...forgeries.flatMap((one): [string, Forged][] =>
    one.script?.idToken ? [[title('refused', one), one.script.idToken]] : [],
  ),
];

describe.each(openIdDialects)('a logout token of $name', (dialect) => {
  it.each(refused)('%s', async (_title, forged) => {
    const tried = await stage().loggedIn(dialect);
    const token = await forged(await tried.provider.parts(logoutClaims(tried.provider)));
    await expectTokenRefused(stage(), tried, token);
    expect(tried.provider.to('elsewhere')).toEqual([]);
  });

  it(
    title('refused', {
      id: 'replayed',
      does: 'comes again, when the user is logged in again',
      source: 'OIDC Back-Channel Logout 2.6 (8)',
    }),
    async () => {
      const tried = await stage().loggedIn(dialect);
      const { honest } = await tried.provider.parts(logoutClaims(tried.provider));
      expect((await postLogoutToken(tried, honest)).status).toBe(200);
      expect((await tried.browser.me()).status).toBe(401);
      const again = await stage().loggedIn(dialect);
      await expectTokenRefused(stage(), again, honest);
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
      const { honest } = await at.parts(logoutClaims(at));
      await expectTokenRefused(stage(), tried, honest);
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
        const { honest } = await tried.provider.parts(logoutClaims(tried.provider), '', { typ });
        const page = await postLogoutToken(tried, honest);
        expect([page.status, page.text]).toEqual([200, '']);
        expect((await tried.browser.me()).status).toBe(401);
        expect((await stage().redis.keys()).filter((key) => key.startsWith('oauth:login:'))).toEqual([]);
      }
    },
  );
});
