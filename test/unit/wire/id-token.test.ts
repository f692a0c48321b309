import { createPublicKey, type KeyObject } from 'node:crypto';
import { CompactSign, createLocalJWKSet, exportJWK, importJWK, type JWK } from 'jose';
import { ProviderProtocolError, ProviderUnavailableError } from '../../../src/errors.js';
import { type IdTokenExpectation, verifyIdToken } from '../../../src/wire/id-token.js';
import { signingAlgs } from '../../../src/wire/signed-token.js';
import { encode, halfHash, makeKey, type SigningKey, sign } from './signing.js';

const NOW = 1_800_000_000;
const ISSUER = 'https://op.example.com';
const CLIENT = 'client-1';
const ACCESS_TOKEN = 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y';
const good = {
  iss: ISSUER,
  sub: '248289761001',
  aud: CLIENT,
  exp: NOW + 300,
  iat: NOW,
  nonce: 'n-0S6_WzA2Mj',
} as const;

let key: SigningKey;
let stranger: SigningKey;
beforeAll(async () => {
  [key, stranger] = await Promise.all([makeKey('k1'), makeKey('k1')]);
});

function expectation(change: Partial<IdTokenExpectation> = {}, keys: JWK[] = [key.jwk]): IdTokenExpectation {
  return {
    issuer: ISSUER,
    clientId: CLIENT,
    policy: { algs: ['RS256'], nonce: 'required', audiences: [] },
    algs: ['RS256'],
    keys: createLocalJWKSet({ keys }),
    accessToken: ACCESS_TOKEN,
    nonce: good.nonce,
    now: NOW * 1000,
    ...change,
  };
}

const judge = (token: string, change?: Partial<IdTokenExpectation>) =>
  verifyIdToken(token, expectation(change));

async function expectRefuted(token: string, change?: Partial<IdTokenExpectation>) {
  const error = await judge(token, change).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProviderProtocolError);
  expect(error).toMatchObject({ code: 'id_token_invalid', status: 502 });
  // Whatever is wrong with it, nobody reads it in a message.
  expect((error as Error).message).toMatch(/^The provider's id_token is not valid: [\w ]+\.$/);
}

it.each([
  ['padding', (token: string) => `${token}=`],
  ['a line end', (token: string) => `${token}\n`],
  ['a space before', (token: string) => ` ${token}`],
  ['a foreign character before', (token: string) => `!${token}`],
  ['a fourth part', (token: string) => `${token}.AAAA`],
])('an id_token in another spelling is refuted: with %s', async (_how, spell) => {
  await expectRefuted(spell(await sign(key, good)));
});

it.each<[string, readonly string[], readonly string[] | undefined, readonly string[]]>([
  ['those that are configured', ['ES256'], ['RS256'], ['ES256']],
  ['RS256, where nobody says anything', [], undefined, ['RS256']],
  [
    'of those that are announced the asymmetric ones',
    [],
    ['none', 'HS256', 'RS256', 'PS512', 'ES384', 'EdDSA', 'Ed25519', 'xRS256', 'RS256x', 'xEdDSA'],
    ['RS256', 'PS512', 'ES384', 'EdDSA', 'Ed25519'],
  ],
])('algorithms of signatures are %s', (_what, configured, announced, expected) => {
  const server = {
    issuer: ISSUER,
    ...(announced && { id_token_signing_alg_values_supported: [...announced] }),
  };
  expect(signingAlgs(configured, server)).toEqual(expected);
});

describe('an id_token is accepted', () => {
  it.each<[string, object]>([
    ['as the provider should make it', {}],
    ['with the audience in a list', { aud: [CLIENT] }],
    ['with this client as the authorized party', { azp: CLIENT }],
    ['29 s after it expired: clocks differ', { exp: NOW - 29 }],
    ['30 s before it was issued: clocks differ', { iat: NOW + 30 }],
    ['with fractions of seconds', { iat: NOW - 0.5, exp: NOW + 0.5 }],
    ['when it lives for ten years', { exp: NOW + 10 * 366 * 86_400 }],
    ['with a subject of 255 characters', { sub: 'x'.repeat(255) }],
    ['with the hash of its access token', { at_hash: halfHash(ACCESS_TOKEN, 256) }],
    ['with claims that nobody knows', { 'https://example.com/role': ['admin'] }],
  ])('%s', async (_what, change) => {
    const claims = { ...good, ...change };
    expect(await judge(await sign(key, claims))).toEqual(claims);
  });

  it.each([[{}], [{ typ: 'JWT' }], [{ typ: 'jwt' }]])('with the header %j', async (header) => {
    expect(await judge(await sign(key, good, header))).toEqual(good);
  });

  it('without a kid, where there is one key only', async () => {
    expect(await judge(await sign(key, good, { kid: undefined }))).toEqual(good);
  });

  it.each(['ES256', 'PS384', 'EdDSA'])('signed with %s, where that is expected', async (alg) => {
    const other = await makeKey('k2', alg);
    const bits = { ES256: 256, PS384: 384, EdDSA: 512 }[alg] as 256;
    const token = await sign(other, { ...good, at_hash: halfHash(ACCESS_TOKEN, bits) });
    expect(await verifyIdToken(token, expectation({ algs: [alg] }, [key.jwk, other.jwk]))).toMatchObject(
      good,
    );
  });
});

