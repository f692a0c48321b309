import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeJwt, jwtVerify } from 'jose';
import { type ClientKey, oauth2 } from '../../../src/index.js';
import { createProviderClient } from '../../../src/wire/client.js';
import { form, login, type Op, startOp } from './op.js';

let op: Op;
beforeEach(async () => {
  op = await startOp();
});
afterEach(() => op.close());

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const [p256, p384, p521] = [ec('P-256'), ec('P-384'), ec('P-521')];
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string;
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });

const clientWith = (clientAuth: ClientKey) => op.client({ clientSecret: undefined, clientAuth } as never);
const assertionOf = (path: string, index = 0) => form(op.to(path)[index]).client_assertion as string;

describe('a client with a key', () => {
  it.each<[string, ClientKey, KeyObject, { alg: string; kid?: string }]>([
    ['RSA, as PEM', { privateKey: pem(rsa) }, rsa, { alg: 'RS256' }],
    [
      'RSA, of a JWK that says PS256',
      { privateKey: jwk(rsa, { alg: 'PS256', kid: 'k1' }) },
      rsa,
      { alg: 'PS256', kid: 'k1' },
    ],
    [
      'RSA, as the option says',
      { privateKey: rsa, alg: 'PS384', keyId: 'k2' },
      rsa,
      { alg: 'PS384', kid: 'k2' },
    ],
    ['P-256, as JWK', { privateKey: jwk(p256, { kid: 'k3' }) }, p256, { alg: 'ES256', kid: 'k3' }],
    [
      'an id over that of the JWK',
      { privateKey: jwk(p256, { kid: 'k3' }), keyId: 'k4' },
      p256,
      { alg: 'ES256', kid: 'k4' },
    ],
    ['P-384', { privateKey: p384 }, p384, { alg: 'ES384' }],
    ['P-521', { privateKey: pem(p521) }, p521, { alg: 'ES512' }],
    ['Ed25519', { privateKey: ed25519 }, ed25519, { alg: 'EdDSA' }],
  ])('signs who it is: %s', async (_what, clientAuth, key, header) => {
    await clientWith(clientAuth).exchangeCode(op.callback());
    const [request] = op.to('/token');
    const fields = form(request);
    expect(request?.headers.authorization).toBeUndefined();
    expect(fields).toMatchObject({
      client_id: 'app',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    expect(fields).not.toHaveProperty('client_secret');
    const { payload, protectedHeader } = await jwtVerify(assertionOf('/token'), createPublicKey(key), {
      issuer: 'app',
      subject: 'app',
      audience: op.url,
    });
    expect(protectedHeader).toEqual(header);
    const { iat = 0, exp = 0 } = payload;
    expect(exp - iat).toBe(60);
    expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(30);
    expect(Object.keys(payload).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sub']);
  });

  it('prefers an algorithm that the metadata announces', async () => {
    op.metadata = { token_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256'] };
    await clientWith({ privateKey: rsa }).refresh('rt-0');
    await expect(
      jwtVerify(assertionOf('/token'), createPublicKey(rsa), { algorithms: ['PS256'] }),
    ).resolves.toBeDefined();
  });

  it('makes a new assertion for every request, pushed ones and revocations too', async () => {
    op.metadata = { pushed_authorization_request_endpoint: `${op.url}/par` };
    op.replies['/par'] = { status: 201, body: { request_uri: 'urn:example:1', expires_in: 60 } };
    const client = op.client({
      clientSecret: undefined,
      clientAuth: { privateKey: p256 },
      par: true,
    } as never);
    await client.authorizationUrl({ ...login, params: {} });
    await client.exchangeCode(op.callback());
    await client.refresh('rt-1');
    await client.revoke({ accessToken: 'at-1', refreshToken: 'rt-1' });
    const assertions = [
      assertionOf('/par'),
      assertionOf('/token'),
      assertionOf('/token', 1),
      assertionOf('/revoke'),
    ];
    expect(new Set(assertions.map((one) => decodeJwt(one).jti)).size).toBe(4);
    for (const one of assertions) expect(decodeJwt(one).aud).toBe(op.url);
  });

  it('names the token endpoint where no issuer is known', async () => {
    const provider = oauth2({
      name: 'as',
      clientId: 'app',
      clientAuth: { privateKey: p256 },
      endpoints: {
        authorization: `${op.url}/authorize`,
        token: `${op.url}/token`,
        userinfo: `${op.url}/userinfo`,
      },
    });
    await createProviderClient(provider, { timeout: 5 }).refresh('rt-0');
    expect(decodeJwt(assertionOf('/token')).aud).toBe(`${op.url}/token`);
  });
});
