import { wrongClaims } from './cases/id-token-claims.js';
import { forgeries } from './cases/id-token-forgeries.js';
import { wrongAnswers, wrongMembers, wrongRefreshTokens } from './cases/token-answers.js';
import { type LoginCase, type Row, table, title } from './support/cases.js';
import { dialects, openIdDialects } from './support/dialects.js';
import type { Change, Script } from './support/provider.js';
import { type Tried, useStage } from './support/stage.js';
import {
  expectLoginEnded,
  expectNoSecret,
  expectNothingShown,
  expectTypedError,
  expectUnharmed,
  type Refusal,
  shownIn,
} from './support/verdict.js';

const stage = useStage();

const claims = (source: string, rows: Row<Change>[]) =>
  table(source, rows, (change) => ({ script: { claims: change } }));

const refuted: LoginCase[] = [
  ...claims('OIDC Core 12.2', [
    ['other-sub', 'is about another user', { sub: 'bob' }],
    [
      'other-auth-time',
      'is of a user who proved themselves at another time',
      (usual) => ({ auth_time: Number(usual.auth_time) - 600 }),
    ],
    ['other-nonce', 'has a nonce that is not that of the login', { nonce: 'another' }],
  ]),
  ...wrongClaims,
  // No id_token at all is as it should be.
  ...forgeries.filter(({ id }) => id !== 'token-missing' && id !== 'token-null'),
];

/** The tokens of a login, as the app sees them. */
async function tokens({ browser }: Tried): Promise<Record<string, unknown>> {
  const { status, text } = await browser.get('/token', { accept: 'application/json' });
  return { status, ...(status === 200 && JSON.parse(text)) };
}

/** Asks for new tokens, with the provider by this script and an empty log from now on. */
async function renew(tried: Tried, script: Script): Promise<Tried> {
  tried.provider.requests.length = 0;
  tried.provider.script = script;
  return { ...tried, page: await tried.browser.get('/renew') };
}

/** The refresh failed, and the login is what it was: nonsense is no reason to forget a token that is good. */
async function expectKept(tried: Tried, before: Record<string, unknown>, refusal: Refusal): Promise<void> {
  expectTypedError(tried, refusal);
  expectNothingShown(tried, shownIn(tried.page));
  expectNoSecret(tried, JSON.stringify(tried.app.events));
  expect(before.status).toBe(200);
  expect(await tokens(tried)).toEqual(before);
  expect(tried.provider.requests.map(({ endpoint }) => endpoint)).toEqual(['token']);
  await expectUnharmed(tried);
}

describe.each(openIdDialects)('an id_token that comes with a refresh at $name', (dialect) => {
  it.each(refuted.map((one) => [title('refused', one), one] as const))(
    '%s',
    async (_title, { script = {} }) => {
      const tried = await renew(await stage().loggedIn(dialect), script);
      const { app, provider } = tried;
      await expectLoginEnded(stage(), tried);
      // Whose tokens these are nobody knows: they are given back, and nothing else is done with them.
      const asked = provider.requests.map(({ endpoint }) => endpoint).filter((one) => one !== 'jwks');
      expect(asked).toEqual(['token', 'revocation']);
      const [, refused] = provider.issued.slice(-3);
      expect(provider.to('revocation').map(({ params }) => params.token)).toEqual([refused]);
      expect(app.events).toContainEqual(
        expect.objectContaining({ type: 'alert', error: 'id_token_invalid' }),
      );
    },
  );

  it(title('accepted', { id: 'base', does: 'is as it should be', source: 'OIDC Core 12.2' }), async () => {
    const tried = await stage().loggedIn(dialect);
    const before = await tokens(tried);
    expect((await renew(tried, {})).page.text).toBe('renewed');
    const after = await tokens(tried);
    expect(after).toMatchObject({ status: 200 });
    for (const name of ['accessToken', 'refreshToken', 'idToken']) expect(after[name]).not.toBe(before[name]);
  });

  it(
    title('accepted', { id: 'none', does: 'is not there, and the old one stays', source: 'OIDC Core 12.2' }),
    async () => {
      const tried = await stage().loggedIn(dialect);
      const before = await tokens(tried);
      expect((await renew(tried, { token: { id_token: undefined } })).page.text).toBe('renewed');
      const after = await tokens(tried);
      expect(after.idToken).toBe(before.idToken);
      expect(after.accessToken).not.toBe(before.accessToken);
    },
  );

  it(
    title('accepted', {
      id: 'keys-away',
      does: 'cannot be checked: it is dropped, the tokens are kept',
      source: 'OIDC Core 10.1.1',
    }),
    async () => {
      const tried = await stage().loggedIn(dialect, { fresh: true });
      const before = await tokens(tried);
      const script: Script = { header: { kid: 'new' }, answers: { jwks: { status: 500 } } };
      expect((await renew(tried, script)).page.text).toBe('renewed');
      const after = await tokens(tried);
      expect(after.idToken).toBe(before.idToken);
      expect(after.accessToken).not.toBe(before.accessToken);
    },
  );
});

