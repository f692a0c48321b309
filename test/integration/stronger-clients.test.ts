import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { type OidcOptions, oidc } from '../../src/index.js';
import { type Lab, type LabProviders, type LabRequest, startLab } from '../../src/testing/index.js';
import { issueExpired, startApp, type TestApp } from '../support/app.js';

let lab: Lab;
let op: LabProviders['oidc'];
let app: TestApp;

beforeAll(async () => {
  lab = await startLab({ providers: ['oidc'] });
  op = lab.provider('oidc');
});
beforeEach(() => {
  Object.assign(op.settings, { requirePar: false, requireDpop: false, requireDpopNonce: false });
  op.clearFaults();
  op.clearRequests();
});
afterEach(() => app.close());
afterAll(() => lab.close());

async function start(options: Partial<OidcOptions>): Promise<void> {
  const provider = oidc({
    name: 'oidc',
    issuer: op.origin,
    clientId: op.clients.web.clientId,
    scope: 'openid profile email offline_access',
    authorizationParams: { prompt: 'consent' },
    ...options,
  });
  app = await startApp({ lab, providers: [provider] });
}

const requests = (endpoint: string) => op.requests.filter((one) => one.endpoint === endpoint);
const statuses = (endpoint: string) => requests(endpoint).map(({ status }) => status);
const proofOf = ({ headers }: LabRequest) => {
  const proof = headers.dpop ?? '';
  return { ...decodeProtectedHeader(proof), ...decodeJwt(proof) } as Record<string, unknown>;
};

/** A login, a refresh, a call of the API, and a logout. */
async function wholeLife() {
  const visitor = app.visitor();
  issueExpired(op);
  await visitor.logIn('oidc');
  const { body } = await visitor.get('/token').expect(200);
  expect(op.tokenRequests('refresh_token').at(-1)?.status).toBe(200);
  const call = await visitor.get('/call/oidc').expect(200);
  expect(call.body).toMatchObject({ name: 'Alice Example' });
  await visitor.post('/auth/logout').expect(303);
  expect(app.events.find(({ type }) => type === 'logout.completed')).toMatchObject({ outcome: 'revoked' });
  return body as { accessToken: string; refreshToken: string; tokenType: string };
}

const secret = () => ({ clientSecret: op.clients.web.clientSecret });
const key = () => {
  const { clientId, keyId, privateKeyPem } = op.clients.jwt;
  return { clientId, clientAuth: { privateKey: privateKeyPem, keyId } };
};
const publicClient = () => ({ clientId: op.clients.native.clientId });

it('a client with a key proves itself by an assertion of its own in every request, and sends no secret', async () => {
  op.settings.requirePar = true;
  await start(key());
  await wholeLife();
  const sent = [...requests('pushedAuthorization'), ...requests('token'), ...requests('revocation')];
  expect(sent).toHaveLength(4);
  for (const { form, headers } of sent) {
    expect(headers.authorization).toBeUndefined();
    expect(form).not.toHaveProperty('client_secret');
    expect(decodeJwt(form?.client_assertion ?? '')).toMatchObject({
      iss: 'lab-jwt',
      sub: 'lab-jwt',
      aud: op.origin,
    });
  }
  expect(new Set(sent.map(({ form }) => decodeJwt(form?.client_assertion ?? '').jti)).size).toBe(4);
});

it('a client with another key is refused', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await start({ ...key(), clientAuth: { privateKey } });
  const visitor = app.visitor();
  const answer = await visitor
    .get(await visitor.authorize('oidc'), { Accept: 'application/json' })
    .expect(502);
  expect(answer.body.error).toBe('invalid_client');
});

