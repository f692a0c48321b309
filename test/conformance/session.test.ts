import { Browser, type Page } from './support/browser.js';
import { title } from './support/cases.js';
import { dialects } from './support/dialects.js';
import { type Tried, useStage } from './support/stage.js';
import { expectNoEffect } from './support/verdict.js';

const stage = useStage();
const ASVS = 'OWASP ASVS 5.0 7.2';

/** Another browser that sends a copy of the cookies of this one, or others. */
function thief({ app }: Tried, cookie: string): Promise<Page> {
  return new Browser(app.url).get('/me', { accept: 'application/json', cookie });
}
const cookiesOf = ({ app, browser }: Tried) => browser.jar.getCookieStringSync(app.url);
const sidOf = (tried: Tried) => /(?:^|; )sid=([^;]*)/.exec(cookiesOf(tried))?.[1] ?? '';

describe.each(dialects)('the session of a user of $name', (dialect) => {
  it(
    title('refused', {
      id: 'fixation',
      does: 'has an id that somebody knew before the login',
      source: `${ASVS}.4`,
    }),
    async () => {
      const first = await stage().loggedIn(dialect);
      const known = sidOf(first);
      // The victim logs in in the session that the attacker knows.
      const second = await stage().finish(await stage().begin(dialect, {}, first));
      expect(second.page.status).toBe(303);
      expect(sidOf(second)).not.toBe(known);
      expect((await thief(second, `sid=${known}`)).status).toBe(401);
      expect((await second.browser.me()).status).toBe(200);
    },
  );

  it(
    title('refused', { id: 'after-logout', does: 'is used again after the logout', source: `${ASVS}.1` }),
    async () => {
      const tried = await stage().loggedIn(dialect);
      const kept = cookiesOf(tried);
      await tried.browser.ask('/auth/logout', { method: 'POST' });
      expect((await thief(tried, kept)).status).toBe(401);
      const left = (await stage().redis.keys()).filter((key) => /^(?:oauth:login|sess):/.test(key));
      expect(left).toEqual([]);
      expect(await stage().redis.dump()).not.toContain('alice');
    },
  );

  const forgeries: [id: string, does: string, forge: (sid: string) => string][] = [
    [
      'unsigned',
      'has an id without a signature',
      (sid) => decodeURIComponent(sid).slice(2).split('.')[0] as string,
    ],
    ['signature-cut', 'has a signature that was cut', (sid) => sid.slice(0, -3)],
    ['signature-other', 'has the signature of another id', (sid) => sid.replace(/^s%3A./, 's%3AA_')],
    ['id-empty', 'has an empty id', (sid) => `s%3A.${sid.split('.')[1]}`],
    ['id-path', 'has a path for an id', () => 's%3A..%2F..%2Fetc.x'],
    ['id-pattern', 'has a pattern for an id', () => 's%3A*.x'],
    ['percent', 'has a broken encoding', () => '%E0%A4%A'],
    ['prototype', 'has __proto__ for an id', () => 's%3A__proto__.x'],
    ['long', 'has an id of 4 KiB', () => `s%3A${'x'.repeat(4096)}.x`],
  ];
  for (const [id, does, forge] of forgeries) {
    it(title('refused', { id: `forged-${id}`, does, source: `${ASVS}.2` }), async () => {
      const tried = await stage().loggedIn(dialect);
      const forged = `sid=${forge(sidOf(tried))}`;
      const { status, headers } = await expectNoEffect(stage(), tried, () => thief(tried, forged));
      expect([status, headers['set-cookie']]).toEqual([401, undefined]);
      expect((await thief(tried, `sid=${sidOf(tried)}`)).status).toBe(200);
    });
  }
});

const [oidc] = dialects;

it(
  title('accepted', {
    id: 'cookies-http',
    does: 'has cookies that no script reads and no other site sends',
    source: 'OWASP ASVS 5.0 3.3',
  }),
  async () => {
    const tried = await stage().loggedIn(oidc as (typeof dialects)[number]);
    const cookies = tried.browser.jar.serializeSync()?.cookies ?? [];
    expect(cookies.map(({ key }) => key).sort()).toEqual(['oauth-browser', 'sid']);
    for (const cookie of cookies)
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'lax', path: '/', hostOnly: true });
  },
);

it(
  title('accepted', {
    id: 'cookies-https',
    does: 'has cookies that belong to this host alone, over https',
    source: 'RFC 6265bis 4.1.3',
  }),
  async () => {
    const app = await stage().freshApp(
      oidc as (typeof dialects)[number],
      {},
      {
        router: { baseUrl: 'https://app.example.com' },
        prepare: (it) => it.set('trust proxy', true),
      },
    );
    const { headers } = await new Browser(app.url).get('/auth/login/oidc', { 'x-forwarded-proto': 'https' });
    const [cookie = ''] = headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^__Host-oauth-browser=/);
    for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/'])
      expect(cookie).toContain(attribute);
    expect(cookie).not.toMatch(/domain/i);
  },
);
