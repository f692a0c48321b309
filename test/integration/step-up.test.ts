import { oidc, requireLogin } from '../../src/index.js';
import { type Lab, type LabProviders, startLab } from '../../src/testing/index.js';
import { providerOf, startApp, type TestApp, type Visitor, waitFor } from '../support/app.js';

const PASSWORD = 'urn:lab:acr:password';
const TWO_FACTOR = 'urn:lab:acr:two-factor';
const navigation = { Accept: 'text/html' };
const program = { Accept: 'application/json' };

let lab: Lab;
let op: LabProviders['oidc'];
let app: TestApp;
let visitor: Visitor;

beforeAll(async () => {
  lab = await startLab({ providers: ['oidc', 'aliyun'] });
  op = lab.provider('oidc');
  const { clientId, clientSecret } = op.clients.web;
  const provider = oidc({ name: 'oidc', issuer: op.origin, clientId, clientSecret });
  app = await startApp({
    lab,
    providers: [provider, providerOf(lab, 'aliyun')],
    routes(server) {
      const strong = requireLogin({ acr: TWO_FACTOR });
      server.get('/strong', strong, (req, res) => void res.json(req.oauth.user?.claims.acr));
      server.get('/strong-and-fresh', requireLogin({ acr: [TWO_FACTOR], maxAge: 60 }), (_req, res) => {
        res.send('both');
      });
      server.get('/any', requireLogin({ acr: [PASSWORD, TWO_FACTOR] }), (_req, res) => void res.send('any'));
      server.get('/strong-aliyun', requireLogin({ provider: 'aliyun', acr: TWO_FACTOR }), (_req, res) => {
        res.send('never');
      });
      server.get('/recent-aliyun', requireLogin({ provider: 'aliyun', maxAge: 1 }), (_req, res) => {
        res.send('recent');
      });
      server.get(
        '/other',
        requireLogin({ acr: ['urn:one', 'urn:two'] }),
        (_req, res) => void res.send('never'),
      );
      // Asks the provider whether somebody is logged in there, once.
      server.get('/silent', async (req, res, next) => {
        if (req.oauth.loggedIn || req.query.asked !== undefined) {
          res.json({ name: req.oauth.user?.name ?? 'guest' });
          return;
        }
        await req.oauth
          .redirectToLogin({ provider: 'oidc', returnTo: '/silent?asked', params: { prompt: 'none' } })
          .catch(next);
      });
      server.get('/again-silently', async (req, _res, next) => {
        await req.oauth
          .redirectToLogin({ provider: 'oidc', returnTo: '/silent', params: { prompt: 'none' } })
          .catch(next);
      });
      server.get('/with', async (req, _res, next) => {
        const params = req.query as Record<string, string>;
        await req.oauth.redirectToLogin({ provider: 'oidc', returnTo: '/any', params }).catch(next);
      });
    },
  });
});
beforeEach(() => {
  op.settings.secondFactor = true;
  op.clearFaults();
  visitor = app.visitor();
});
afterAll(async () => {
  await app.close();
  await lab.close();
});

/** Follows a redirect to the provider, where the user does what is asked for, and comes back. */
async function followTo(location: string | undefined, headers = program) {
  const callback = await op.signIn(location as string);
  return visitor.get(callback.pathname + callback.search, headers);
}

describe('requireLogin({ acr })', () => {
  it('sends a login that is too weak to the provider, and lets it pass when it comes back stronger', async () => {
    await visitor.logIn('oidc');
    const asked = await visitor.get('/strong', navigation).expect(302);
    const { searchParams } = new URL(asked.headers.location as string);
    expect(searchParams.get('acr_values')).toBe(TWO_FACTOR);
    // The provider knows `claims`: so it must do what it can, or say no.
    expect(JSON.parse(searchParams.get('claims') ?? '')).toEqual({
      id_token: { acr: { essential: true, values: [TWO_FACTOR] } },
    });
    const back = await followTo(asked.headers.location);
    expect([back.status, back.headers.location]).toEqual([303, '/strong']);
    expect((await visitor.get('/strong').expect(200)).body).toBe(TWO_FACTOR);
  });

  it('tells a program what is missing', async () => {
    await visitor.logIn('oidc');
    expect((await visitor.get('/strong', program).expect(401)).body).toEqual({
      error: 'login_required',
      login_url: '/auth/login/oidc',
      acr_values: TWO_FACTOR,
    });
    expect((await visitor.get('/other', program).expect(401)).body.acr_values).toBe('urn:one urn:two');
  });

  it.each<[string, 'get' | 'head', Record<string, string>]>([
    ['a HEAD', 'head', {}],
    ['a prefetch', 'get', { 'Sec-Purpose': 'prefetch' }],
    ['a frame', 'get', { 'Sec-Fetch-Dest': 'iframe', 'Sec-Fetch-Site': 'same-site' }],
    ['an image', 'get', { 'Sec-Fetch-Dest': 'image' }],
  ])('begins nothing for %s', async (_what, method, headers) => {
    await visitor.logIn('oidc');
    const before = app.events.length;
    const answer = await visitor.agent[method]('/strong').set({ ...navigation, ...headers });
    expect([answer.status, answer.headers.location]).toEqual([401, undefined]);
    expect(app.events.slice(before)).toEqual([]);
  });

  it('wants all that it asks for of one login', async () => {
    await visitor.logIn('oidc');
    const asked = await visitor.get('/strong-and-fresh', navigation).expect(302);
    const { searchParams } = new URL(asked.headers.location as string);
    expect(searchParams.get('max_age')).toBe('60');
    await followTo(asked.headers.location);
    await visitor.get('/strong-and-fresh').expect(200);
  });

  it('takes any of several', async () => {
    const asked = await visitor.get(`/with?acr_values=${PASSWORD}`).expect(302);
    expect((await followTo(asked.headers.location)).status).toBe(303);
    await visitor.get('/any').expect(200);
    await visitor.get('/strong', program).expect(401);
  });

  it('is a no where the provider cannot say how users log in, and no way round in circles', async () => {
    await visitor.logIn('aliyun');
    const answer = await visitor.get('/strong-aliyun', program).expect(403);
    expect(answer.body.error).toBe('insufficient_user_authentication');
    await visitor.get('/strong-aliyun', navigation).expect(403);
  });
});

