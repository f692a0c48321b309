import { type Lab, type LabProviders, startLab } from '../../../src/testing/index.js';
import { challenge, verifier } from './aliyun-client.js';
import { type Fields, getWith, postForm, postJson, read, redirectUri, success, urlOf } from './wire.js';

let lab: Lab;
let provider: LabProviders['open-platform'];

beforeEach(async () => {
  lab = await startLab({ providers: ['open-platform'] });
  provider = lab.provider('open-platform');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

function authorizationUrl(parameters: Fields = {}): URL {
  return urlOf(provider.endpoints.authorization, {
    client_id: provider.clients.web.clientId,
    response_type: 'code',
    redirect_url: redirectUri,
    state: 'st/ate &x',
    scope: 'user_info,order.read',
    ...parameters,
  });
}

async function codeFor(parameters: Fields = {}): Promise<string> {
  return (await provider.signIn(authorizationUrl(parameters))).searchParams.get('code') ?? '';
}

function client(): Fields {
  const { clientId, clientSecret } = provider.clients.web;
  return { client_id: clientId, client_secret: clientSecret };
}

function redeem(code: string, form: Fields = {}): Promise<Response> {
  const { token } = provider.endpoints;
  return postForm(token, { grant_type: 'authorization_code', code, ...client(), ...form });
}

function refresh(token: string | undefined, form: Fields = {}, url = provider.endpoints.token) {
  return postForm(url, { grant_type: 'refresh_token', refresh_token: token, ...client(), ...form });
}

const tokens = async () => success(redeem(await codeFor()));

function bearer(token = '') {
  return { authorization: `Bearer ${token}` };
}

async function refusal(answer: Promise<Response>): Promise<[number, unknown]> {
  const { status, body } = await read(answer);
  return [status, body.error];
}

describe('a login', () => {
  it('goes from the authorization endpoint to the API', async () => {
    const callback = await provider.signIn(authorizationUrl());
    expect(callback.searchParams.get('state')).toBe('st/ate &x');
    const answer = await success(redeem(callback.searchParams.get('code') ?? ''));
    expect(answer).toEqual({
      access_token: expect.any(String),
      expires_in: 3600,
      refresh_token: expect.any(String),
      refresh_expires_in: 2592000,
      open_id: 'ou_7a1c9e0f4b2d46c8',
      scope: 'user_info,order.read',
      token_type: 'Bearer',
    });
    const { userinfo } = provider.endpoints;
    expect(await success(getWith(userinfo, bearer(answer.access_token)))).toEqual({
      open_id: 'ou_7a1c9e0f4b2d46c8',
      nickname: 'Xiao Ming 小明',
      avatar: 'https://example.com/xiaoming.png',
    });
    expect(await success(getWith(provider.api, bearer(answer.access_token)))).toMatchObject({
      sub: answer.open_id,
    });
    expect(await refusal(getWith(userinfo, bearer('unknown')))).toEqual([401, 'invalid_token']);
    expect(await refusal(getWith(`${userinfo}?access_token=${answer.access_token}`))).toEqual([
      401,
      'invalid_token',
    ]);
  });

  it('that is denied comes back as an error', async () => {
    const callback = await provider.signIn(authorizationUrl(), { approve: false });
    expect(callback.searchParams.get('error')).toBe('access_denied');
    expect(callback.searchParams.get('state')).toBe('st/ate &x');
  });

  it('says its periods as strings if it is told to', async () => {
    provider.settings.expiresInAsString = true;
    expect(await tokens()).toMatchObject({ expires_in: '3600', refresh_expires_in: '2592000' });
  });
});

describe('the authorization endpoint', () => {
  it.each([
    [{ redirect_uri: redirectUri }, 'unknown parameter redirect_uri'],
    [{ redirect_uri: redirectUri, redirect_url: undefined }, 'unknown parameter redirect_uri'],
    [{ redirect_url: undefined }, 'redirect_url is missing'],
    [{ redirect_url: 'https://evil.example/' }, 'redirect_url is not one'],
    [{ client_id: 'nobody' }, 'unknown client_id'],
    [{ client_id: undefined }, 'client_id is missing'],
    [{ nonce: 'n' }, 'unknown parameter nonce'],
    [{ code_challenge: challenge }, 'unknown parameter code_challenge'],
  ])('shows an error page to %j', async (parameters, text) => {
    const answer = await fetch(authorizationUrl(parameters), { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    expect(await answer.text()).toContain(text);
  });

  it.each([
    [{ scope: 'user_info order.read' }, 'invalid_scope'],
    [{ scope: 'user_info,' }, 'invalid_scope'],
    [{ scope: '' }, 'invalid_scope'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: undefined }, 'unsupported_response_type'],
  ])('sends %j back to the client as an error', async (parameters, error) => {
    const callback = await provider.signIn(authorizationUrl(parameters));
    expect(callback.searchParams.get('error')).toBe(error);
  });

  it('learns PKCE if it is told to, and checks it', async () => {
    provider.settings.acceptPkce = true;
    const code = await codeFor({ code_challenge: challenge, code_challenge_method: 'S256' });
    expect(await refusal(redeem(code))).toEqual([400, 'invalid_grant']);
    await success(redeem(code, { code_verifier: verifier }));
  });
});

describe('the token endpoint', () => {
  it.each([
    ['a redirect URL', { redirect_url: redirectUri }, 'invalid_request'],
    ['a redirect URI', { redirect_uri: redirectUri }, 'invalid_request'],
    ['a verifier', { code_verifier: verifier }, 'invalid_request'],
    ['no code', { code: undefined }, 'invalid_request'],
    ['an unknown code', { code: 'guessed' }, 'invalid_grant'],
    ['no secret', { client_secret: undefined }, 'invalid_request'],
    ['a wrong secret', { client_secret: 'wrong' }, 'invalid_client'],
    ['an unknown client', { client_id: 'nobody' }, 'invalid_client'],
    ['another grant type', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['no grant type', { grant_type: undefined }, 'invalid_request'],
  ])('refuses %s and keeps the code', async (_, form, error) => {
    const code = await codeFor();
    expect(await refusal(redeem(code, form))).toEqual([400, error]);
    await success(redeem(code));
    expect(await refusal(redeem(code))).toEqual([400, 'invalid_grant']);
  });

  it('refuses other methods and JSON', async () => {
    const { token } = provider.endpoints;
    expect((await getWith(token)).status).toBe(405);
    expect(await refusal(postJson(token, client()))).toEqual([400, 'invalid_request']);
  });
});

describe('a refresh', () => {
  it('gives a new access token and the same refresh token, which gets older', async () => {
    const first = await tokens();
    provider.settings.refreshTokenLifetime = 10;
    const next = await success(refresh(first.refresh_token));
    expect(next.access_token).not.toBe(first.access_token);
    expect(next).toMatchObject({ refresh_token: first.refresh_token, open_id: first.open_id });
    expect(Number(next.refresh_expires_in)).toBeGreaterThan(10);
    expect(Number(next.refresh_expires_in)).toBeLessThanOrEqual(2592000);
  });

  it('gives the same two tokens if it is told to, and the access token lives on', async () => {
    provider.settings.refreshReturns = 'same-token';
    const first = await tokens();
    provider.expireAccessTokens();
    expect((await getWith(provider.api, bearer(first.access_token))).status).toBe(401);
    const next = await success(refresh(first.refresh_token));
    expect(next).toMatchObject({ access_token: first.access_token, refresh_token: first.refresh_token });
    expect((await getWith(provider.api, bearer(first.access_token))).status).toBe(200);
  });

  it('gives two new tokens if it is told to, and uses the old one up', async () => {
    provider.settings.refreshReturns = 'new-both';
    const first = await tokens();
    const next = await success(refresh(first.refresh_token));
    expect(next.refresh_token).not.toBe(first.refresh_token);
    provider.settings.reuseRevokesFamily = false;
    expect(await refusal(refresh(first.refresh_token))).toEqual([400, 'invalid_grant']);
    await success(refresh(next.refresh_token));
  });

  it('works at a URL of its own too, which redeems no code', async () => {
    const { refresh: url } = provider.endpoints;
    const first = await tokens();
    expect(await success(refresh(first.refresh_token, {}, url))).toHaveProperty('access_token');
    expect(provider.tokenRequests('refresh_token')).toHaveLength(1);
    const code = { grant_type: 'authorization_code', code: await codeFor(), ...client() };
    expect(await refusal(postForm(url, code))).toEqual([400, 'unsupported_grant_type']);
  });

  it.each([
    [{ client_secret: undefined }, 'invalid_request'],
    [{ client_secret: 'wrong' }, 'invalid_client'],
    [{ scope: 'user_info' }, 'invalid_request'],
    [{ refresh_token: undefined }, 'invalid_request'],
    [{ refresh_token: 'unknown' }, 'invalid_grant'],
  ])('with %j is refused', async (form, error) => {
    const { refresh_token: token } = await tokens();
    expect(await refusal(refresh(token, form))).toEqual([400, error]);
    await success(refresh(token));
  });

  it('is refused after the time of the refresh token, in every way', async () => {
    provider.settings.refreshTokenLifetime = 0;
    const { refresh_token: token, refresh_expires_in: seconds } = await tokens();
    expect(seconds).toBe(0);
    for (const refreshReturns of ['same-token', 'new-token', 'new-both'] as const) {
      provider.settings.refreshReturns = refreshReturns;
      expect(await refusal(refresh(token))).toEqual([400, 'invalid_grant']);
    }
  });
});

it('is in trouble in its own way', async () => {
  provider.fail('token');
  expect(await refusal(redeem('c'))).toEqual([500, 'server_error']);
});
