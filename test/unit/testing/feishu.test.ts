import { type Lab, type LabProvider, startLab } from '../../../src/testing/index.js';
import { challenge, verifier } from './aliyun-client.js';
import { type Fields, getWith, postForm, postJson, read, redirectUri, success, urlOf } from './wire.js';

let lab: Lab;
let provider: LabProvider;

beforeEach(async () => {
  lab = await startLab({ providers: ['feishu'] });
  provider = lab.provider('feishu');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

function authorizationUrl(parameters: Fields = {}): URL {
  return urlOf(provider.endpoints.authorization, {
    client_id: provider.clients.web.clientId,
    redirect_uri: redirectUri,
    scope: 'offline_access contact:contact.base:readonly',
    state: 'st/ate &x',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...parameters,
  });
}

const withoutPkce = { code_challenge: undefined, code_challenge_method: undefined };

async function codeFor(parameters: Fields = {}): Promise<string> {
  return (await provider.signIn(authorizationUrl(parameters))).searchParams.get('code') ?? '';
}

function ask(body: object): Promise<Response> {
  const { clientId, clientSecret } = provider.clients.web;
  return postJson(provider.endpoints.token, { client_id: clientId, client_secret: clientSecret, ...body });
}

function redeem(code: string, body: object = {}): Promise<Response> {
  const fields = { grant_type: 'authorization_code', redirect_uri: redirectUri, code_verifier: verifier };
  return ask({ ...fields, code, ...body });
}

const refresh = (token: unknown, body: object = {}) =>
  ask({ grant_type: 'refresh_token', refresh_token: token, ...body });
const tokens = async (parameters: Fields = {}) => success(redeem(await codeFor(parameters)));
const bearer = (token = '') => ({ authorization: `Bearer ${token}` });

async function refusal(answer: Promise<Response>): Promise<unknown[]> {
  const { status, body } = await read(answer);
  return [status, body.code, body.error];
}

describe('a login', () => {
  it('goes from the authorization endpoint to the API', async () => {
    const callback = await provider.signIn(authorizationUrl());
    expect(callback.searchParams.get('state')).toBe('st/ate &x');
    const answer = await success(redeem(callback.searchParams.get('code') ?? ''));
    expect(answer).toEqual({
      code: 0,
      access_token: expect.any(String),
      expires_in: 7200,
      refresh_token: expect.any(String),
      refresh_token_expires_in: 2592000,
      scope: 'offline_access contact:contact.base:readonly',
      token_type: 'Bearer',
    });
    expect(await success(getWith(provider.endpoints.userinfo, bearer(answer.access_token)))).toEqual({
      code: 0,
      msg: 'success',
      data: provider.users[0]?.claims,
    });
    const own = await success(getWith(provider.api, bearer(answer.access_token)));
    expect(own).toMatchObject({ sub: 'ou_lab0001' });
    const { status, body } = await read(getWith(provider.endpoints.userinfo, bearer('unknown')));
    expect([status, body.code]).toEqual([401, 99991668]);
  });

  it('brings a refresh token only with offline_access', async () => {
    const answer = await tokens({ scope: 'contact:contact.base:readonly' });
    expect(Object.keys(answer)).toEqual(['code', 'access_token', 'expires_in', 'scope', 'token_type']);
    expect(await tokens({ scope: undefined })).toMatchObject({ scope: '' });
  });

  it('that is denied comes back as an error', async () => {
    const callback = await provider.signIn(authorizationUrl(), { approve: false });
    expect(Object.fromEntries(callback.searchParams)).toEqual({ error: 'access_denied', state: 'st/ate &x' });
  });

  it('signs in on a host that is not the one of the API', () => {
    const { authorization = '', token = '', userinfo = '' } = provider.endpoints;
    expect(new URL(authorization).origin).toBe(new URL(token).origin);
    expect(new URL(userinfo).origin).not.toBe(new URL(token).origin);
  });
});

describe('the authorization endpoint', () => {
  it.each([
    [{ client_id: 'nobody' }, 'unknown client_id'],
    [{ client_id: undefined, app_id: 'cli_lab0000000001' }, 'unknown parameter app_id'],
    [{ redirect_uri: 'https://evil.example/' }, 'redirect_uri is not one'],
    [{ response_type: 'token' }, 'response_type must be code'],
    [{ scope: 'a,b' }, 'scope must be names with spaces'],
    [{ code_challenge: 'short' }, 'code_challenge is malformed'],
    [{ code_challenge: undefined }, 'code_challenge_method without code_challenge'],
    [{ nonce: 'n' }, 'unknown parameter nonce'],
  ])('refuses %j', async (parameters, text) => {
    const answer = await fetch(authorizationUrl(parameters), { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    expect(await answer.text()).toContain(text);
  });
});

describe('the token endpoint', () => {
  it.each([
    ['an unknown parameter', { resource: 'x' }, [400, 20063, 'invalid_request']],
    ['no code', { code: undefined }, [400, 20063, 'invalid_request']],
    ['no redirect URI', { redirect_uri: undefined }, [400, 20063, 'invalid_request']],
    ['an unknown code', { code: 'guessed' }, [400, 20003, 'invalid_grant']],
    ['another redirect URI', { redirect_uri: `${redirectUri}/x` }, [400, 20071, 'invalid_grant']],
    ['no verifier', { code_verifier: undefined }, [400, 20049, 'invalid_grant']],
    ['a wrong verifier', { code_verifier: `${verifier}0` }, [400, 20049, 'invalid_grant']],
    ['a wrong secret', { client_secret: 'wrong' }, [400, 20002, 'invalid_client']],
    ['another grant type', { grant_type: 'password' }, [400, 20036, 'unsupported_grant_type']],
  ])('refuses %s and keeps the code', async (_, body, error) => {
    const code = await codeFor();
    expect(await refusal(redeem(code, body))).toEqual(error);
    await success(redeem(code));
    expect(await refusal(redeem(code))).toEqual([400, 20003, 'invalid_grant']);
  });

  it('refuses a verifier where there was no challenge', async () => {
    const code = await codeFor({ ...withoutPkce, response_type: 'code' });
    expect(await refusal(redeem(code))).toEqual([400, 20049, 'invalid_grant']);
    await success(redeem(code, { code_verifier: undefined }));
  });

  it('refuses a code after its time, forms, credentials in a header, and other methods', async () => {
    const { token } = provider.endpoints;
    expect(await refusal(postForm(token, {}))).toEqual([400, 20063, 'invalid_request']);
    const basic = postJson(token, {}, { authorization: 'Basic eDp5' });
    expect(await refusal(basic)).toEqual([400, 20063, 'invalid_request']);
    expect((await getWith(token)).status).toBe(405);
    provider.settings.codeLifetime = 0;
    expect(await refusal(redeem(await codeFor()))).toEqual([400, 20004, 'invalid_grant']);
  });

  it('is in trouble in its own way', async () => {
    provider.fail('token');
    expect(await refusal(redeem('c'))).toEqual([500, 20050, 'server_error']);
  });
});

describe('a refresh token', () => {
  it('works once, and brings the next one', async () => {
    const first = await tokens();
    const next = await success(refresh(first.refresh_token));
    expect(Object.keys(next)).toEqual(Object.keys(first));
    expect(next.refresh_token).not.toBe(first.refresh_token);
    provider.settings.reuseRevokesFamily = false;
    expect(await refusal(refresh(first.refresh_token))).toEqual([400, 20026, 'invalid_grant']);
    await success(refresh(next.refresh_token));
  });

  it('is refused when it is unknown, of another kind, or too old', async () => {
    const { access_token: access, refresh_token: token } = await tokens();
    expect(await refusal(refresh('unknown'))).toEqual([400, 20026, 'invalid_grant']);
    expect(await refusal(refresh(access))).toEqual([400, 20026, 'invalid_grant']);
    expect(await refusal(refresh(token, { scope: 'x' }))).toEqual([400, 20063, 'invalid_request']);
    expect(await refusal(refresh(token, { client_secret: undefined }))).toEqual([
      400,
      20063,
      'invalid_request',
    ]);
    provider.revokeAll();
    expect(await refusal(refresh(token))).toEqual([400, 20037, 'invalid_grant']);
  });
});
