import { answerError, errors, honest, malformed, otherIssuer, unknownState } from './cases/callbacks.js';
import { Browser } from './support/browser.js';
import { accepts, refuses, title } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import { type Attempt, callbackQuery, useStage } from './support/stage.js';
import { expectAccepted, expectRefused, expectUsedUp, type Refusal } from './support/verdict.js';

const stage = useStage();
const SECURITY_BCP = 'RFC 9700 4.7';

const none: Refusal = { code: 'transaction_missing', status: 400, leaves: 'the open transaction' };
const unknown: Refusal = { ...none, code: 'transaction_unknown' };

describe.each(dialects)('a callback of $name', (dialect) => {
  accepts(stage, dialect, honest);
  refuses(stage, dialect, malformed, none);
  refuses(stage, dialect, unknownState, unknown);
  refuses(stage, dialect, otherIssuer, { code: 'issuer_mismatch' });
  refuses(stage, dialect, errors, { code: 'provider_rejected' });

  it(
    title('refused', { id: 'expired', does: 'comes when the login has expired', source: SECURITY_BCP }),
    async () => {
      const begun = await stage().begin(dialect);
      // What time does to them.
      await stage().redis.flush();
      await expectRefused(stage(), await stage().finish(begun), { ...unknown, leaves: 'nothing' });
    },
  );

  it(
    title('refused', {
      id: 'no-cookie',
      does: 'comes to a browser that began nothing',
      source: SECURITY_BCP,
    }),
    async () => {
      const begun = await stage().begin(dialect);
      const stranger = new Browser(begun.app.url);
      await expectRefused(stage(), await stage().finish({ ...begun, browser: stranger }), none);
      await expectAccepted(await stage().finish(begun));
    },
  );

  it(
    title('refused', {
      id: 'foreign-browser',
      does: 'comes to a browser that began another login',
      source: SECURITY_BCP,
    }),
    async () => {
      const [victim, attacker] = [await stage().begin(dialect), await stage().begin(dialect)];
      // The attacker's code in the victim's browser, and the victim's in the attacker's.
      for (const [begun, browser] of [
        [attacker, victim.browser],
        [victim, attacker.browser],
      ] as const) {
        await expectRefused(stage(), await stage().finish({ ...begun, browser }), unknown);
      }
      await expectAccepted(await stage().finish(victim));
    },
  );

  it(
    title('refused', {
      id: 'forged-cookie',
      does: 'comes to a browser with a cookie that is none',
      source: SECURITY_BCP,
    }),
    async () => {
      const begun = await stage().begin(dialect);
      for (const cookie of ['', 'x', 'x'.repeat(44), `${'x'.repeat(42)}*`, '__proto__']) {
        const stranger = new Browser(begun.app.url);
        stranger.jar.setCookieSync(`oauth-browser=${cookie}`, begun.app.url);
        await expectRefused(stage(), await stage().finish({ ...begun, browser: stranger }), none);
      }
    },
  );

  it(
    title('refused', {
      id: 'other-provider',
      does: 'has the state of a login at another provider',
      source: 'RFC 9700 4.4',
    }),
    async () => {
      const other = neighbour(dialect);
      const begun = await stage().begin(other);
      const here = { ...begun, dialect, path: `/auth/callback/${dialect.name}` };
      const tried = await stage().finish(here);
      await expectRefused(stage(), tried, { code: 'provider_mismatch', status: 400 });
      expect(stage().provider(dialect).requests).toEqual([]);
      // It is over at the right place too.
      await expectRefused(stage(), await stage().finish(begun), { code: 'transaction_unknown', status: 400 });
    },
  );

  const endings: [string, Attempt][] = [
    ['an error', { callback: (params) => answerError(params, 'access_denied') }],
    ['another issuer', { callback: (params) => params.set('iss', 'https://evil.example') }],
    ['a token endpoint that fails', { script: { answers: { token: { status: 500 } } } }],
    ['a token answer of nonsense', { script: { answers: { token: { body: '<html>' } } } }],
  ];
  for (const [what, attempt] of endings) {
    const id = `consumed-by-${what.replaceAll(' ', '-')}`;
    it(title('refused', { id, does: `comes again after ${what}`, source: SECURITY_BCP }), async () => {
      const begun = await stage().begin(dialect, attempt);
      const right = callbackQuery(begun);
      attempt.callback?.(begun.params);
      await stage().finish(begun);
      begun.provider.reset();
      await expectRefused(stage(), await stage().finish(begun, right), { ...unknown, leaves: 'nothing' });
    });
  }

  it(
    title('refused', { id: 'after-logout', does: 'comes again after the logout', source: SECURITY_BCP }),
    async () => {
      const begun = await stage().begin(dialect);
      await expectAccepted(await stage().finish(begun));
      await begun.browser.ask('/auth/logout', { method: 'POST' });
      await expectUsedUp(stage(), begun, async () => (await stage().finish(begun)).page);
    },
  );

  it(
    title('accepted', {
      id: 'twice',
      does: 'comes five times at once: one login, one token request',
      source: SECURITY_BCP,
    }),
    async () => {
      const begun = await stage().begin(dialect);
      const all = await Promise.all(Array.from({ length: 5 }, () => stage().finish(begun)));
      const statuses = all.map(({ page }) => page.status).sort();
      expect(statuses).toEqual([303, 400, 400, 400, 400]);
      expect(begun.provider.to('token')).toHaveLength(1);
      const keys = await stage().redis.keys();
      expect(keys.filter((key) => key.startsWith('oauth:login:'))).toHaveLength(1);
      expect(keys.filter((key) => key.startsWith('sess:'))).toHaveLength(1);
      expect((await begun.browser.me()).status).toBe(200);
    },
  );

  it(
    title('accepted', {
      id: 'tabs',
      does: 'comes in another order than the logins began',
      source: 'RFC 6749 10.12',
    }),
    async () => {
      const first = await stage().begin(dialect);
      const second = await stage().begin(dialect, {}, first);
      await expectAccepted(await stage().finish(second));
      await expectAccepted(await stage().finish(first));
    },
  );

  it(
    title('accepted', {
      id: 'head',
      does: 'is looked at by HEAD and OPTIONS before, which use nothing up',
      source: 'RFC 9110 9.2.1',
    }),
    async () => {
      const begun = await stage().begin(dialect);
      for (const method of ['HEAD', 'OPTIONS']) {
        const { status } = await begun.browser.ask(`${begun.path}?${callbackQuery(begun)}`, { method });
        expect(status).toBe(204);
      }
      await expectAccepted(await stage().finish(begun));
    },
  );
});

function neighbour({ name }: DialectUnderTest): DialectUnderTest {
  // Of those with the same names in a callback, so that nothing but the transaction tells them apart.
  return dialects.find((one) => one.name !== name && one.name !== 'renamed') as DialectUnderTest;
}
