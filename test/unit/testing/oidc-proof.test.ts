import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as client from 'openid-client';
import { type Lab, type LabProviders, startLab } from '../../../src/testing/index.js';

const redirectUri = 'http://127.0.0.1:3999/callback';

let lab: Lab;
let provider: LabProviders['oidc'];
let token: string;
let bearer: string;
let keys: Awaited<ReturnType<typeof client.randomDPoPKeyPair>>;

beforeAll(async () => {
  lab = await startLab({ providers: ['oidc'] });
  provider = lab.provider('oidc');
  provider.registerRedirectUri(redirectUri);
  keys = await client.randomDPoPKeyPair('ES256', { extractable: true });
  [token, bearer] = [await logIn(true), await logIn(false)];
});
afterEach(() => {
  provider.settings.requireDpopNonce = false;
});
afterAll(() => lab.close());

/** Logs in with a standard client. */
async function logIn(isBound: boolean): Promise<string> {
  const { clientId, clientSecret } = provider.clients.web;
  const config = await client.discovery(
    new URL(provider.origin),
    clientId,
    undefined,
    client.ClientSecretBasic(clientSecret),
    { execute: [client.allowInsecureRequests] },
  );
  const verifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const checks = { pkceCodeVerifier: verifier };
  const options = isBound ? { DPoP: client.getDPoPHandle(config, keys) } : {};
  const answer = await client.authorizationCodeGrant(config, await provider.signIn(url), checks, {}, options);
  return answer.access_token;
}

const ath = (of: string) => createHash('sha256').update(of).digest('base64url');

async function proof(
  change: Record<string, unknown> = {},
  { typ = 'dpop+jwt', pair = keys } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { htm: 'GET', htu: provider.api, ath: ath(token), jti: randomUUID(), iat: now, ...change };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ, jwk: await exportJWK(pair.publicKey) })
    .sign(pair.privateKey);
}

const ask = (headers: Record<string, string>) => fetch(provider.api, { headers });
const askBound = (dpop: string) => ask({ authorization: `DPoP ${token}`, dpop });

describe('the API of the OpenID Provider, asked with a token that is bound', () => {
  it('takes it with its proof', async () => {
    expect((await askBound(await proof())).status).toBe(200);
  });

  it('refuses a proof that was used before', async () => {
    const once = await proof();
    expect((await askBound(once)).status).toBe(200);
    expect((await askBound(once)).status).toBe(401);
  });

  it.each<[string, Record<string, unknown>]>([
    ['for another method', { htm: 'POST' }],
    ['for another address', { htu: 'https://api.example.com/' }],
    ['for another token', { ath: ath('another') }],
    ['without the hash of the token', { ath: undefined }],
    ['without an id', { jti: undefined }],
    ['of a while ago', { iat: Math.floor(Date.now() / 1000) - 120 }],
    ['without a time', { iat: undefined }],
  ])('refuses a proof %s', async (_what, change) => {
    const answer = await askBound(await proof(change));
    expect([answer.status, await answer.json()]).toEqual([401, { error: 'invalid_dpop_proof' }]);
  });

  it('refuses a proof by another key, one of another type, and none', async () => {
    const pair = await generateKeyPair('ES256', { extractable: true });
    expect((await askBound(await proof({}, { pair: pair as never }))).status).toBe(401);
    expect((await askBound(await proof({}, { typ: 'jwt' }))).status).toBe(401);
    expect((await ask({ authorization: `DPoP ${token}` })).status).toBe(401);
  });

  it('refuses it as a bearer token, and a bearer token with a proof', async () => {
    expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${bearer}` })).status).toBe(200);
    const dpop = await proof({ ath: ath(bearer) });
    expect((await ask({ authorization: `DPoP ${bearer}`, dpop })).status).toBe(401);
  });

  it('can want its nonce', async () => {
    provider.settings.requireDpopNonce = true;
    const first = await askBound(await proof());
    expect(first.status).toBe(401);
    expect(first.headers.get('www-authenticate')).toContain('error="use_dpop_nonce"');
    const nonce = first.headers.get('dpop-nonce') as string;
    expect((await askBound(await proof({ nonce: `${nonce}x` }))).status).toBe(401);
    expect((await askBound(await proof({ nonce }))).status).toBe(200);
  });
});

describe('settings', () => {
  afterEach(() => Object.assign(provider.settings, { requirePar: false, requireDpop: false }));

  it('can refuse tokens without a proof, for all clients', async () => {
    provider.settings.requireDpop = true;
    await expect(logIn(false)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(logIn(true)).resolves.toBeDefined();
  });

  it('can refuse authorization requests that were not pushed', async () => {
    provider.settings.requirePar = true;
    await expect(logIn(true)).rejects.toMatchObject({ error: 'invalid_request' });
  });
});