const refreshing = dialects.filter(({ name }) => ['oidc', 'pds', 'renamed'].includes(name));

describe.each(refreshing)('a refresh at $name', (dialect) => {
  const wrong = [...wrongMembers, ...wrongAnswers, ...wrongRefreshTokens].filter(
    ({ id }) => id !== 'error-alone-in-200',
  );
  it.each(wrong.map((one) => [title('refused', one), one] as const))(
    '%s',
    async (_title, { script = {} }) => {
      const tried = await stage().loggedIn(dialect);
      const before = await tokens(tried);
      await expectKept(await renew(tried, script), before, {
        code: ['provider_protocol', 'provider_rejected'],
      });
    },
  );

  const ending: Row<Script>[] = [
    [
      'invalid-grant',
      'says that the grant has ended',
      {
        answers: {
          token: {
            status: 400,
            body: { error: 'invalid_grant', code: dialect.name === 'renamed' ? '4001' : 'invalid_grant' },
          },
        },
      },
    ],
    [
      'invalid-grant-200',
      'says so with the status 200',
      {
        answers: {
          token: {
            body: { error: 'invalid_grant', code: dialect.name === 'renamed' ? '4001' : 'invalid_grant' },
          },
        },
      },
    ],
  ];
  it.each(
    table('RFC 6749 5.2', ending, (script) => ({ script })).map(
      (one) => [title('refused', one), one] as const,
    ),
  )('%s', async (_title, { script = {} }) => {
    const tried = await renew(await stage().loggedIn(dialect), script);
    await expectLoginEnded(stage(), tried);
    // There is nothing left to give back.
    expect(tried.provider.requests.map(({ endpoint }) => endpoint)).toEqual(['token']);
  });

  const rejected: Refusal = { code: 'invalid_client' };
  const unavailable: Refusal = { code: 'provider_unavailable', status: 503 };
  const staying: Row<[refusal: Refusal, script: Script]>[] = [
    [
      'invalid-client',
      'says that the app is wrong',
      [
        rejected,
        { answers: { token: { status: 401, body: { error: 'invalid_client', code: 'invalid_client' } } } },
      ],
    ],
    [
      'unauthorized-client',
      'says that the app may not',
      [
        rejected,
        {
          answers: {
            token: { status: 400, body: { error: 'unauthorized_client', code: 'unauthorized_client' } },
          },
        },
      ],
    ],
    ['busy', 'says that it cannot', [unavailable, { answers: { token: { status: 429 } } }]],
    [
      'broken',
      'says that it is broken, with an end of the grant',
      [unavailable, { answers: { token: { status: 500, body: { error: 'invalid_grant' } } } }],
    ],
  ];
  for (const [id, does, [refusal, script]] of staying) {
    it(title('refused', { id, does, source: 'RFC 6749 5.2' }), async () => {
      const tried = await stage().loggedIn(dialect);
      const before = await tokens(tried);
      await expectKept(await renew(tried, script), before, refusal);
    });
  }
});