describe('an authorization request', () => {
  it.each([
    ['is pushed where the provider requires it', undefined, true],
    ['is pushed where the option says so', true, false],
    ['is not pushed otherwise', undefined, false],
  ] as const)('%s', async (_what, par, requirePar) => {
    op.settings.requirePar = requirePar;
    await start({ ...secret(), ...(par !== undefined && { par }) });
    await wholeLife();
    const [authorization] = requests('authorization');
    const pushed = requests('pushedAuthorization');
    if (par === undefined && !requirePar) {
      expect(pushed).toEqual([]);
      expect(authorization?.query).toHaveProperty('code_challenge');
      return;
    }
    expect(pushed).toMatchObject([{ status: 201, form: { scope: expect.stringContaining('openid') } }]);
    expect(Object.keys(authorization?.query ?? {}).sort()).toEqual(['client_id', 'request_uri']);
  });

  it('that is not pushed where the provider requires it gets the refusal of the provider', async () => {
    op.settings.requirePar = true;
    await start({ ...secret(), par: false });
    const visitor = app.visitor();
    const answer = await visitor
      .get(await visitor.authorize('oidc'), { Accept: 'application/json' })
      .expect(502);
    expect(answer.body.error).toBe('provider_rejected');
    expect(requests('pushedAuthorization')).toEqual([]);
  });

  it('that the provider does not take when it is pushed begins no login', async () => {
    await start({ ...secret(), par: true });
    op.fail('pushedAuthorization', { status: 400, body: { error: 'invalid_request' } });
    await app.visitor().get('/auth/login/oidc', { Accept: 'application/json' }).expect(502);
    op.fail('pushedAuthorization');
    const answer = await app.visitor().get('/auth/login/oidc', { Accept: 'application/json' }).expect(503);
    expect(answer.headers['retry-after']).toBeDefined();
  });
});

describe.each([
  ['a client with a secret', secret],
  ['a client with a key', key],
  ['a public client', publicClient],
] as const)('with dpop %s', (_who, client) => {
  it.each([false, true])(
    'uses bound tokens in all it does, when the provider wants nonces: %p',
    async (nonce) => {
      Object.assign(op.settings, { requireDpop: true, requireDpopNonce: nonce });
      await start({ ...client(), dpop: true, userinfo: 'always' });
      const { tokenType } = await wholeLife();
      expect(tokenType).toBe('DPoP');
      // One key for all of a login, by which its code was bound already.
      const [authorization] = requests('authorization');
      const proofs = [...requests('token'), ...requests('userinfo'), ...requests('api')].map(proofOf);
      const keys = new Set(proofs.map(({ jwk }) => JSON.stringify(jwk)));
      expect(keys.size).toBe(1);
      expect([...keys].join()).not.toContain('"d"');
      expect(authorization?.query.dpop_jkt).toMatch(/^[\w-]{43}$/);
      expect(new Set(proofs.map(({ jti }) => jti)).size).toBe(proofs.length);
      // The first request to each server learns its nonce; what comes after has it from the beginning.
      expect(statuses('token')).toEqual(nonce ? [400, 200, 200] : [200, 200]);
      expect(statuses('userinfo')).toEqual([200]);
      expect(statuses('api')).toEqual(nonce ? [401, 200] : [200]);
    },
  );
});

describe('with dpop', () => {
  it('another login has another key', async () => {
    op.settings.requireDpop = true;
    await start({ ...secret(), dpop: true });
    await wholeLife();
    await wholeLife();
    expect(new Set(requests('api').map((one) => JSON.stringify(proofOf(one).jwk))).size).toBe(2);
  });

  it('a token that is not bound is refused', async () => {
    await start({ ...secret(), dpop: true });
    op.alter('token', (answer) => ({ ...answer, token_type: 'Bearer' }));
    const visitor = app.visitor();
    const answer = await visitor
      .get(await visitor.authorize('oidc'), { Accept: 'application/json' })
      .expect(502);
    expect(answer.body.error).toBe('provider_protocol');
    await visitor.get('/me').expect(401);
  });

  it('a code is of no use to who holds another key', async () => {
    op.settings.requireDpop = true;
    await start({ ...publicClient(), dpop: true });
    const [one, other] = [app.visitor(), app.visitor()];
    const stolen = new URL(await one.authorize('oidc'), app.url).searchParams.get('code') as string;
    const callback = new URL(await other.authorize('oidc'), app.url);
    callback.searchParams.set('code', stolen);
    await other.get(callback.pathname + callback.search).expect(502);
  });

  it('an API that no longer takes the token gets the next one, with its own proof', async () => {
    op.settings.requireDpop = true;
    await start({ ...secret(), dpop: true });
    const visitor = app.visitor();
    await visitor.logIn('oidc');
    op.expireAccessTokens();
    await visitor.get('/call/oidc').expect(200);
    expect(statuses('api')).toEqual([401, 200]);
  });
});
