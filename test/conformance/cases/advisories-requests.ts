import type { Express } from 'express';
import { type RequireLoginOptions, requireLogin } from '../../../src/index.js';
import { ask } from '../../unit/express/serve.js';
import { type Advisory, logIn, oidc } from '../support/advisory.js';
import { Browser } from '../support/browser.js';
import { fault, linksOf } from '../support/landing.js';
import type { Stage } from '../support/stage.js';

/** Requests that get past a guard, or lead a browser away. */
export const requestAdvisories: readonly Advisory[] = [
  {
    id: 'CVE-2022-24794',
    does: 'asks a guarded app for //evil.example, and is sent there after the login',
    source: 'express-openid-connect before 2.7.2, GHSA-7p99-3798-f85c',
    async holds(stage) {
      const app = await stage.freshApp(oidc, {}, { routes: (own) => own.use(requireLogin) });
      for (const target of [
        '//evil.example',
        '///evil.example/x',
        '//evil.example/%2f..',
        '/\\evil.example',
        '/.//evil.example',
      ]) {
        const browser = new Browser(app.url);
        const { headers } = await browser.get(target);
        expect(fault({ url: String(headers.location), page: app.url })).toBeUndefined();
        await staysHere(stage, { app, browser }, String(headers.location));
      }
    },
  },
  {
    id: 'CVE-2021-43812',
    does: 'sends a victim to a login that leads to another site',
    source: '@auth0/nextjs-auth0',
    holds: (stage) =>
      returnsHere(stage, ['//evil.example', 'https://evil.example', '/\\evil.example', '///evil.example']),
  },
  {
    id: 'CVE-2024-29041',
    does: 'sends a URL that means another host once Express has encoded it',
    source: 'Express before 4.19.2, GHSA-rv95-896h-c2vc',
    holds: (stage) =>
      returnsHere(stage, [
        'http://127.0.0.1\\@evil.example',
        '//127.0.0.1\\@evil.example',
        '/\\\\127.0.0.1@evil.example',
      ]),
  },
  {
    id: 'CVE-2024-43796',
    does: 'has markup shown in the body of a redirect',
    source: 'Express before 4.20.0',
    holds: (stage) =>
      returnsHere(stage, ['javascript:alert(1)', '/"><script>alert(1)</script>', "/'><img src=x onerror=x>"]),
  },
  {
    id: 'CVE-2025-71401',
    does: 'is the first to ask, for another host, and so names the host for everybody',
    source: 'better-auth before 1.4.2, GHSA-569q-mpph-wgww',
    async holds(stage) {
      const app = await stage.freshApp(oidc);
      for (const host of ['evil.example', 'localhost:1', '127.0.0.1.evil.example', '[::1]:1']) {
        await new Browser(app.url).get('/auth/login/oidc', { host, 'x-forwarded-host': 'evil.example' });
      }
      const { page } = await stage.begin(oidc, {}, { app, browser: new Browser(app.url) });
      const { searchParams } = new URL(String(page.headers.location));
      expect(searchParams.get('redirect_uri')).toBe(`${app.url}/auth/callback/oidc`);
    },
  },
  {
    id: 'CVE-2025-61928',
    does: 'says in the request who the user is',
    source: 'better-auth before 1.3.26, GHSA-99h5-pjcv-gr6v',
    async holds(stage) {
      await logIn(stage, oidc);
      const who = new URLSearchParams({
        userId: 'alice',
        sub: 'alice',
        user: 'alice',
        'user[sub]': 'alice',
      }).toString();
      const headers = { 'x-user-id': 'alice', 'x-forwarded-user': 'alice', authorization: 'Bearer alice' };
      const attacker = new Browser(stage.app.url);
      for (const path of ['/me', '/token', `/me?${who}`]) {
        expect((await attacker.get(path, { accept: 'application/json', ...headers })).status).toBe(401);
      }
      expect((await attacker.get(`/auth/session?${who}`, headers)).text).toContain('"loggedIn":false');
      await attacker.ask('/auth/logout', { method: 'POST', body: who, headers });
    },
  },
  {
    id: 'CVE-2025-29927',
    does: 'sends a header by which a framework knows its own requests',
    source: 'Next.js before 15.2.3, GHSA-f82v-jwr5-mffw',
    async holds({ app }) {
      for (const value of ['middleware', 'src/middleware:src/middleware', '1']) {
        for (const name of [
          'x-middleware-subrequest',
          'x-internal-request',
          'x-original-url',
          'x-http-method-override',
        ]) {
          const { status } = await new Browser(app.url).get('/me', {
            accept: 'application/json',
            [name]: value,
          });
          expect(status).toBe(401);
        }
      }
    },
  },
  {
    id: 'GHSA-x732-6j76-qmhm',
    does: 'writes a path in another way, so that the route knows it and the guard does not',
    source: 'better-auth before 1.4.5',
    async holds(stage) {
      const guarded = (app: Express) => {
        app.use('/admin', requireLogin);
        app.get('/admin/panel', (_req, res) => void res.send('in'));
      };
      const app = await stage.freshApp(oidc, {}, { routes: guarded });
      const paths = [
        '/admin/panel',
        '//admin/panel',
        '/admin//panel',
        '/ADMIN/panel',
        '/admin/panel/',
        '/%61dmin/panel',
      ];
      for (const path of [
        ...paths,
        '/./admin/panel',
        '/x/../admin/panel',
        '/admin;x/panel',
        '/admin/panel%2f',
        '///admin/panel',
      ]) {
        expect((await new Browser(app.url).get(path)).text).not.toBe('in');
      }
    },
  },
  {
    id: 'GHSA-xmf8-cvqr-rfgj',
    does: 'breaks a request by a credential that cannot be decoded',
    source: 'next-auth before 4.24.15',
    async holds({ app }) {
      const wrong = ['%', '%E0%A4%A', 's%3A%', 's:', 'j:{', '"', '=;=', 's%3A..', '\xff\xfe'];
      for (const value of wrong) {
        const cookie = `sid=${value}; oauth-browser=${value}`;
        const headers = { accept: 'application/json', authorization: `Bearer ${value}`, cookie };
        expect((await new Browser(app.url).get('/me', headers)).status).toBe(401);
        expect((await new Browser(app.url).get('/auth/callback/oidc?code=x&state=x', headers)).status).toBe(
          400,
        );
      }
    },
  },
  {
    id: 'CVE-2022-41919',
    does: 'posts across sites in a content type for which a browser does not ask first',
    source: 'Fastify before 3.29.4',
    async holds(stage) {
      const { browser } = await logIn(stage, oidc);
      for (const type of [
        'text/plain',
        'multipart/form-data',
        'application/x-www-form-urlencoded',
        'application/json',
      ]) {
        const headers = { origin: 'https://evil.example', 'content-type': type };
        const { status } = await browser.ask('/auth/logout', { method: 'POST', body: '{}', headers });
        expect(status).toBe(403);
      }
      expect((await browser.me()).status).toBe(200);
    },
  },
  {
    id: 'fail-open',
    does: 'comes through a guard that is set up wrongly',
    source: 'CWE-636',
    async holds(stage) {
      const wrong: unknown[] = [
        undefined,
        null,
        'admin',
        [],
        { scope: [] },
        { role: 'admin' },
        { claims: [] },
        { check: true },
      ];
      for (const options of wrong)
        expect(() => requireLogin(options as RequireLoginOptions)).toThrow(/requireLogin/);
      const open = (_req: unknown, res: { send(text: string): void }) => res.send('open');
      const withoutRouter = await ask((app) => app.get('/', requireLogin, open), '/');
      const misspelt = (app: Express) => void app.get('/misspelt', requireLogin({ provider: 'odic' }), open);
      const app = await stage.freshApp(oidc, {}, { routes: misspelt });
      const { browser } = await logIn(stage, oidc, {}, { app, browser: new Browser(app.url) });
      const answers = [withoutRouter, await browser.get('/misspelt')];
      expect(answers.map(({ status }) => status)).toEqual([500, 500]);
      for (const { text } of answers) expect(text).not.toBe('open');
    },
  },
];

async function returnsHere(stage: Stage, payloads: readonly string[]): Promise<void> {
  const { app } = stage;
  for (const payload of payloads) {
    await staysHere(
      stage,
      { app, browser: new Browser(app.url) },
      `/auth/login/oidc?returnTo=${encodeURIComponent(payload)}`,
    );
  }
}

/** Follows a login to its end, and finds nothing that leads away. */
async function staysHere(
  stage: Stage,
  { app, browser }: { app: Stage['app']; browser: Browser },
  login: string,
) {
  const { headers } = await browser.get(login);
  const answer = stage.provider(oidc).authorize(new URL(String(headers.location)).searchParams);
  const { status, headers: last, text } = await browser.get(`/auth/callback/oidc?${answer}`);
  expect(status).toBe(303);
  for (const url of [String(last.location), ...linksOf(text)])
    expect(fault({ url, page: app.url })).toBeUndefined();
  expect(text).not.toMatch(/<script|<img/);
}