describe('an id_token is refuted by its signature', () => {
  const publicPem = (jwk: JWK): KeyObject => createPublicKey({ key: jwk as never, format: 'jwk' });

  it('with alg none', async () => {
    await expectRefuted(`${encode({ alg: 'none' })}.${encode(good)}.`);
    await expectRefuted(`${encode({ alg: 'none' })}.${encode(good)}.`, { algs: ['none', 'RS256'] });
  });

  it.each(['HS256', 'HS384', 'HS512'])('with %s and the client secret', async (alg) => {
    const secret = { ...key, alg, privateKey: Buffer.alloc(64, 'client-secret') as never };
    await expectRefuted(await sign(secret, good));
    await expectRefuted(await sign(secret, good), { algs: [alg] });
  });

  it('with HS256 and the public key, in each form that a careless verifier might take', async () => {
    const pem = publicPem(key.jwk).export({ type: 'spki', format: 'pem' });
    for (const secret of [pem, JSON.stringify(key.jwk), String(key.jwk.n)]) {
      const forged = await sign({ ...key, alg: 'HS256', privateKey: Buffer.from(secret) as never }, good);
      await expectRefuted(forged);
      await expectRefuted(forged, { algs: ['RS256', 'HS256'] });
    }
  });

  it('by somebody else’s key under the same kid', async () => {
    await expectRefuted(await sign(stranger, good));
  });

  it('by a kid that the provider does not have', async () => {
    await expectRefuted(await sign(key, good, { kid: 'k9' }));
  });

  it('by an algorithm that is not expected, though the key would do', async () => {
    const privateKey = (await importJWK(
      await exportJWK(key.privateKey),
      'PS256',
    )) as SigningKey['privateKey'];
    const token = await sign({ ...key, alg: 'PS256', privateKey }, good);
    const { alg: _any, ...jwk } = key.jwk;
    const keys = createLocalJWKSet({ keys: [jwk] });
    expect(await judge(token, { keys, algs: ['RS256', 'PS256'] })).toMatchObject({ sub: good.sub });
    await expectRefuted(token, { keys });
  });

  it('by claims that were changed afterwards', async () => {
    const [header, , signature] = (await sign(key, good)).split('.');
    await expectRefuted(`${header}.${encode({ ...good, sub: 'admin' })}.${signature}`);
  });

  it('by a signature that was cut off, or changed', async () => {
    const [header, payload, signature = ''] = (await sign(key, good)).split('.');
    await expectRefuted(`${header}.${payload}.`);
    await expectRefuted(`${header}.${payload}.${signature.slice(4)}`);
    await expectRefuted(`${header}.${payload}.${signature.slice(0, -4)}AAAA`);
  });

  it('by critical headers that nobody knows', async () => {
    const header = encode({ alg: 'RS256', kid: 'k1', crit: ['exp'], exp: NOW + 300 });
    await expectRefuted(`${header}.${encode(good)}.${(await sign(key, good)).split('.')[2]}`);
  });
});

describe('an id_token is refuted by its form', () => {
  it.each([
    ['nothing', '.'],
    ['text', 'garbage'],
    ['two parts', `${encode({ alg: 'RS256' })}.${encode(good)}`],
    ['four parts', 'a.b.c.d'],
    ['a JWE', `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`],
    [
      'a JWE with a password that takes for ever to try',
      `${encode({ alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c: 2 ** 31 })}.a.b.c.d`,
    ],
    ['a header that is not JSON', `${encode('{')}.${encode(good)}.AAAA`],
    ['a header that is a list', `${encode('[]')}.${encode(good)}.AAAA`],
    ['base64 that is none', '§§§.§§§.§§§'],
  ])('%s', async (_what, token) => {
    await expectRefuted(token);
  });

  it.each([['[]'], ['null'], ['"text"'], ['{'], ['']])('%s in the place of claims', async (payload) => {
    const token = await new CompactSign(new TextEncoder().encode(payload))
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .sign(key.privateKey as never);
    await expectRefuted(token);
  });
});

describe('the judgement on an id_token', () => {
  it('is not given when the keys cannot be had', async () => {
    const unavailable = new ProviderUnavailableError('provider_unavailable', 'no keys');
    const keys = () => Promise.reject(unavailable);
    await expect(judge(await sign(key, good), { keys: keys as never })).rejects.toBe(unavailable);
  });

  it('does not blame the token for a mistake of ours', async () => {
    const mistake = new Error('a bug');
    const keys = () => Promise.reject(mistake);
    await expect(judge(await sign(key, good), { keys })).rejects.toBe(mistake);
  });
});
