import { type Lab, type LabProviders, startLab } from '../../../src/testing/index.js';
import { challenge, verifier } from './aliyun-client.js';
import { type Fields, getWith, postForm, postJson, read, redirectUri, success, urlOf } from './wire.js';

let lab: Lab;
let provider: LabProviders['welink'];

beforeEach(async () => {
  lab = await startLab({ providers: ['welink'] });
  provider = lab.provider('welink');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

function authorizationUrl(parameters: Fields = {}): URL {
  return urlOf(provider.endpoints.authorization, {
    client_id: provider.clients.web.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'backendlogin',
    state: 'st/ate &x',
    ...parameters,
  });
}

async function codeFor(parameters: Fields = {}, user = 'zhangsan'): Promise<string> {
  const callback = await provider.signIn(authorizationUrl(parameters), { user });
  return callback.searchParams.get('code') ?? '';
}

function fields(code: string, form: Fields = {}): Fields {
  const { clientId, clientSecret } = provider.clients.web;
  const client = { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri };
  return { grant_type: 'authorization_code', code, ...client, ...form };
}

function redeem(code: string, form: Fields = {}): Promise<Response> {
  return postForm(provider.endpoints.token, fields(code, form));
}

async function tokenFor(user?: string): Promise<string> {
  return (await success(redeem(await codeFor({}, user)))).access_token ?? '';
}

function ask(endpoint: string | undefined, token: string): Promise<Response> {
  return getWith(endpoint, { 'x-wlk-Authorization': token });
}

async function refusal(answer: Promise<Response>): Promise<[number, unknown]> {
  const { status, body } = await read(answer);
  expect(body).toEqual({ code: expect.any(String), message: expect.any(String) });
  return [status, body.code];
}

describe('a login', () => {
  it('goes from the authorization endpoint to the user id and the admin check', async () => {
    const callback = await provider.signIn(authorizationUrl());
    expect(callback.searchParams.get('state')).toBe('st/ate &x');
    const answer = await redeem(callback.searchParams.get('code') ?? '', { state: '123456' });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await read(answer)).toEqual({
      status: 200,
      body: {
        code: '60001',
        state: '123456',
        message: 'success',
        token_type: 'bearer',
        expires_in: '28800',
        access_token: expect.any(String),
      },
    });
    const token = await tokenFor();
    expect(await success(ask(provider.endpoints.userinfo, token))).toEqual({
      code: '0',
      message: 'ok',
      userId: 'zhangsan@welink',
    });
    expect(await success(ask(provider.endpoints.admin, token))).toEqual({
      code: '0',
      message: '成功',
      isAdmin: true,
      roles: ['appStoreAdmin'],
    });
    expect(await success(ask(provider.api, token))).toMatchObject({ sub: 'zhangsan@welink' });
  });

  it('says no state if it was told none', async () => {
    expect(await success(redeem(await codeFor({ state: undefined })))).not.toHaveProperty('state');
  });

  it('signs in on a host that is not the one of the API', () => {
    const { authorization = '', token = '' } = provider.endpoints;
    expect(new URL(authorization).origin).not.toBe(new URL(token).origin);
    expect(new URL(token).origin).toBe(provider.origin);
  });

  it('that is denied comes back with an error in the place of the code', async () => {
    const callback = await provider.signIn(authorizationUrl(), { approve: false });
    expect(Object.fromEntries(callback.searchParams)).toEqual({
      code: '60008',
      message: 'the user said no',
      state: 'st/ate &x',
    });
  });
});

describe('the authorization endpoint', () => {
  it.each([
    [{ scope: 'openid' }, 400, 'scope must be backendlogin'],
    [{ scope: undefined }, 400, 'scope is missing'],
    [{ client_id: undefined }, 400, 'client_id is missing'],
    [{ client_id: '1' }, 400, 'unknown client_id'],
    [{ client_id: '1'.repeat(256) }, 400, 'client_id has more than 255'],
    [{ response_type: undefined }, 400, 'response_type is missing'],
    [{ response_type: 'token' }, 400, 'response_type must be code'],
    [{ redirect_uri: undefined }, 400, 'redirect_uri is missing'],
    [{ redirect_uri: 'https://evil.example/' }, 400, 'redirect_uri is not one'],
    [{ redirect_uri: `${redirectUri}?a=b` }, 404, 'redirect_uri must not have a query'],
    [{ nonce: 'n' }, 400, 'unknown parameter nonce'],
    [{ code_challenge: challenge }, 400, 'unknown parameter code_challenge'],
    [{ prompt: 'login' }, 400, 'unknown parameter prompt'],
  ])('shows an error page to %j', async (parameters, status, text) => {
    const answer = await fetch(authorizationUrl(parameters), { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([status, null]);
    expect(await answer.text()).toContain(text);
  });

  it('takes a state of 255 characters, and sends a longer one back as an error', async () => {
    expect(await codeFor({ state: 's'.repeat(255) })).not.toBe('');
    const callback = await provider.signIn(authorizationUrl({ state: 's'.repeat(256) }));
    expect(callback.searchParams.get('code')).toBe('60006');
    expect(callback.searchParams.get('message')).toContain('255');
  });

  it('learns PKCE if it is told to, and checks it', async () => {
    provider.settings.acceptPkce = true;
    const code = await codeFor({ code_challenge: challenge, code_challenge_method: 'S256', nonce: 'n' });
    expect(await refusal(redeem(code))).toEqual([400, '60008']);
    await success(redeem(code, { code_verifier: verifier }));
  });
});

describe('the token endpoint', () => {
  it.each([
    ['a code that is too long', { code: 'c'.repeat(2001) }, '60002'],
    ['an empty code', { code: '' }, '60003'],
    ['no code', { code: undefined }, '60003'],
    ['a client id that is too long', { client_id: '1'.repeat(256) }, '60004'],
    ['a secret that is too long', { client_secret: 's'.repeat(256) }, '60005'],
    ['a state that is too long', { state: 's'.repeat(256) }, '60006'],
    ['an unknown code', { code: 'guessed' }, '60008'],
    ['a verifier', { code_verifier: verifier }, '60009'],
    ['an unknown parameter', { scope: 'backendlogin' }, '60009'],
    ['a wrong secret', { client_secret: 'wrong' }, '60010'],
    ['no secret', { client_secret: undefined }, '60010'],
    ['an unknown client', { client_id: '1' }, '60010'],
    ['another grant type', { grant_type: 'refresh_token' }, '60013'],
    ['no grant type', { grant_type: undefined }, '60013'],
    ['a redirect URI on another domain', { redirect_uri: 'http://evil.example/' }, '60019'],
    ['no redirect URI', { redirect_uri: undefined }, '60019'],
  ])('refuses %s and keeps the code', async (_, form, error) => {
    const code = await codeFor();
    expect(await refusal(redeem(code, form))).toEqual([400, error]);
    await success(redeem(code, { redirect_uri: 'http://127.0.0.1:3999/elsewhere' }));
  });

  it('takes a code once and in time', async () => {
    const code = await codeFor();
    await success(redeem(code));
    expect(await refusal(redeem(code))).toEqual([400, '60008']);
    provider.settings.codeLifetime = 0;
    expect(await refusal(redeem(await codeFor()))).toEqual([400, '60007']);
  });

  it('takes its parameters from the query only if it is told to', async () => {
    const inQuery = async (code: string) => postForm(urlOf(provider.endpoints.token, fields(code)), {});
    const code = await codeFor();
    expect(await refusal(inQuery(code))).toEqual([400, '60009']);
    provider.settings.acceptQuery = true;
    await success(inQuery(code));
    expect(provider.tokenRequests('authorization_code')).toHaveLength(2);
    await success(redeem(await codeFor()));
  });

  it('refuses other methods, JSON, and credentials in a header', async () => {
    const { token } = provider.endpoints;
    expect((await getWith(token)).status).toBe(405);
    expect(await refusal(postJson(token, fields('c')))).toEqual([400, '60009']);
    expect(await refusal(postForm(token, fields('c'), { authorization: 'Basic eDp5' }))).toEqual([
      400,
      '60009',
    ]);
  });

  it('is in trouble in its own way', async () => {
    provider.fail('token');
    expect(await refusal(redeem('c'))).toEqual([503, '60012']);
  });
});

describe('the API', () => {
  it('wants the bare token in a header of its own', async () => {
    const token = await tokenFor();
    for (const url of [provider.endpoints.userinfo, provider.endpoints.admin, provider.api]) {
      expect((await ask(url, token)).status).toBe(200);
      expect(await refusal(ask(url, `Bearer ${token}`))).toEqual([401, '41500']);
      expect(await refusal(ask(url, 'unknown'))).toEqual([401, '41500']);
      expect(await refusal(getWith(url, { authorization: `Bearer ${token}` }))).toEqual([401, '41500']);
    }
    provider.expireAccessTokens();
    expect(await refusal(ask(provider.api, token))).toEqual([401, '41500']);
  });

  it('says who is no admin with a code', async () => {
    const token = await tokenFor('lisi');
    expect(await refusal(ask(provider.endpoints.admin, token))).toEqual([200, '58003']);
    expect(await success(ask(provider.endpoints.userinfo, token))).toMatchObject({ userId: 'lisi@welink' });
  });

  it('spells the answer for an admin as it is told to', async () => {
    Object.assign(provider.settings, { adminSpelling: 'isadmin', adminAsString: true });
    const answer = await success(ask(provider.endpoints.admin, await tokenFor()));
    expect(answer).toMatchObject({ isadmin: 'true' });
    expect(answer).not.toHaveProperty('isAdmin');
  });

  it('takes faults for the admin check alone', async () => {
    provider.fail('admin');
    const token = await tokenFor();
    expect((await ask(provider.endpoints.userinfo, token)).status).toBe(200);
    expect((await ask(provider.endpoints.admin, token)).status).toBe(503);
  });
});
