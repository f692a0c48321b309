import { generateKeyPairSync } from 'node:crypto';

import { type Lab, type LabProviders, startLab } from '../../../src/testing/index.js';
import { assert, assertion, getUser, refresh, refusal, revoke } from './pds-client.js';
import { redirectUri, success } from './wire.js';

let lab: Lab;
let provider: LabProviders['pds'];

beforeEach(async () => {
  lab = await startLab({ providers: ['pds'] });
  provider = lab.provider('pds');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

const now = () => Math.floor(Date.now() / 1000);
const refused = [400, 'InvalidParameter.assertion'];

describe('a JWT app', () => {
  it('logs a user in, refreshes without a secret, and signs out', async () => {
    const tokens = await success(assert(provider, await assertion(provider)));
    expect(tokens).toMatchObject({ user_id: 'DING-lab00001', domain_id: provider.details.domainId });
    expect(await success(getUser(provider, tokens.access_token))).toMatchObject({ user_name: 'ding' });
    const jwt = { client_id: provider.clients.jwt.clientId, client_secret: undefined };
    expect(await success(refresh(provider, tokens.refresh_token, jwt))).toHaveProperty('access_token');
    const app = { app_id: provider.clients.jwt.clientId };
    expect((await revoke(provider, tokens.refresh_token, app)).status).toBe(204);
    const [request] = provider.tokenRequests('urn:ietf:params:oauth:grant-type:jwt-bearer');
    expect(request?.status).toBe(200);
  });

  it('creates a user only if it says so', async () => {
    const newcomer = { sub: 'newcomer-1' };
    for (const claims of [newcomer, { ...newcomer, auto_create: false }]) {
      expect(await refusal(assert(provider, await assertion(provider, claims)))).toEqual(refused);
    }
    const created = await assertion(provider, { ...newcomer, auto_create: true });
    expect(await success(assert(provider, created))).toMatchObject({
      user_id: 'newcomer-1',
      status: 'enabled',
    });
    await success(assert(provider, await assertion(provider, newcomer)));
  });

  it('cannot create somebody in the place of another user', async () => {
    const claims = { sub: 'admin', auto_create: true };
    const tokens = await success(assert(provider, await assertion(provider, claims)));
    expect(tokens).toMatchObject({ user_id: 'admin', role: 'user' });
  });

  it('speaks for the domain with sub_type service', async () => {
    const service = { sub: provider.details.domainId, sub_type: 'service' };
    const tokens = await success(assert(provider, await assertion(provider, service)));
    expect(tokens).toMatchObject({ role: 'superadmin' });
    expect(await success(getUser(provider, tokens.access_token))).toMatchObject({ role: 'superadmin' });
  });

  it('may name its key, and the times', async () => {
    const { keyId } = provider.clients.jwt;
    const claims = { iat: now() - 300, nbf: now() - 300, exp: now() + 299, jti: 'x'.repeat(128) };
    await success(assert(provider, await assertion(provider, claims, { kid: keyId })));
    expect(provider.clients.jwt.publicJwk).toMatchObject({ kty: 'RSA', kid: keyId, alg: 'RS256' });
    expect(provider.clients.jwt.publicJwk).not.toHaveProperty('d');
  });
});

describe('an assertion is refused', () => {
  it.each([
    ['another issuer', () => ({ iss: provider.clients.web.clientId })],
    ['another audience', () => ({ aud: 'other' })],
    ['several audiences', () => ({ aud: [provider.details.domainId, 'other'] })],
    ['no audience', () => ({ aud: undefined })],
    ['no subject', () => ({ sub: undefined })],
    ['an empty subject', () => ({ sub: '' })],
    ['no sub_type', () => ({ sub_type: undefined })],
    ['another sub_type', () => ({ sub_type: 'admin' })],
    ['a service with the id of a user', () => ({ sub_type: 'service' })],
    ['no jti', () => ({ jti: undefined })],
    ['a jti that is too short', () => ({ jti: 'x'.repeat(15) })],
    ['a jti that is too long', () => ({ jti: 'x'.repeat(129) })],
    ['no expiry', () => ({ exp: undefined })],
    ['an expiry that is past', () => ({ exp: now() - 1 })],
    ['an expiry too far ahead', () => ({ exp: now() + 302 })],
    ['an expiry that is no integer', () => ({ exp: now() + 60.5 })],
    ['a time of issue that is to come', () => ({ iat: now() + 60 })],
    ['a beginning that is to come', () => ({ nbf: now() + 60 })],
    ['an auto_create that is no boolean', () => ({ auto_create: 'true' })],
  ])('with %s', async (_, claims) => {
    expect(await refusal(assert(provider, await assertion(provider, claims())))).toEqual(refused);
  });

  it('when it comes a second time', async () => {
    const once = await assertion(provider);
    await success(assert(provider, once));
    expect(await refusal(assert(provider, once))).toEqual(refused);
  });

  it('when it is signed with another key or algorithm, or not at all, or names another key', async () => {
    const { privateKey: pem } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const [, payload] = (await assertion(provider)).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const bad of [
      await assertion(provider, {}, { pem }),
      await assertion(provider, {}, { alg: 'PS256' }),
      await assertion(provider, {}, { kid: 'other' }),
      `${none}.${payload}.`,
      'nonsense',
    ]) {
      expect(await refusal(assert(provider, bad))).toEqual(refused);
    }
  });
});

it.each([
  [{ client_id: 'LabPdsWebServer1' }, 'InvalidParameter.client_id'],
  [{ client_secret: 'x' }, 'InvalidParameter.client_secret'],
  [{ scope: 'all' }, 'InvalidParameter.scope'],
  [{ assertion: undefined }, 'InvalidParameterMissing.assertion'],
])('a request with %j is refused', async (form, code) => {
  expect(await refusal(assert(provider, await assertion(provider), form))).toEqual([400, code]);
});
