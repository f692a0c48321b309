import express from 'express';
import { type Lab, type LabProviders, startLab } from '../../src/testing/index.js';
import { providerOf, startApp, type TestApp } from '../support/app.js';

let lab: Lab;
let op: LabProviders['oidc'];

beforeAll(async () => {
  lab = await startLab({ providers: ['oidc'] });
  op = lab.provider('oidc');
});
afterAll(() => lab.close());

const program = { Accept: 'application/json' };

describe.each([
  ['alone', undefined],
  ['behind a parser of forms of the app', express.urlencoded({ extended: true })],
] as const)('a posted callback, %s', (_where, parser) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({
      lab,
      providers: [providerOf(lab, 'oidc', { responseMode: 'form_post' })],
      ...(parser && { prepare: (server: express.Express) => server.use(parser) }),
    });
  });
  afterAll(() => app.close());

  /** The form as the user's browser posts it: from another site, so without our cookies. */
  async function post(fields: URLSearchParams) {
    return fetch(`${app.url}/auth/callback/oidc`, { method: 'POST', body: fields, redirect: 'manual' });
  }

  async function answered(approve = true) {
    const visitor = app.visitor();
    const started = await visitor.get('/auth/login/oidc?returnTo=/me').expect(302);
    const location = new URL(started.headers.location as string);
    expect(location.searchParams.get('response_mode')).toBe('form_post');
    const callback = await op.signIn(location, { approve });
    return { visitor, fields: callback.searchParams };
  }

  it('leads to the login by a redirect, which brings the cookies', async () => {
    const { visitor, fields } = await answered();
    const posted = await post(fields);
    expect(posted.status).toBe(303);
    const next = posted.headers.get('location') as string;
    expect(next).not.toContain(fields.get('code'));
    const done = await visitor.get(next).expect(303);
    expect(done.headers.location).toBe('/me');
    await visitor.get('/me').expect(200);
    // Once, and in this browser only; who is logged in by now goes on.
    expect((await visitor.get(next, program).expect(303)).headers.location).toBe('/');
    await visitor.post('/auth/logout').expect(303);
    expect((await visitor.get(next, program).expect(400)).body.error).toBe('transaction_unknown');
  });

  it('in another browser is refused', async () => {
    const { visitor, fields } = await answered();
    const next = (await post(fields)).headers.get('location') as string;
    const stranger = app.visitor();
    expect((await stranger.get(next, program).expect(400)).body.error).toBe('transaction_missing');
    await visitor.get('/me').expect(401);
  });

  it('may say that the user declined', async () => {
    const { visitor, fields } = await answered(false);
    const next = (await post(fields)).headers.get('location') as string;
    expect((await visitor.get(next, program).expect(403)).body.error).toBe('access_denied');
  });

  it.each<[string, (fields: URLSearchParams) => void]>([
    ['a second code', (fields) => fields.append('code', 'other')],
    ['no state', (fields) => fields.delete('state')],
    ['an error beside the code', (fields) => fields.append('error', 'access_denied')],
  ])('with %s is refused, and not kept', async (_what, change) => {
    const { fields } = await answered();
    change(fields);
    expect((await post(fields)).status).toBe(400);
  });
});
