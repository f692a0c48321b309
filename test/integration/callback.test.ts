import { type Lab, type LabProvider, startLab } from '../../src/testing/index.js';
import { providerOf, startApp, type TestApp, type Visitor, waitFor } from '../support/app.js';

let lab: Lab;
let app: TestApp;

beforeAll(async () => {
  lab = await startLab();
  app = await startApp({ lab, providers: [providerOf(lab, 'aliyun'), providerOf(lab, 'oidc')] });
});
afterAll(async () => {
  await app.close();
  await lab.close();
});

describe.each(['aliyun', 'oidc'])('a callback of %s', (name) => {
  const other = name === 'aliyun' ? 'oidc' : 'aliyun';
  let provider: LabProvider;

  beforeEach(() => {
    provider = lab.provider(name);
    for (const one of Object.values(lab.providers)) one.clearRequests();
  });

  /** Refused before any provider was asked, and nobody is logged in. */
  async function refused(visitor: Visitor, path: string, status = 400) {
    const answer = await visitor.get(path).expect(status);
    for (const one of Object.values(lab.providers)) expect(one.tokenRequests()).toEqual([]);
    await visitor.get('/me').expect(401);
    expect(answer.headers['cache-control']).toBe('no-store');
    return answer;
  }

  const wrongs: [what: string, change: (params: URLSearchParams) => void][] = [
    ['without a state', (params) => params.delete('state')],
    ['with an empty state', (params) => params.set('state', '')],
    ['with an unknown state', (params) => params.set('state', 'x'.repeat(43))],
    ['with an overlong state', (params) => params.set('state', 'x'.repeat(600))],
    ['without a code', (params) => params.delete('code')],
    ['with an overlong code', (params) => params.set('code', 'x'.repeat(4097))],
    ['with a line break in the code', (params) => params.set('code', 'a\r\nb')],
    ['with two codes', (params) => params.append('code', 'another')],
    ['with two states', (params) => params.append('state', 'another')],
    ['with an array of codes', (params) => params.append('code[]', 'another')],
    ['with a member of a code', (params) => params.append('code[__proto__]', 'another')],
    ['with a code and an error', (params) => params.set('error', 'access_denied')],
    ['from another issuer', (params) => params.set('iss', 'https://evil.example.com')],
  ];

  it.each(wrongs)('%s is refused before the provider is asked', async (_what, change) => {
    const visitor = app.visitor();
    const [path, query] = (await visitor.authorize(name)).split('?');
    const params = new URLSearchParams(query);
    change(params);
    await refused(visitor, `${path}?${params}`);
  });

  it('is not survived by its login where the session was logged out meanwhile', async () => {
    const visitor = app.visitor();
    await visitor.logIn(other);
    const callback = await visitor.authorize(name);
    provider.slow('token', 300);
    const late = visitor.get(callback).then((answer) => answer);
    await waitFor(() => provider.tokenRequests().length === 1);
    await visitor.post('/auth/logout').expect(303);
    const answer = await late;
    expect([answer.status, answer.body.error ?? answer.text]).toEqual([
      401,
      expect.stringContaining('login_ended'),
    ]);
    await visitor.get('/me').expect(401);
    // Nobody will use the tokens.
    await waitFor(() => provider.requests.some(({ endpoint }) => endpoint === 'revocation'));
  });

  it('succeeds where another tab has moved the session meanwhile', async () => {
    const visitor = app.visitor();
    await visitor.logIn(other);
    const callback = await visitor.authorize(name);
    const again = await visitor.authorize(other);
    provider.slow('token', 300);
    const late = visitor.get(callback).then((answer) => answer);
    await waitFor(() => provider.tokenRequests().length === 1);
    await visitor.get(again).expect(303);
    expect((await late).status).toBe(303);
    await visitor.get('/me').expect(200);
  });

  it('from another browser is refused, and does not disturb the browser that began', async () => {
    const [victim, attacker] = [app.visitor(), app.visitor()];
    const callback = await victim.authorize(name);
    await refused(attacker, callback);
    await attacker.get(`/auth/login/${name}`).expect(302);
    await refused(attacker, callback);
    await victim.get(callback).expect(303);
    await victim.get('/me').expect(200);
  });

  it('with the state of a login at another provider is refused', async () => {
    const visitor = app.visitor();
    const query = (await visitor.authorize(other)).split('?')[1];
    await refused(visitor, `/auth/callback/${name}?${query}`);
  });

  it('is good once: twice in parallel makes one token request and one session', async () => {
    const visitor = app.visitor();
    const callback = await visitor.authorize(name);
    const answers = await Promise.all([visitor.get(callback), visitor.get(callback), visitor.get(callback)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([303, 400, 400]);
    expect(provider.tokenRequests('authorization_code')).toHaveLength(1);
  });

  it('repeated by somebody who is logged in leads where the login led', async () => {
    const visitor = app.visitor();
    const callback = await visitor.authorize(name, { returnTo: '/me?from=here' });
    await visitor.get(callback).expect(303);
    const again = await visitor.get(callback).expect(303);
    expect(again.headers.location).toBe('/me?from=here');
    expect(provider.tokenRequests('authorization_code')).toHaveLength(1);
  });

  it('repeated after the logout offers to try again, and restarts no login by itself', async () => {
    const visitor = app.visitor();
    const callback = await visitor.authorize(name);
    await visitor.get(callback).expect(303);
    await visitor.post('/auth/logout').expect(303);
    const answer = await visitor.get(callback, { Accept: 'application/json' }).expect(400);
    expect(answer.body).toMatchObject({ error: 'transaction_unknown', login_url: `/auth/login/${name}` });
  });

  it('consumes its transaction also when the exchange fails', async () => {
    const visitor = app.visitor();
    const callback = await visitor.authorize(name);
    provider.fail('token', { status: 500 });
    await visitor.get(callback).expect(503);
    provider.clearRequests();
    await refused(visitor, callback);
  });

  it('that says no is a 403, and one that says it cannot is a 503', async () => {
    for (const [error, status] of [
      ['access_denied', 403],
      ['consent_required', 403],
      ['temporarily_unavailable', 503],
      ['<script>alert(1)</script>', 502],
    ] as const) {
      const visitor = app.visitor();
      const [path, query] = (await visitor.authorize(name)).split('?');
      const params = new URLSearchParams(query);
      params.delete('code');
      params.set('error', error);
      params.set('error_description', '<img src=x onerror=alert(1)>');
      const answer = await refused(visitor, `${path}?${params}`, status);
      expect(answer.text).not.toMatch(/<img|<script>alert/);
    }
  });

  it('by POST is taken by the GET that follows it, with no code in a URL', async () => {
    const visitor = app.visitor();
    const [path, query] = (await visitor.authorize(name, { returnTo: '/me' })).split('?');
    const posted = await app
      .visitor()
      .agent.post(path as string)
      .type('form')
      .send(query)
      .expect(303);
    const next = posted.headers.location as string;
    expect(next).not.toContain(new URLSearchParams(query).get('code'));
    const taken = await visitor.get(next).expect(303);
    expect(taken.headers.location).toBe('/me');
    await visitor.get('/me').expect(200);
    // Whoever is logged in already goes on.
    expect((await visitor.get(next).expect(303)).headers.location).toBe('/');
  });

  it('by HEAD is not used up', async () => {
    const visitor = app.visitor();
    const callback = await visitor.authorize(name);
    await visitor.agent.head(callback).expect(204);
    await visitor.get(callback).expect(303);
  });

  it('that the provider answers with nonsense is a 502, and with an outage a 503', async () => {
    const faults: [status: number, break_: () => void][] = [
      [502, () => provider.fail('token', { status: 200, body: '<html>' })],
      [502, () => provider.fail('token', { status: 200, body: {} })],
      [502, () => provider.fail('token', { status: 200, body: { error: 'invalid_grant' } })],
      [502, () => provider.fail('token', { status: 400, body: '' })],
      [502, () => provider.alter('token', (answer) => ({ ...answer, id_token: 'x.y.z' }))],
      [502, () => provider.alter('token', ({ id_token: _gone, ...answer }) => answer)],
      [502, () => provider.alter('token', (answer) => ({ ...answer, expires_in: 'soon' }))],
      [503, () => provider.fail('token', { status: 429, headers: { 'Retry-After': '7' } })],
      [503, () => provider.drop('token')],
      [503, () => provider.fail('jwks', { status: 500, times: 5 })],
    ];
    for (const [status, break_] of faults) {
      // A provider whose keys are already known needs no JWKS: each fault meets an app that has just started.
      const fresh = await startApp({ lab, providers: [providerOf(lab, name)] });
      const visitor = fresh.visitor();
      const callback = await visitor.authorize(name);
      break_();
      const answer = await visitor.get(callback);
      expect([status, answer.status]).toEqual([status, status]);
      await visitor.get('/me').expect(401);
      provider.clearFaults();
      await visitor.logIn(name);
      await visitor.get('/me').expect(200);
      await fresh.close();
    }
  });
});

it('logins in several tabs of one browser do not disturb each other', async () => {
  const visitor = app.visitor();
  const [first, second] = [
    await visitor.authorize('aliyun', { returnTo: '/me?tab=1' }),
    await visitor.authorize('aliyun', { returnTo: '/me?tab=2' }),
  ];
  expect((await visitor.get(second).expect(303)).headers.location).toBe('/me?tab=2');
  expect((await visitor.get(first).expect(303)).headers.location).toBe('/me?tab=1');
  await visitor.get('/me').expect(200);
});

it('ten logins of one browser can be open, and the oldest gives way', async () => {
  const visitor = app.visitor();
  const callbacks: string[] = [];
  for (let count = 0; count < 11; count += 1) callbacks.push(await visitor.authorize('aliyun'));
  await visitor.get(callbacks[0] as string).expect(400);
  await visitor.get(callbacks[1] as string).expect(303);
});
