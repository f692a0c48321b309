import type { Express } from 'express';
import session from 'express-session';
import type { ServedApp, ServedAppOptions } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { gate } from '../../support/gate.js';
import { type Advisory, cookiesOf, logIn, oauth2, oidc, plant } from '../support/advisory.js';
import { Browser } from '../support/browser.js';
import type { Stage } from '../support/stage.js';

/** Sessions that an attacker shares, keeps, or is given. */
export const sessionAdvisories: readonly Advisory[] = [
  {
    id: 'CVE-2022-25896',
    does: 'plants a session id, which is that of the victim after the login',
    source: 'passport before 0.6.0, GHSA-v923-w3x8-wh69',
    holds: async (stage) => fixation(stage, await stage.freshApp(oidc, {}, { routes: visits })),
  },
  {
    id: 'CVE-2021-41246',
    does: "plants a session id where the sessions are in a store of the app's own",
    source: 'express-openid-connect before 2.5.2, GHSA-7rg2-qxmf-hhx9',
    holds: async (stage) => fixation(stage, await stage.freshApp(oidc, {}, ownSessions(stage))),
  },
  {
    id: 'CVE-2023-29019',
    does: "tosses the attacker's own session, logged in, into the victim's browser",
    source: '@fastify/passport, GHSA-4m3m-ppvx-xgw9',
    async holds(stage) {
      const mallory = { claims: { sub: 'mallory' }, userinfo: { sub: 'mallory' } };
      const { app, browser: attacker } = await logIn(stage, oidc, { script: mallory });
      const victim = new Browser(app.url);
      plant(victim, app.url, 'sid', cookiesOf(attacker, app.url).get('sid') as string);
      await logIn(stage, oidc, {}, { app, browser: victim });
      expect((await victim.me()).user?.sub).toBe('alice');
      expect((await attacker.me()).status).toBe(401);
    },
  },
  {
    id: 'CVE-2023-48309',
    does: 'sends what a login that was broken off left behind as the session cookie',
    source: 'next-auth before 4.24.5',
    async holds(stage) {
      const { app, browser, sent } = await stage.begin(oidc);
      const left = [...cookiesOf(browser, app.url).values(), sent.get('state') as string];
      for (const value of left.flatMap((one) => [one, `s:${one}`, `s%3A${one}.${one}`])) {
        const attacker = new Browser(app.url);
        plant(attacker, app.url, 'sid', value);
        expect((await attacker.me()).status).toBe(401);
        expect((await attacker.get('/auth/session')).text).toContain('"loggedIn":false');
      }
    },
  },
  {
    id: 'CVE-2025-67490',
    does: "asks for a token while another user's is being renewed",
    source: '@auth0/nextjs-auth0 4.11 and 4.12',
    async holds(stage) {
      const expired = { token: { expires_in: 0 } };
      const alice = await logIn(stage, oauth2, { script: expired });
      const bob = await logIn(stage, oauth2, { script: { ...expired, userinfo: { sub: 'bob' } } });
      const { provider } = alice;
      const given = new Map<unknown, unknown>();
      const held = gate();
      provider.script = {
        answers: {
          async token(usual, { params }) {
            given.set(params.refresh_token, (usual.body as { access_token: string }).access_token);
            await held.pass();
            return usual;
          },
        },
      };
      const [hers, , his] = provider.issued
        .filter((token) => /^rt-/.test(token))
        .flatMap((one) => [one, one]);
      const tokenOf = async (browser: Browser) => JSON.parse((await browser.get('/token')).text).accessToken;
      const asked = [alice, bob, alice, bob, alice, bob].map(({ browser }) => tokenOf(browser));
      await eventually(async () => expect(given.size).toBe(2));
      held.release();
      const expected = [given.get(hers), given.get(his)];
      expect(await Promise.all(asked)).toEqual([...expected, ...expected, ...expected]);
      expect((await bob.browser.me()).user?.sub).toBe('bob');
    },
  },
  {
    id: 'CVE-2025-48947',
    does: 'is handed, by a shared cache, the answer with which another user got the session',
    source: '@auth0/nextjs-auth0 before 4.6.1',
    holds: async (stage) => uncached(stage, await stage.freshApp(oidc, {}, { routes: visits })),
  },
  {
    id: 'CVE-2025-64762',
    does: 'is handed, by a shared cache, the answer with which another user got the session',
    source: 'authkit-nextjs before 2.11.1',
    holds: async (stage) =>
      uncached(stage, await stage.freshApp(oidc, {}, { routes: visits, session: rolling(stage) })),
  },
  {
    id: 'CVE-2022-3916',
    does: 'goes on with the refresh token of a user who has logged out',
    source: 'Keycloak',
    async holds(stage) {
      const { browser, provider } = await logIn(stage, oidc);
      const [, refreshToken] = provider.issued;
      await browser.ask('/auth/logout', { method: 'POST' });
      expect(provider.to('revocation').map(({ params }) => params.token)).toEqual([refreshToken]);
      expect(await stage.redis.dump()).not.toContain(refreshToken as string);
    },
  },
];

/** A page that keeps something in the session, and may be cached for all it knows. */
function visits(app: Express): void {
  app.get('/visit', (req, res) => {
    Object.assign(req.session, { visited: Date.now() });
    res.set('Cache-Control', 'public, max-age=3600').send('seen');
  });
}

function ownSessions(stage: Stage): Partial<ServedAppOptions> {
  return {
    routes: visits,
    router: { redis: stage.redis.url, encryptionKeys: ['an encryption key of thirty-two bytes'] },
    useSession: (app) =>
      app.use(session({ name: 'sid', secret: 'secret', resave: false, saveUninitialized: true })),
  };
}

const rolling = (stage: Stage) => ({
  redis: stage.redis.url,
  name: 'sid',
  cookie: { maxAge: 60_000, secure: false },
});

async function fixation(stage: Stage, app: ServedApp): Promise<void> {
  const [attacker, victim] = [new Browser(app.url), new Browser(app.url)];
  await attacker.get('/visit');
  const known = cookiesOf(attacker, app.url).get('sid') as string;
  plant(victim, app.url, 'sid', known);
  await logIn(stage, oidc, {}, { app, browser: victim });
  const atLogin = cookiesOf(victim, app.url).get('sid') as string;
  expect(atLogin).not.toBe(known);
  expect([(await victim.me()).status, (await attacker.me()).status]).toEqual([200, 401]);

  // What was good before the logout is good for nothing after it.
  await victim.ask('/auth/logout', { method: 'POST' });
  plant(attacker, app.url, 'sid', atLogin);
  expect((await attacker.me()).status).toBe(401);
}

/** Every answer that gives a browser a cookie is for this browser alone. */
async function uncached(stage: Stage, app: ServedApp): Promise<void> {
  const browser = new Browser(app.url);
  const begun = await stage.begin(oidc, {}, { app, browser });
  const { page } = await stage.finish(begun);
  const visit = await new Browser(app.url).get('/visit');
  for (const { headers } of [begun.page, page, visit, await browser.get('/visit')]) {
    if (headers['set-cookie']) expect(headers['cache-control']).toMatch(/^(?:private\b|no-store$)/);
  }
  for (const { headers } of [begun.page, page, visit]) expect(headers['set-cookie']).toBeDefined();
  expect((await browser.get('/auth/session')).headers['cache-control']).toBe('no-store');
}
