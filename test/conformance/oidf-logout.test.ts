import { title } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import { jws, signed, type TokenParts } from './support/forge.js';
import { LOGOUT_EVENT, logoutClaims, postLogoutToken } from './support/logout-token.js';
import { type Tried, useStage } from './support/stage.js';
import { expectAccepted, expectTokenRefused, expectUnharmed } from './support/verdict.js';

/** The logout modules of the OpenID Foundation for relying parties, under their names. */
const stage = useStage();
const [oidc] = dialects as [DialectUnderTest];

describe('a logout', () => {
  const named = (id: string, does: string) => ({
    id: `oidcc-client-test-${id}`,
    does,
    source: 'OIDF logout',
  });
  /** The user wants it here, and is sent to the provider. */
  async function fromHere(tried: Tried): Promise<URL> {
    const page = await tried.browser.ask('/auth/logout', { method: 'POST' });
    expect(page.status).toBe(303);
    const url = new URL(page.headers.location ?? '');
    expect(url.origin + url.pathname).toBe(`${tried.provider.url}/logout`);
    expect(tried.provider.issued).toContain(url.searchParams.get('id_token_hint'));
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${tried.app.url}/`);
    expect((await tried.browser.me()).status).toBe(401);
    return url;
  }

  it.each<[string, string]>([
    [title('accepted', named('rp-init-logout', 'comes back as it was sent')), ''],
    [
      title('accepted', named('rp-init-logout-other-state', 'comes back with a state of somebody else')),
      '?state=another',
    ],
    [title('accepted', named('rp-init-logout-no-state', 'comes back with an empty state')), '?state='],
  ])('%s', async (_title, query) => {
    const tried = await stage().loggedIn(oidc);
    const url = await fromHere(tried);
    const back = new URL(url.searchParams.get('post_logout_redirect_uri') ?? '');
    expect((await tried.browser.get(`${back.pathname}${query}`)).text).toBe('home');
    expect((await tried.browser.me()).status).toBe(401);
    await expectAccepted(await stage().finish(await stage().begin(oidc, {}, tried)));
  });

  const logoutToken = ({ provider }: Tried, change: object = {}) =>
    provider.parts({ ...logoutClaims(provider), ...change });
  it(
    title('accepted', named('backchannel-rpinitlogout', 'began here, and is told by the provider as well')),
    async () => {
      const tried = await stage().loggedIn(oidc);
      await fromHere(tried);
      expect((await postLogoutToken(tried, (await logoutToken(tried)).honest)).status).toBe(200);
      expect((await tried.browser.me()).status).toBe(401);
      const left = (await stage().redis.keys()).filter((key) =>
        /^(?:sess:|oauth:(?:login|index):\{[\w-]+\}$)/.test(key),
      );
      expect(left).toEqual([]);
      await expectUnharmed(tried);
    },
  );

  it.each<[string, object, ((parts: TokenParts) => string | Promise<string>)?]>([
    [
      title('refused', named('backchannel-rpinitlogout-alg-none', 'is signed by nobody')),
      {},
      ({ claims: all }) => jws({ alg: 'none' }, all),
    ],
    [
      title('refused', named('backchannel-rpinitlogout-wrong-alg', 'is signed with another algorithm')),
      {},
      (parts) => signed(parts, { alg: 'RS384' }),
    ],
    [
      title('refused', named('backchannel-rpinitlogout-wrong-aud', 'is for another client')),
      { aud: 'another' },
    ],
    [
      title('refused', named('backchannel-rpinitlogout-wrong-iss', 'names another issuer')),
      { iss: 'https://another.example' },
    ],
    [title('refused', named('backchannel-rpinitlogout-no-event', 'has no event')), { events: undefined }],
    [
      title('refused', named('backchannel-rpinitlogout-wrong-event', 'has another event')),
      { events: { [`${LOGOUT_EVENT}-not`]: {} } },
    ],
    [title('refused', named('backchannel-rpinitlogout-with-nonce', 'has a nonce')), { nonce: 'n' }],
  ])('%s', async (_title, change, forge = ({ honest }) => honest) => {
    const tried = await stage().loggedIn(oidc);
    await expectTokenRefused(stage(), tried, await forge(await logoutToken(tried, change)));
  });

  /** What a provider puts into its own page: there is no such route here, as no cookie of ours would come with it. */
  const frame = ({ browser, provider }: Tried) =>
    browser.get(`/auth/frontchannel-logout/oidc?iss=${encodeURIComponent(provider.url)}&sid=x`, {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-dest': 'iframe',
    });

  it(
    title('accepted', named('frontchannel-rpinitlogout', 'began here, and is told by a frame as well')),
    async () => {
      const tried = await stage().loggedIn(oidc);
      await fromHere(tried);
      expect((await frame(tried)).status).toBe(404);
      expect((await tried.browser.me()).status).toBe(401);
      await expectUnharmed(tried);
    },
  );

  it(
    title(
      'accepted',
      named(
        'frontchannel-opinitlogout',
        'is told by a frame, which does nothing, and by a logout token, which does',
      ),
    ),
    async () => {
      const tried = await stage().loggedIn(oidc);
      expect((await frame(tried)).status).toBe(404);
      expect((await tried.browser.me()).status).toBe(200);
      expect((await postLogoutToken(tried, (await logoutToken(tried)).honest)).status).toBe(200);
      expect((await tried.browser.me()).status).toBe(401);
      await expectUnharmed(tried);
    },
  );
});
