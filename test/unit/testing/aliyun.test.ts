import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

import { type Lab, type LabProviders, startLab } from '../../../src/testing/index.js';
import {
  authorizationUrl,
  challenge,
  codeFor,
  get,
  post,
  redeem,
  redirectUri,
  refresh,
  refusal,
  revoke,
  tokensFor,
  verifier,
} from './aliyun-client.js';

let lab: Lab;
let provider: LabProviders['aliyun'];

beforeEach(async () => {
  lab = await startLab({ providers: ['aliyun'] });
  provider = lab.provider('aliyun');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

function idTokenClaims(idToken: string | undefined) {
  const keys = createRemoteJWKSet(new URL(provider.endpoints.jwks ?? ''));
  const expected = {
    issuer: provider.origin,
    audience: provider.clients.web.clientId,
    algorithms: ['RS256'],
  };
  return jwtVerify(idToken ?? '', keys, expected);
}

describe('a login', () => {
  it('goes from the authorization endpoint to the API and back out', async () => {
    const callback = await provider.signIn(authorizationUrl(provider), { user: 'alice' });
    expect(callback.origin + callback.pathname).toBe('http://127.0.0.1:3999/callback');
    expect(callback.searchParams.get('from')).toBe('lab');
    expect(callback.searchParams.get('state')).toBe('st/ate &x');

    const answer = await redeem(provider, callback.searchParams.get('code') ?? '');
    expect(answer.status).toBe(200);
    const tokens = (await answer.json()) as Record<string, string>;
    expect(tokens).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: expect.any(String),
      id_token: expect.any(String),
    });

    const claims = { sub: '201234567890123456', aid: '1234567890123456', uid: '291234567890123457' };
    const named = { ...claims, name: 'Alice 王', upn: 'alice@lab.onaliyun.com' };
    expect((await idTokenClaims(tokens.id_token)).payload).toMatchObject(named);
    expect(decodeProtectedHeader(tokens.id_token ?? '')).toMatchObject({ alg: 'RS256', kid: 'lab-aliyun' });
    expect(await (await get(provider.endpoints.userinfo, tokens.access_token)).json()).toEqual(named);
    expect(await (await get(provider.api, tokens.access_token)).json()).toMatchObject({ sub: claims.sub });

    const refreshed = (await (await refresh(provider, tokens.refresh_token ?? '')).json()) as object;
    expect(Object.keys(refreshed).sort()).toEqual(['access_token', 'expires_in', 'token_type']);

    expect((await revoke(provider, tokens.refresh_token ?? '')).status).toBe(200);
    expect(await refusal(refresh(provider, tokens.refresh_token ?? ''))).toEqual([400, 'invalid_grant']);
    expect((await get(provider.api, tokens.access_token)).status).toBe(401);
  });

  it('of a native app needs no secret, only the verifier', async () => {
    const { clientId } = provider.clients.native;
    const code = await codeFor(provider, {
      client_id: clientId,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    });
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, client_id: clientId };
    const answer = await post(provider.endpoints.token, { ...form, code_verifier: verifier });
    expect(answer.status).toBe(200);
  });

  it('signs in on a host that is not the one of the issuer', () => {
    const { issuer = '', authorization = '' } = provider.endpoints;
    expect(new URL(authorization).host).not.toBe(new URL(issuer).host);
  });

  it('gives no refresh token for online access, which is the default', async () => {
    expect(await tokensFor(provider, { access_type: 'online' })).not.toHaveProperty('refresh_token');
    expect(await tokensFor(provider, { access_type: undefined })).not.toHaveProperty('refresh_token');
  });

  it('without a scope gets all scopes of the application', async () => {
    const { access_token: token } = await tokensFor(provider, { scope: undefined });
    const answer = (await (await get(provider.api, token)).json()) as { scope: string };
    expect(answer.scope).toBe('openid aliuid profile /acs/ccc /acs/alidns');
  });

  it('without the scope openid gets no id_token and no userinfo', async () => {
    const tokens = await tokensFor(provider, { scope: '/acs/ccc' });
    expect(tokens).not.toHaveProperty('id_token');
    expect((await get(provider.endpoints.userinfo, tokens.access_token)).status).toBe(403);
  });

  it.each([
    ['owner', 'openid', ['sub']],
    ['owner', 'openid profile', ['login_name', 'name', 'sub']],
    ['owner', 'openid aliuid', ['aid', 'sub', 'uid']],
    ['alice', 'openid profile', ['name', 'sub', 'upn']],
    ['role', 'openid profile', ['name', 'sub']],
  ])('of %s with %s tells %j', async (user, scope, names) => {
    const { id_token: idToken, access_token: token } = await tokensFor(provider, { scope }, user);
    const { iss, aud, exp, iat, ...claims } = (await idTokenClaims(idToken)).payload;
    expect(Object.keys(claims).sort()).toEqual(names);
    expect(await (await get(provider.endpoints.userinfo, token)).json()).toEqual(claims);
  });

  it('has ids that are strings and differ between accounts', () => {
    const [owner, ...others] = provider.users;
    expect(owner?.claims).toMatchObject({ aid: owner?.sub, uid: owner?.sub });
    const mallory = others.find(({ id }) => id === 'mallory');
    expect(mallory?.claims.aid).not.toBe(owner?.sub);
    for (const { sub, claims } of provider.users) {
      for (const id of [sub, claims.aid, claims.uid]) expect(id).toMatch(/^\d{16,18}$/);
    }
  });

  it('repeats a nonce in the id_token only if it is told to', async () => {
    const silent = await tokensFor(provider, { nonce: 'n-1' });
    expect((await idTokenClaims(silent.id_token)).payload).not.toHaveProperty('nonce');
    provider.settings.echoNonce = true;
    const echoing = await tokensFor(provider, { nonce: 'n-2' });
    expect((await idTokenClaims(echoing.id_token)).payload.nonce).toBe('n-2');
  });
});