it('requireLogin({ maxAge }) has a user log in again where the provider cannot be asked for more', async () => {
  await visitor.logIn('aliyun');
  await waitFor(async () => (await visitor.get('/recent-aliyun', program)).status !== 200);
  expect((await visitor.get('/recent-aliyun', program).expect(401)).body).toEqual({
    error: 'login_required',
    login_url: '/auth/login/aliyun',
  });
});

describe('a user who cannot log in as it is asked for', () => {
  beforeEach(() => {
    op.settings.secondFactor = false;
  });

  it('is told no, and stays logged in as before', async () => {
    await visitor.logIn('oidc');
    const asked = await visitor.get('/strong', navigation).expect(302);
    const back = await followTo(asked.headers.location);
    expect([back.status, back.body.error]).toEqual([403, 'insufficient_user_authentication']);
    expect(app.events.at(-1)).toMatchObject({
      type: 'login.failed',
      error: 'insufficient_user_authentication',
      providerError: 'unmet_authentication_requirements',
    });
    await visitor.get('/me').expect(200);
  });

  it('is told no by us where the provider lets them pass all the same', async () => {
    // Not essential, so that the provider answers with what it has.
    const claims = JSON.stringify({ id_token: { acr: { values: [TWO_FACTOR] } } });
    const query = new URLSearchParams({ acr_values: TWO_FACTOR, claims });
    const asked = await visitor.get(`/with?${query}`).expect(302);
    const back = await followTo(asked.headers.location);
    expect([back.status, back.body.error]).toEqual([403, 'insufficient_user_authentication']);
    await visitor.get('/me').expect(401);
  });

  it('may log in where that was no more than a wish', async () => {
    const claims = JSON.stringify({ id_token: { acr: { values: [TWO_FACTOR] } } });
    const asked = await visitor.get(`/with?${new URLSearchParams({ claims })}`).expect(302);
    expect((await followTo(asked.headers.location)).status).toBe(303);
    expect((await visitor.get('/me').expect(200)).body.user.claims.acr).toBe(PASSWORD);
  });
});

it.each(['not json', '[]', '{"id_token":{"acr":{"essential":true,"values":[1]}}}'])(
  'the parameter claims cannot be %s',
  async (claims) => {
    await visitor.get(`/with?${new URLSearchParams({ claims })}`, program).expect(500);
  },
);

describe('prompt=none', () => {
  it('leaves who is not logged in at the provider as they are, without an error', async () => {
    const asked = await visitor.get('/silent').expect(302);
    const callback = await op.signIn(asked.headers.location as string);
    expect(callback.searchParams.get('error')).toBe('login_required');
    const back = await visitor.get(callback.pathname + callback.search).expect(303);
    expect(back.headers.location).toBe('/silent?asked');
    expect((await visitor.get('/silent?asked').expect(200)).body).toEqual({ name: 'guest' });
  });

  it.each(['login_required', 'interaction_required', 'consent_required', 'account_selection_required'])(
    'leaves who is logged in here logged in, when the provider says %s',
    async (error) => {
      await visitor.logIn('oidc');
      const asked = await visitor.get('/again-silently').expect(302);
      const state = new URL(asked.headers.location as string).searchParams.get('state') as string;
      const answer = new URLSearchParams({ error, state, iss: op.origin });
      const back = await visitor.get(`/auth/callback/oidc?${answer}`).expect(303);
      expect(back.headers.location).toBe('/silent');
      expect((await visitor.get('/silent').expect(200)).body).toEqual({ name: 'Alice Example' });
    },
  );

  it('fails with any other error', async () => {
    const asked = await visitor.get('/silent').expect(302);
    const state = new URL(asked.headers.location as string).searchParams.get('state') as string;
    const answer = new URLSearchParams({ error: 'invalid_request', state, iss: op.origin });
    await visitor.get(`/auth/callback/oidc?${answer}`, program).expect(502);
  });
});
