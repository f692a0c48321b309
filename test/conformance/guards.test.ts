import express from 'express';
import {
  oauthErrorPage,
  oauthRouter,
  oauthSession,
  oidc,
  type RequireLoginOptions,
  requireLogin,
} from '../../src/index.js';
import { Browser } from './support/browser.js';
import { title } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import { useStage } from './support/stage.js';

const stage = useStage();
const [dialect] = dialects as [DialectUnderTest];
const op = { name: 'x', issuer: 'https://op.example.com', clientId: 'id', clientSecret: 'secret' };

/** Guards that look right, before a user who is logged in and has too little, and what they say; the app's own errors say nothing. */
const guards: [id: string, does: string, options: RequireLoginOptions, code?: string][] = [
  ['scope', 'wants a scope that was not granted', { scope: 'admin' }, 'insufficient_scope'],
  [
    'scope-all',
    'wants two scopes, of which one was granted',
    { scope: 'openid admin' },
    'insufficient_scope',
  ],
  ['scope-part', 'wants a scope of which another is the beginning', { scope: 'open' }, 'insufficient_scope'],
  [
    'scope-inherited',
    'wants a scope that is named as a member of lists',
    { scope: 'constructor' },
    'insufficient_scope',
  ],
  ['claim', 'wants a claim that the user does not have', { claims: { role: 'admin' } }, 'claim_mismatch'],
  ['claim-value', 'wants another value of a claim', { claims: { name: 'Bob' } }, 'claim_mismatch'],
  ['claim-type', 'wants a claim of another type', { claims: { email_verified: 'true' } }, 'claim_mismatch'],
  [
    'claim-inherited',
    'wants a claim that every object has',
    { claims: { constructor: 'x' } },
    'claim_mismatch',
  ],
  [
    'claim-list',
    'wants one of several values, and none is there',
    { claims: { name: ['Bob', 'Carol'] } },
    'claim_mismatch',
  ],
  ['check-false', 'checks, and says no', { check: () => false }, 'check_failed'],
  ['check-truthy', 'checks, and says something', { check: () => 1 as never }, 'check_failed'],
  ['check-text', 'checks, and says "true"', { check: () => 'true' as never }, 'check_failed'],
  [
    'check-promise',
    'checks, and promises something',
    { check: () => Promise.resolve({}) as never },
    'check_failed',
  ],
  ['check-nothing', 'checks, and says nothing', { check: () => undefined as never }, 'check_failed'],
  [
    'check-throws',
    'checks, and fails',
    {
      check: () => {
        throw new Error('broken');
      },
    },
  ],
  ['check-rejects', 'checks, and fails later', { check: () => Promise.reject(new Error('broken')) }],
  [
    'provider-other',
    'wants a login at a provider that is not there',
    { provider: 'nobody' },
    'unknown_provider',
  ],
  ['max-age', 'wants a user who proved themselves just now', { maxAge: 20 }, 'login_required'],
  ['acr', 'wants a user who proved themselves in another way', { acr: 'urn:example:mfa' }, 'login_required'],
];

const statuses: Record<string, number> = {
  insufficient_scope: 403,
  claim_mismatch: 403,
  check_failed: 403,
  login_required: 401,
};

describe('a guard that', () => {
  it.each(
    guards.map(
      ([id, does, options, code]) =>
        [title('refused', { id, does, source: 'OWASP ASVS 5.0 8.3' }), options, code] as const,
    ),
  )('%s', async (_title, options, code) => {
    let passed = false;
    const app = await stage().freshApp(
      dialect,
      {},
      {
        routes(it) {
          it.get('/guarded', requireLogin(options), (_req, res) => {
            passed = true;
            res.send('secret');
          });
        },
      },
    );
    const script = { claims: () => ({ auth_time: Math.floor(Date.now() / 1000) - 60 }) };
    const { browser } = await stage().loggedIn(dialect, { app, script });
    const page = await browser.get('/guarded', { accept: 'application/json' });
    const shown = /"error":"(\w+)"/.exec(page.text)?.[1];
    expect([page.status, shown, passed]).toEqual([statuses[code ?? ''] ?? 500, code, false]);
  });

  it(
    title('accepted', { id: 'right', does: 'wants what the user has', source: 'OWASP ASVS 5.0 8.3' }),
    async () => {
      const options = {
        scope: 'openid',
        claims: { name: ['Alice', 'Bob'] },
        check: async () => true,
        maxAge: 3600,
      };
      const app = await stage().freshApp(
        dialect,
        {},
        { routes: (it) => void it.get('/guarded', requireLogin(options), (_req, res) => res.send('secret')) },
      );
      const { browser } = await stage().loggedIn(dialect, { app });
      expect((await browser.get('/guarded')).text).toBe('secret');
    },
  );

  const unmounted: [id: string, does: string, set: (app: express.Express) => void][] = [
    ['no-router', 'runs without a router', (app) => app.use(oauthSession({ secret: 's'.repeat(32) }))],
    ['no-session', 'runs without a session', (app) => app.use(oauthRouter(oidc(op)))],
    ['nothing', 'runs without anything', () => {}],
    [
      'forged',
      'runs behind something that looks like a login',
      (app) =>
        app.use((req, _res, next) => {
          Object.assign(req, { oauth: { loggedIn: true, user: { sub: 'alice' }, logins: [{}] } });
          next();
        }),
    ],
  ];
  it.each(
    unmounted.map(
      ([id, does, set]) =>
        [title('refused', { id, does, source: 'OWASP ASVS 5.0 16.5.3, fail closed' }), set] as const,
    ),
  )('%s', async (_title, set) => {
    const app = express();
    let passed = false;
    set(app);
    app.get('/guarded', requireLogin, (_req, res) => {
      passed = true;
      res.send('secret');
    });
    app.use(oauthErrorPage());
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const page = await new Browser(`http://127.0.0.1:${port}`).get('/guarded', {
      accept: 'application/json',
    });
    server.close();
    expect([page.status, passed]).toEqual([500, false]);
    expect(page.text).toContain('session_missing');
  });
});