describe('consent', () => {
  const consents = () => provider.requests.filter(({ path }) => path === '/consent').length;

  it('is asked for once per user and application', async () => {
    await codeFor(provider);
    await codeFor(provider);
    expect(consents()).toBe(1);
    await codeFor(provider, {}, 'role');
    expect(consents()).toBe(2);
    await codeFor(provider, { client_id: provider.clients.native.clientId });
    expect(consents()).toBe(3);
  });

  it('is asked for again with prompt=admin_consent', async () => {
    await codeFor(provider);
    await codeFor(provider, { prompt: 'admin_consent' });
    expect(consents()).toBe(2);
  });

  it('that is denied goes back to the client as an error', async () => {
    const callback = await provider.signIn(authorizationUrl(provider), { approve: false });
    expect(callback.searchParams.get('error')).toBe('access_denied');
    expect(callback.searchParams.get('state')).toBe('st/ate &x');
    expect(callback.searchParams.has('code')).toBe(false);
  });
});

describe('the authorization endpoint', () => {
  it.each([
    ['an unknown client', { client_id: '1' }, 'unknown client_id'],
    ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example/' }, 'redirect_uri'],
    ['a redirect URI that only begins well', { redirect_uri: `${redirectUri}/more` }, 'redirect_uri'],
    ['no redirect URI', { redirect_uri: undefined }, 'redirect_uri'],
  ])('shows an error page to %s', async (_, parameters, text) => {
    const answer = await fetch(authorizationUrl(provider, parameters), { redirect: 'manual' });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
    expect(await answer.text()).toContain(text);
    await expect(provider.signIn(authorizationUrl(provider, parameters))).rejects.toThrow(text);
  });

  it.each([
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: undefined }, 'unsupported_response_type'],
    [{ scope: 'openid /acs/nothing' }, 'invalid_scope'],
    [{ access_type: 'sometimes' }, 'invalid_request'],
    [{ prompt: 'login' }, 'invalid_request'],
    [{ code_challenge: challenge, code_challenge_method: 'S512' }, 'invalid_request'],
    [{ code_challenge: challenge.slice(1), code_challenge_method: 'S256' }, 'invalid_request'],
    [{ code_challenge: 'short', code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: 'x'.repeat(129) }, 'invalid_request'],
    [{ code_challenge_method: 'S256' }, 'invalid_request'],
  ])('sends %j back to the client as an error', async (parameters, error) => {
    const callback = await provider.signIn(authorizationUrl(provider, parameters));
    expect(callback.searchParams.get('error')).toBe(error);
    expect(callback.searchParams.get('state')).toBe('st/ate &x');
  });
});

it('publishes the metadata as documented', async () => {
  const answer = await get(`${provider.endpoints.issuer}/.well-known/openid-configuration`);
  const metadata = (await answer.json()) as object;
  expect(metadata).toMatchObject({
    issuer: provider.origin,
    authorization_endpoint: provider.endpoints.authorization,
    id_token_signing_alg_values_supported: ['RS256'],
  });
  expect(metadata).not.toHaveProperty('userinfo_endpoint');
});
