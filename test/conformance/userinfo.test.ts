import type { Reply } from '../unit/wire/server.js';
import { accepts, type LoginCase, type Row, refuses, table, title } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import type { Change } from './support/provider.js';
import { useStage } from './support/stage.js';
import { expectAccepted, type Refusal } from './support/verdict.js';

const stage = useStage();
const asked = dialects.filter(({ asksUserinfo }) => asksUserinfo);
const refusal: Refusal = { code: ['provider_protocol', 'provider_rejected'], after: 'userinfo' };
const markup = '"><img src=x onerror=alert(1)>';

/** @param subject the member that says who the user is. */
const wrongSubjects = (subject: string): LoginCase[] =>
  table<unknown>(
    'OIDC Core 5.3.2',
    [
      ['sub-missing', 'says not who the user is', undefined],
      ['sub-null', 'names null', null],
      ['sub-empty', 'names an empty user', ''],
      ['sub-long', 'names a user of 256 characters', 'x'.repeat(256)],
      ['sub-newline', 'names a user with a line break', 'alice\r\nSet-Cookie: sid=x'],
      ['sub-nul', 'names a user with a NUL', 'alice\0'],
      ['sub-non-ascii', 'names a user with a letter that looks like another', 'аlice'],
      ['sub-true', 'names true', true],
      ['sub-fraction', 'names a fraction', 1.5],
      ['sub-huge', 'names a number that is more than one user', 2 ** 60],
      ['sub-list', 'names a list of users', ['alice']],
      ['sub-object', 'names an object', { toString: 'alice' }],
    ],
    (sub) => ({ script: { userinfo: { [subject]: sub } } }),
  );

const answers = (source: string, rows: Row<Reply>[]) =>
  table(source, rows, (userinfo) => ({ script: { answers: { userinfo } } }));

const wrongAnswers: LoginCase[] = [
  ...answers('OIDC Core 5.3.2', [
    ['html', 'is a page', { body: `<html>${markup}</html>`, headers: { 'content-type': 'text/html' } }],
    [
      'jwt',
      'is a JWT that nobody asked for',
      { body: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.', headers: { 'content-type': 'application/jwt' } },
    ],
    ['empty', 'is empty', { body: '' }],
    ['nothing', 'is nothing', { status: 204 }],
    ['null', 'is null', { body: 'null' }],
    ['list', 'is a list', { body: [{ sub: 'alice', userId: 'alice', code: '0' }] }],
    ['text', 'is a text', { body: '"alice"' }],
    [
      'inherited',
      'hides the user in __proto__',
      { body: '{"__proto__":{"sub":"alice","userId":"alice","code":"0"}}' },
    ],
    ['huge', 'is 2 MiB', { body: { sub: 'alice', userId: 'alice', code: '0', bio: 'x'.repeat(2 ** 21) } }],
    ['cut', 'is cut', { body: '{"sub":"alice","userId":"alice","code":"0"' }],
  ]),
  ...answers('OIDC Core 5.3.3', [
    ['error-401', 'is refused', { status: 401, body: { error: 'invalid_token', error_description: markup } }],
    ['error-403', 'is forbidden', { status: 403, body: { error: 'insufficient_scope' } }],
    ['error-404', 'is not there', { status: 404, body: markup }],
    [
      'error-in-200',
      'is a user, and an error',
      { body: { sub: 'alice', userId: 'alice', code: '0', error: 'invalid_token' } },
    ],
    ['error-markup', 'is an error with markup', { status: 400, body: { error: markup, code: markup } }],
  ]),
  ...answers('RFC 9700 4.12', [
    ['redirect-302', 'redirects the token', { status: 302, headers: { location: '/elsewhere' } }],
    ['redirect-307', 'redirects the token (307)', { status: 307, headers: { location: '/elsewhere' } }],
    [
      'redirect-local',
      'redirects into the local network',
      { status: 302, headers: { location: 'http://169.254.169.254/' } },
    ],
  ]),
];

describe.each(asked)('a userinfo answer of $name', (dialect) => {
  accepts(stage, dialect, [{ id: 'base', does: 'is as it should be', source: 'OIDC Core 5.3.2' }]);
  refuses(stage, dialect, wrongSubjects(dialect.name === 'welink' ? 'userId' : 'sub'), refusal);
  refuses(stage, dialect, wrongAnswers, refusal);
});

const [oidc] = dialects as [DialectUnderTest];

describe('a userinfo answer beside an id_token', () => {
  refuses(
    stage,
    oidc,
    table<Change>(
      'OIDC Core 5.3.2',
      [
        ['sub-foreign', 'is about another user', { sub: 'bob' }],
        ['sub-case', 'is about a user in capitals', { sub: 'ALICE' }],
        ['sub-space', 'is about a user with a space', { sub: 'alice ' }],
        ['sub-prefix', 'is about a user whose name begins like ours', { sub: 'alice2' }],
      ],
      (userinfo) => ({ script: { userinfo } }),
    ),
    refusal,
  );

  const overrides: [claim: string, evil: unknown][] = [
    ['iss', 'https://evil.example'],
    ['aud', 'another-client'],
    ['auth_time', 9_999_999_999],
    ['name', 'Mallory'],
    ['email', 'mallory@evil.example'],
    ['email_verified', true],
    ['acr', 'high'],
    ['amr', ['hwk']],
    ['sid', 'another'],
    ['groups', ['admin']],
  ];
  for (const [claim, evil] of overrides) {
    const one = {
      id: `override-${claim}`,
      does: `says otherwise what the id_token says: ${claim}`,
      source: 'OIDC Core 5.3.2',
    };
    it(title('accepted', one), async () => {
      const signed = {
        name: 'Alice',
        email: 'alice@example.com',
        email_verified: false,
        acr: 'low',
        amr: ['pwd'],
        sid: 's',
        groups: [],
      };
      const options = { userinfo: 'always' };
      const tried = await stage().attempt(oidc, {
        options,
        script: { claims: signed, userinfo: { [claim]: evil } },
      });
      await expectAccepted(tried);
      const { user } = await tried.browser.me();
      expect(tried.provider.to('userinfo')).toHaveLength(1);
      expect(JSON.stringify(user)).not.toContain(JSON.stringify({ [claim]: evil }).slice(1, -1));
      expect(user?.name).toBe('Alice');
    });
  }

  it(
    title('accepted', {
      id: 'distributed',
      does: 'points to claims elsewhere, which nobody fetches',
      source: 'OIDC Core 5.6.2',
    }),
    async () => {
      const at = stage().provider(oidc);
      const userinfo = {
        _claim_names: { email: 'x' },
        _claim_sources: { x: { endpoint: `${at.url}/elsewhere`, access_token: 'y' } },
      };
      await expectAccepted(await stage().attempt(oidc, { script: { userinfo } }));
      expect(at.to('elsewhere')).toEqual([]);
    },
  );
});
