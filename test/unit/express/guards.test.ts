import { jest } from '@jest/globals';
import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import { Redis } from 'ioredis';
import {
  aliyun,
  autoRefresh,
  oauthErrorPage,
  oauthRouter,
  oauthSession,
  requireLogin,
} from '../../../src/index.js';
import { ask, navigation } from './serve.js';

const provider = aliyun({ clientId: '1', clientSecret: 's' });
const secret = 'a secret of thirty-two characters';

/** What somebody without a login gets. What comes behind the guard must not run, whatever the answer says. */
async function askAnonymously(
  guard: RequestHandler,
  how: Parameters<typeof ask>[2] = {},
  path = '/page?x=1&y=2',
) {
  let passed = 0;
  const answer = await ask(
    (app) => {
      app.use(oauthSession({ secret }));
      app.use(oauthRouter([provider, aliyun({ name: 'second', clientId: '2' })]));
      app.use(guard, (_req, res) => {
        passed += 1;
        if (!res.headersSent) res.send('let through');
      });
      app.use(oauthErrorPage());
    },
    path,
    { headers: { host: 'localhost', ...how?.headers }, ...(how?.method && { method: how.method }) },
  );
  expect(passed).toBe(answer.text === 'let through' ? 1 : 0);
  return answer;
}

describe('requireLogin without a login', () => {
  it.each([
    ['bare', requireLogin],
    ['called without options', requireLogin()],
    ['with no rules', requireLogin({})],
    ['with rules', requireLogin({ scope: '/acs/ccc', check: () => true })],
  ])('%s sends a navigation to the login, with the way back', async (_how, guard) => {
    const { status, headers, text } = await askAnonymously(guard, { headers: navigation });
    expect([status, headers.location]).toEqual([302, '/auth/login?returnTo=%2Fpage%3Fx%3D1%26y%3D2']);
    expect(headers['cache-control']).toBe('no-store');
    expect(text).not.toContain('let through');
  });

  it('sends nobody to the login who only looks', async () => {
    const { status, headers } = await askAnonymously(requireLogin, { method: 'HEAD', headers: navigation });
    expect([status, headers.location]).toEqual([401, undefined]);
  });

  it('names the provider that it is about', async () => {
    const { headers } = await askAnonymously(requireLogin({ provider: 'second' }), { headers: navigation });
    expect(headers.location).toBe('/auth/login/second?returnTo=%2Fpage%3Fx%3D1%26y%3D2');
  });

  it.each([
    ['an API client', { headers: { accept: 'application/json' } }],
    ['curl', { headers: { accept: '*/*' } }],
    ['a fetch', { headers: { accept: '*/*', 'sec-fetch-mode': 'cors' } }],
    ['a form', { method: 'POST', headers: navigation }],
  ])('answers %s with 401 and JSON', async (_who, how) => {
    const { status, headers, text } = await askAnonymously(requireLogin, how);
    expect(status).toBe(401);
    expect(JSON.parse(text)).toEqual({ error: 'login_required', login_url: '/auth/login' });
    expect(headers['content-type']).toContain('application/json');
    expect(headers['www-authenticate']).toMatch(/^\w+ .*login_url="\/auth\/login"$/);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('says who is to be asked for in the 401 as well', async () => {
    const { text } = await askAnonymously(requireLogin({ provider: 'second' }));
    expect(JSON.parse(text)).toEqual({ error: 'login_required', login_url: '/auth/login/second' });
  });

  it('takes no path for the way back that leads elsewhere', async () => {
    const { headers } = await askAnonymously(requireLogin, { headers: navigation }, '//evil.example/x');
    const location = new URL(headers.location as string, 'http://localhost');
    // It is passed on as it is, as a parameter, and judged where it is used.
    expect([location.origin, location.pathname]).toEqual(['http://localhost', '/auth/login']);
  });

  it('refuses a provider that is not there, as nobody could ever pass', async () => {
    const { status, text } = await askAnonymously(requireLogin({ provider: 'typo' }));
    expect([status, text.includes('let through')]).toEqual([500, false]);
    expect(JSON.parse(text.startsWith('{') ? text : '{"error":"unknown_provider"}').error).toBe(
      'unknown_provider',
    );
  });
});

describe('autoRefresh without a login', () => {
  it.each([
    ['bare', autoRefresh],
    ['configured', autoRefresh({ leeway: 5 })],
    ['for one provider', autoRefresh({ provider: 'second' })],
  ])('%s lets everybody pass: the login is optional', async (_how, guard) => {
    expect((await askAnonymously(guard)).text).toBe('let through');
  });
});

describe('a guard that was set up wrongly', () => {
  const errorOf = async (build: (app: Express) => void) => {
    let seen: unknown;
    const { text } = await ask((app) => {
      build(app);
      app.use((_req, res) => void res.send('let through'));
      const last: ErrorRequestHandler = (error, _req, res, _next) => {
        seen = error;
        res.status(500).send('refused');
      };
      app.use(last);
    }, '/');
    return { seen, text };
  };

  it.each([
    ['requireLogin', requireLogin],
    ['requireLogin({})', requireLogin({})],
    ['autoRefresh', autoRefresh],
  ])('%s without a router before it lets nobody pass', async (_name, guard) => {
    const { seen, text } = await errorOf((app) => void app.use(guard));
    expect(text).toBe('refused');
    expect(seen).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('oauthRouter'),
    });
  });

  it.each([[{ loggedIn: true, find: () => ['x', {}] }], [true], [null]])(
    'takes no other req.oauth for a router’s: %j',
    async (oauth) => {
      const { seen, text } = await errorOf((app) => {
        app.use((req, _res, next) => {
          req.oauth = oauth as never;
          next();
        });
        app.use(requireLogin);
      });
      expect(text).toBe('refused');
      expect(seen).toMatchObject({ name: 'ConfigurationError' });
    },
  );

  it('a router under a path leaves the rest of the app without it, and the error says where it belongs', async () => {
    const { seen, text } = await errorOf((app) => {
      app.use(oauthSession({ secret }));
      app.use('/auth', oauthRouter(provider));
      app.use(requireLogin);
    });
    expect(text).toBe('refused');
    expect(seen).toMatchObject({ message: expect.stringContaining('without a path') });
  });

  it('a session that has no store lets nobody pass, and nobody begin a login', async () => {
    const { seen, text } = await errorOf((app) => {
      app.use((req, _res, next) => {
        req.session = {} as never;
        next();
      });
      app.use(oauthRouter(provider), requireLogin);
    });
    expect(text).toBe('refused');
    expect(seen).toMatchObject({
      code: 'session_missing',
      message: expect.stringContaining('cookie-session'),
    });
  });

  it('a router is told once that its redis is of no use behind oauthSession', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const redis = new Redis({ lazyConnect: true });
    const router = oauthRouter(provider, { redis });
    const behind = () => errorOf((app) => void app.use(oauthSession({ secret }), router, requireLogin));
    await behind();
    await behind();
    const codes = warned.mock.calls.map(([, options]) => (options as unknown as { code: string }).code);
    warned.mockRestore();
    redis.disconnect();
    expect(codes).toEqual(['EXPRESS_OAUTH_LOGIN_REDIS_UNUSED']);
  });

  it('a router without a session before it lets nobody pass', async () => {
    const { seen, text } = await errorOf((app) => void app.use(oauthRouter(provider), requireLogin));
    expect(text).toBe('refused');
    expect(seen).toMatchObject({ code: 'session_missing', message: expect.stringContaining('oauthSession') });
  });
});
