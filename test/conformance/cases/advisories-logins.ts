import { type Advisory, logIn, oauth2, oidc } from '../support/advisory.js';
import { Browser } from '../support/browser.js';
import { jws } from '../support/forge.js';
import { fault, linksOf } from '../support/landing.js';
import type { Script } from '../support/provider.js';
import type { Stage } from '../support/stage.js';
import { expectRefused, expectTokenRefused } from '../support/verdict.js';

/** Logins that are begun, ended or named by somebody else. */
export const loginAdvisories: readonly Advisory[] = [
  {
    id: 'CVE-2023-31999',
    does: 'uses a state that is the same for everybody',
    source: '@fastify/oauth2 before 7.2.0',
    async holds(stage) {
      const begun = [await stage.begin(oidc), await stage.begin(oidc), await stage.begin(oidc)];
      expect(new Set(begun.map(({ sent }) => sent.get('state'))).size).toBe(3);
      await otherBrowser(stage, true);
    },
  },
  ...(
    [
      ['CVE-2025-68158', 'the server remembers', 'Authlib before 1.6.6', false],
      [
        'CVE-2025-68481',
        'is signed and good for anybody',
        'fastapi-users before 15.0.2, GHSA-5j53-63w8-8625',
        true,
      ],
      ['CVE-2025-14546', 'nobody compares', 'fastapi-sso before 0.19.0', false],
    ] as const
  ).map(([id, state, source, hasBegun]) => ({
    id,
    does: `has the victim's browser finish the attacker's login, with a state that ${state}`,
    source,
    holds: (stage: Stage) => otherBrowser(stage, hasBegun),
  })),
  {
    id: 'GHSA-x445-f3h2-j279',
    does: 'redeems the state of a login at one provider in the callback of another',
    source: 'next-auth before 4.24.15',
    async holds(stage) {
      const begun = await stage.begin(oidc);
      const page = await begun.browser.get(`/auth/callback/oauth2?${begun.params}`);
      await expectRefused(stage, { ...begun, page }, { code: 'provider_mismatch', status: 400 });
      expect(stage.provider(oauth2).requests).toEqual([]);
    },
  },
  {
    id: 'CVE-2021-41580',
    does: 'logs in by a token answer of status 200 that holds an error, or no token',
    source: 'passport-oauth2 before 1.6.1',
    async holds(stage) {
      const bodies = [
        { error: 'invalid_grant' },
        { error: 'invalid_request', error_description: 'x', access_token: 'x' },
        { access_token: '' },
        {},
      ];
      for (const body of bodies) {
        const refusal = {
          code: ['provider_protocol', 'provider_rejected', 'invalid_grant'],
          after: 'token',
        } as const;
        await expectRefused(
          stage,
          await refusedAnswer(stage, { answers: { token: { status: 200, body } } }),
          refusal,
        );
        await stage.reset();
      }
    },
  },
  {
    id: 'CVE-2022-36083',
    does: 'sends an id_token that takes two thousand million rounds to open',
    source: 'jose before 4.9.2',
    holds: (stage) => sealedIdToken(stage, { alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31 - 1, p2s: 'AAAA' }),
  },
  {
    id: 'CVE-2024-28176',
    does: 'sends an id_token that is small until it is unpacked',
    source: 'jose before 4.15.5',
    holds: (stage) => sealedIdToken(stage, { alg: 'dir', zip: 'DEF' }),
  },
  {
    id: 'CVE-2019-10157',
    does: 'logs users out by a logout token that nobody has signed',
    source: 'keycloak-connect',
    async holds(stage) {
      const tried = await logIn(stage, oidc);
      const { provider } = tried;
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        ...{ iss: provider.url, aud: 'conformance-client', sub: 'alice', iat: now, exp: now + 60, jti: 'x' },
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      };
      const forged = [
        jws({ alg: 'none', typ: 'logout+jwt' }, claims),
        jws({ alg: 'RS256', typ: 'logout+jwt' }, claims),
        jws({ alg: 'RS256', typ: 'logout+jwt' }, claims, 'AAAA'),
        JSON.stringify(claims),
      ];
      for (const token of forged) await expectTokenRefused(stage, tried, token);
    },
  },
  {
    id: 'CVE-2025-67716',
    does: 'adds parameters of the authorization request through returnTo, or beside it',
    source: '@auth0/nextjs-auth0',
    async holds(stage) {
      const { app } = stage;
      const ask = async (query: string) => {
        const { headers } = await new Browser(app.url).get(`/auth/login/oidc${query}`);
        const { origin, pathname, searchParams } = new URL(String(headers.location));
        for (const made of ['state', 'nonce', 'code_challenge']) searchParams.set(made, '');
        return `${origin}${pathname}?${searchParams}`;
      };
      const plain = await ask('');
      const added =
        'scope=admin&audience=evil&prompt=none&redirect_uri=https://evil.example&client_id=evil&state=x';
      for (const returnTo of [
        `/&${added}`,
        `/?${added}`,
        `/#&${added}`,
        `/%26${added}`,
        `/\r\n${added}`,
        `?${added}`,
      ]) {
        expect(await ask(`?returnTo=${encodeURIComponent(returnTo)}`)).toBe(plain);
      }
      for (const query of [
        `?${added}`,
        `?returnTo=/&${added}`,
        '?returnTo[scope]=admin',
        '?params[scope]=admin',
      ]) {
        expect(await ask(query)).toBe(plain);
      }
    },
  },
  {
    id: 'CVE-2022-31093',
    does: 'makes the login fail, or hang, by a URL that cannot be parsed',
    source: 'next-auth before 4.5.0, GHSA-g5fm-jp9v-2432',
    async holds(stage) {
      for (const wrong of [
        'http://[',
        '//[',
        '/\\[::',
        'https://%',
        'https://a b',
        '%',
        '//:x',
        `/${'%'.repeat(500)}`,
      ]) {
        const browser = new Browser(stage.app.url);
        expect((await browser.get(`/auth/login/oidc?returnTo=${encodeURIComponent(wrong)}`)).status).toBe(
          302,
        );
        expect((await browser.get(`/auth/login/oidc?returnTo=${wrong.replaceAll(' ', '+')}`)).status).toBe(
          302,
        );
      }
    },
  },
  {
    id: 'CVE-2021-32702',
    does: "has the callback's error shown as it came",
    source: '@auth0/nextjs-auth0 before 1.4.2, GHSA-954c-jjx6-cxv7',
    async holds(stage) {
      const script = '<script>alert(1)</script>';
      const tried = await stage.attempt(oidc, {
        callback: (params) => {
          params.delete('code');
          for (const name of ['error', 'error_description', 'error_uri']) params.set(name, script);
        },
      });
      await expectRefused(stage, tried, { code: 'provider_rejected' });
      const { app, browser, page } = tried;
      const blind = await browser.get(`/auth/callback/oidc?state=${script}&error=${script}`);
      await expectRefused(stage, { ...tried, page: blind }, { code: 'transaction_unknown', status: 400 });
      for (const { text } of [page, blind]) {
        for (const url of linksOf(text)) expect(fault({ url, page: app.url })).toBeUndefined();
      }
    },
  },
];

/** The attacker's answer of the provider, in the victim's browser: a login there would be the attacker's. */
async function otherBrowser(stage: Stage, hasBegun: boolean): Promise<void> {
  const attacker = await stage.begin(oidc);
  const victim = hasBegun ? await stage.begin(oidc) : { ...attacker, browser: new Browser(attacker.app.url) };
  await expectRefused(stage, await stage.finish({ ...attacker, browser: victim.browser }), {
    code: hasBegun ? 'transaction_unknown' : 'transaction_missing',
    status: 400,
    leaves: 'the open transaction',
  });
  // It has spoilt nothing either.
  if (hasBegun) expect((await stage.finish(victim)).page.status).toBe(303);
}

async function sealedIdToken(stage: Stage, header: object): Promise<void> {
  const [protectedHeader] = jws({ ...header, enc: 'A128GCM' }, '').split('.');
  const script = { idToken: () => `${protectedHeader}.AAAA.AAAA.AAAA.AAAA` };
  await expectRefused(stage, await refusedAnswer(stage, script), {
    code: 'provider_protocol',
    after: 'token',
  });
}

const refusedAnswer = (stage: Stage, script: Script) => stage.attempt(oidc, { script });
