import { type Lab, type LabProvider, startLab } from '../../../src/testing/index.js';
import { type Fields, getWith, postForm, postJson, read, redirectUri, success, urlOf } from './wire.js';

let lab: Lab;
let provider: LabProvider;

beforeEach(async () => {
  lab = await startLab({ providers: ['douyin'] });
  provider = lab.provider('douyin');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

function authorizationUrl(parameters: Fields = {}): URL {
  return urlOf(provider.endpoints.authorization, {
    client_key: provider.clients.web.clientId,
    response_type: 'code',
    scope: 'user_info,mobile_alert',
    redirect_uri: redirectUri,
    state: 'st/ate &x',
    ...parameters,
  });
}

async function codeFor(parameters: Fields = {}): Promise<string> {
  return (await provider.signIn(authorizationUrl(parameters))).searchParams.get('code') ?? '';
}

function redeem(code: string, form: Fields = {}): Promise<Response> {
  const { clientId, clientSecret } = provider.clients.web;
  const client = { client_key: clientId, client_secret: clientSecret };
  return postForm(provider.endpoints.token, { grant_type: 'authorization_code', code, ...client, ...form });
}

function refresh(token: string | undefined, form: Fields = {}): Promise<Response> {
  const { clientId } = provider.clients.web;
  const fields = { client_key: clientId, grant_type: 'refresh_token', refresh_token: token };
  return postForm(provider.endpoints.refresh, { ...fields, ...form });
}

/** The envelope, opened: HTTP 200 whatever happened. */
async function envelope(answer: Promise<Response>): Promise<Record<string, string>> {
  const { data } = (await success(answer)) as unknown as { data: Record<string, string> };
  return data;
}

const tokens = async () => envelope(redeem(await codeFor()));

describe('a login', () => {
  it('goes from the authorization endpoint to the user information and the API', async () => {
    const callback = await provider.signIn(authorizationUrl());
    expect(callback.searchParams.get('state')).toBe('st/ate &x');
    const answer = await success(redeem(callback.searchParams.get('code') ?? ''));
    const openId = 'a1b2c3d4-0590-40bc-9bdf-9a1334000001';
    expect(answer).toEqual({
      data: {
        access_token: expect.any(String),
        captcha: '',
        desc_url: '',
        description: '',
        error_code: 0,
        expires_in: 1296000,
        log_id: expect.any(String),
        open_id: openId,
        refresh_expires_in: 2592000,
        refresh_token: expect.any(String),
        scope: 'user_info,mobile_alert',
      },
      message: 'success',
    });

    const { access_token: token = '' } = await tokens();
    const { userinfo } = provider.endpoints;
    for (const ask of [postForm, postJson]) {
      expect(await success(ask(userinfo, { access_token: token, open_id: openId }))).toMatchObject({
        err_no: 0,
        data: {
          open_id: openId,
          union_id: 'd4c3b2a1-0590-40bc-9bdf-9a1334000001',
          nickname: 'Mei Mei 美美',
          error_code: '0',
        },
      });
    }
    const own = getWith(provider.api, { 'access-token': token });
    expect(await success(own)).toMatchObject({ sub: openId });
  });

  it('that is denied comes back as an error', async () => {
    const callback = await provider.signIn(authorizationUrl(), { approve: false });
    expect(callback.searchParams.get('error')).toBe('access_denied');
  });
});

describe('the authorization endpoint', () => {
  it.each([
    [{ client_key: undefined, client_id: 'awlabdouyin00001' }, 'unknown parameter client_id'],
    [{ client_key: 'nobody' }, 'unknown client_key'],
    [{ client_key: undefined }, 'client_key is missing'],
    [{ redirect_uri: 'https://evil.example/' }, 'redirect_uri is not one'],
    [{ redirect_uri: undefined }, 'redirect_uri is missing'],
    [{ response_type: 'token' }, 'response_type must be code'],
    [{ scope: undefined }, 'scope is missing'],
    [{ scope: 'user_info mobile_alert' }, 'scope must be names with commas'],
    [{ nonce: 'n' }, 'unknown parameter nonce'],
    [{ code_challenge: 'c' }, 'unknown parameter code_challenge'],
  ])('refuses %j', async (parameters, text) => {
    const answer = await fetch(authorizationUrl(parameters), { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    expect(await answer.text()).toContain(text);
  });
});

describe('the token endpoint', () => {
  it.each([
    ['a redirect URI', { redirect_uri: redirectUri }, 10002],
    ['a verifier', { code_verifier: 'v' }, 10002],
    ['a client id', { client_id: 'x' }, 10002],
    ['another grant type', { grant_type: 'refresh_token' }, 10002],
    ['no code', { code: undefined }, 10005],
    ['no secret', { client_secret: undefined }, 10005],
    ['no key', { client_key: undefined }, 10005],
    ['an unknown code', { code: 'guessed' }, 10007],
    ['a wrong secret', { client_secret: 'wrong' }, 10013],
    ['a wrong key', { client_key: 'nobody' }, 10013],
  ])('refuses %s with HTTP 200, and keeps the code', async (_, form, error) => {
    const code = await codeFor();
    const answer = await success(redeem(code, form));
    expect(answer).toMatchObject({ message: 'error', data: { error_code: error } });
    expect(answer.data).not.toHaveProperty('access_token');
    expect(await envelope(redeem(code))).toHaveProperty('access_token');
    expect(await envelope(redeem(code))).toMatchObject({ error_code: 10007 });
  });

  it('refuses JSON and other methods', async () => {
    const { token } = provider.endpoints;
    expect(await envelope(postJson(token, {}))).toMatchObject({ error_code: 10002 });
    expect((await getWith(token)).status).toBe(405);
  });
});

describe('a refresh', () => {
  it('without a secret, at a URL of its own, gives strings, a new token, and the old refresh token', async () => {
    const first = await tokens();
    const next = await envelope(refresh(first.refresh_token));
    expect(next).toMatchObject({
      error_code: 0,
      expires_in: '1296000',
      refresh_token: first.refresh_token,
      open_id: first.open_id,
    });
    expect(next.access_token).not.toBe(first.access_token);
    expect(provider.tokenRequests('refresh_token')).toHaveLength(1);
  });

  it('gives a new refresh token if it is told to', async () => {
    provider.settings.rotateRefreshTokens = true;
    const first = await tokens();
    const next = await envelope(refresh(first.refresh_token));
    expect(next.refresh_token).not.toBe(first.refresh_token);
    expect(await envelope(refresh(first.refresh_token))).toMatchObject({ error_code: 10010 });
  });

  it.each([
    [{ client_secret: 'lab-douyin-web-secret' }, 10002],
    [{ grant_type: 'authorization_code' }, 10002],
    [{ client_key: 'nobody' }, 10003],
    [{ client_key: undefined }, 10005],
    [{ refresh_token: undefined }, 10005],
    [{ refresh_token: 'unknown' }, 10010],
  ])('with %j is refused', async (form, error) => {
    const { refresh_token: token } = await tokens();
    expect(await envelope(refresh(token, form))).toMatchObject({ error_code: error });
    expect(await envelope(refresh(token))).toMatchObject({ error_code: 0 });
    provider.revokeAll();
    expect(await envelope(refresh(token))).toMatchObject({ error_code: 10010 });
  });
});

it('the API refuses with HTTP 200 too', async () => {
  const { access_token: token = '', open_id: openId } = await tokens();
  const { userinfo } = provider.endpoints;
  const other = postForm(userinfo, { access_token: token, open_id: 'other' });
  expect(await success(other)).toMatchObject({ err_no: 28001007, data: { error_code: 28001007 } });
  expect(await success(postForm(userinfo, { open_id: openId, access_token: 'x' }))).toMatchObject({
    err_no: 28001003,
  });
  expect((await getWith(`${userinfo}?access_token=${token}&open_id=${openId}`)).status).toBe(405);
  provider.expireAccessTokens();
  expect(await success(getWith(provider.api, { 'access-token': token }))).toMatchObject({ err_no: 28001003 });
  provider.fail('token');
  expect(await read(redeem('c'))).toMatchObject({ status: 500, body: { data: { error_code: 10001 } } });
});
