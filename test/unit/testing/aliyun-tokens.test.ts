import { decodeJwt } from 'jose';

import { type Lab, type LabProviders, startLab } from '../../../src/testing/index.js';
import {
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
  webCredentials,
} from './aliyun-client.js';

let lab: Lab;
let provider: LabProviders['aliyun'];

beforeEach(async () => {
  lab = await startLab({ providers: ['aliyun'] });
  provider = lab.provider('aliyun');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

describe('the token endpoint', () => {
  it.each([
    ['a parameter that is not documented', { resource: 'x' }, 400, 'invalid_request'],
    ['a standard parameter that is not documented', { scope: 'openid' }, 400, 'invalid_request'],
    ['an unknown grant type', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['another redirect URI', { redirect_uri: 'http://127.0.0.1:3999/callback' }, 400, 'invalid_grant'],
    ['an unknown code', { code: 'guessed' }, 400, 'invalid_grant'],
    ['no code', { code: '' }, 400, 'invalid_request'],
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client'],
    ['an unknown client', { client_id: '1' }, 401, 'invalid_client'],
    ['a verifier without a challenge', { code_verifier: verifier }, 400, 'invalid_request'],
  ])('refuses %s and keeps the code', async (_, form, status, error) => {
    const code = await codeFor(provider);
    const answer = await redeem(provider, code, form);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({
      error,
      error_description: expect.any(String),
      requestId: expect.any(String),
    });
    expect((await redeem(provider, code)).status).toBe(200);
  });

  it('takes the Timestamp that the official SDK sends', async () => {
    const code = await codeFor(provider);
    expect((await redeem(provider, code, { Timestamp: '1700000000' })).status).toBe(200);
  });

  it('refuses credentials in the Authorization header', async () => {
    const { clientId, clientSecret } = provider.clients.web;
    const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    const form = {
      grant_type: 'authorization_code',
      code: await codeFor(provider),
      redirect_uri: redirectUri,
    };
    const answer = post(provider.endpoints.token, form, { authorization });
    expect(await refusal(answer)).toEqual([401, 'invalid_client']);
  });

  it('refuses a web application without its secret, and a native one with one', async () => {
    const code = await codeFor(provider);
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
    const web = { ...form, client_id: provider.clients.web.clientId };
    const native = { ...form, client_id: provider.clients.native.clientId, client_secret: 'any' };
    expect(await refusal(post(provider.endpoints.token, web))).toEqual([401, 'invalid_client']);
    expect(await refusal(post(provider.endpoints.token, native))).toEqual([401, 'invalid_client']);
  });

  it('refuses parameters in the query, other media types, other methods and doubled fields', async () => {
    const { token = '' } = provider.endpoints;
    const form = { grant_type: 'refresh_token', refresh_token: 'x', ...webCredentials(provider) };
    const query = post(`${token}?${new URLSearchParams(form)}`, {});
    expect(await refusal(query)).toEqual([400, 'invalid_request']);
    const headers = { 'content-type': 'application/json' };
    const asJson = fetch(token, { method: 'POST', headers, body: JSON.stringify(form) });
    expect(await refusal(asJson)).toEqual([400, 'invalid_request']);
    expect((await get(token)).status).toBe(405);
    const doubled = new URLSearchParams([...Object.entries(form), ['refresh_token', 'y']]);
    expect(await refusal(fetch(token, { method: 'POST', body: doubled }))).toEqual([400, 'invalid_request']);
  });

  it.each([
    ['plain', verifier],
    ['S256', challenge],
  ])('checks a %s challenge', async (method, value) => {
    const code = await codeFor(provider, { code_challenge: value, code_challenge_method: method });
    expect(await refusal(redeem(provider, code))).toEqual([400, 'invalid_grant']);
    const wrong = `${verifier.slice(0, -1)}0`;
    expect(await refusal(redeem(provider, code, { code_verifier: wrong }))).toEqual([400, 'invalid_grant']);
    expect(await refusal(redeem(provider, code, { code_verifier: 'short' }))).toEqual([
      400,
      'invalid_request',
    ]);
    expect((await redeem(provider, code, { code_verifier: verifier })).status).toBe(200);
  });

  it('takes a code once, and a second try ends what the first one got', async () => {
    const code = await codeFor(provider);
    const tokens = (await (await redeem(provider, code)).json()) as Record<string, string>;
    expect(await refusal(redeem(provider, code))).toEqual([400, 'invalid_grant']);
    expect((await get(provider.api, tokens.access_token)).status).toBe(401);
    expect(await refusal(refresh(provider, tokens.refresh_token ?? ''))).toEqual([400, 'invalid_grant']);
  });

  it('refuses a code after its time, and one of another application', async () => {
    provider.settings.codeLifetime = 0;
    expect(await refusal(redeem(provider, await codeFor(provider)))).toEqual([400, 'invalid_grant']);
    provider.settings.codeLifetime = 600;
    const foreign = await codeFor(provider, { client_id: provider.clients.native.clientId });
    expect(await refusal(redeem(provider, foreign))).toEqual([400, 'invalid_grant']);
  });

  it('says expires_in as a string if it is told to', async () => {
    provider.settings.expiresInAsString = true;
    provider.settings.accessTokenLifetime = 900;
    expect(await tokensFor(provider)).toMatchObject({ expires_in: '900' });
  });
});

describe('refresh tokens', () => {
  const refreshed = async (token = '') =>
    (await (await refresh(provider, token)).json()) as Record<string, string>;

  it('work again and again as long as they do not rotate', async () => {
    const { refresh_token: token } = await tokensFor(provider);
    const first = await refreshed(token);
    const second = await refreshed(token);
    expect(first.access_token).not.toBe(second.access_token);
    expect((await get(provider.api, second.access_token)).status).toBe(200);
  });

  it('that rotate work once, and a second use ends the login', async () => {
    provider.settings.rotateRefreshTokens = true;
    const { refresh_token: old = '' } = await tokensFor(provider);
    const next = await refreshed(old);
    expect(next.refresh_token).not.toBe(old);
    expect(await refusal(refresh(provider, old))).toEqual([400, 'invalid_grant']);
    expect(await refusal(refresh(provider, next.refresh_token ?? ''))).toEqual([400, 'invalid_grant']);
    expect((await get(provider.api, next.access_token)).status).toBe(401);
  });

  it('that rotate may be forgiven a second use, for a while or as such', async () => {
    Object.assign(provider.settings, { rotateRefreshTokens: true, reuseGrace: 60 });
    const { refresh_token: old = '' } = await tokensFor(provider);
    const next = await refreshed(old);
    expect(await refreshed(old)).toHaveProperty('refresh_token');
    Object.assign(provider.settings, { reuseGrace: 0, reuseRevokesFamily: false });
    expect(await refusal(refresh(provider, old))).toEqual([400, 'invalid_grant']);
    expect(await refreshed(next.refresh_token)).toHaveProperty('refresh_token');
  });

  it('bring an id_token if they are told to', async () => {
    provider.settings.idTokenOnRefresh = true;
    const { refresh_token: token } = await tokensFor(provider);
    expect(decodeJwt((await refreshed(token)).id_token ?? '').sub).toBe('201234567890123456');
  });

  it('of another application are refused and stay good', async () => {
    const { refresh_token: token = '' } = await tokensFor(provider);
    const form = { grant_type: 'refresh_token', refresh_token: token };
    const native = { ...form, client_id: provider.clients.native.clientId };
    expect(await refusal(post(provider.endpoints.token, native))).toEqual([400, 'invalid_grant']);
    expect(await refreshed(token)).toHaveProperty('access_token');
  });

  it('die after their time, and by revokeAll', async () => {
    provider.settings.refreshTokenLifetime = 0;
    const short = await tokensFor(provider);
    expect(await refusal(refresh(provider, short.refresh_token ?? ''))).toEqual([400, 'invalid_grant']);
    provider.settings.refreshTokenLifetime = 3600;
    const long = await tokensFor(provider);
    provider.revokeAll();
    expect(await refusal(refresh(provider, long.refresh_token ?? ''))).toEqual([400, 'invalid_grant']);
    expect((await get(provider.api, long.access_token)).status).toBe(200);
  });
});

describe('the revocation endpoint', () => {
  it('knows nothing but token, client_id and client_secret', async () => {
    const { refresh_token: token = '' } = await tokensFor(provider);
    const hinted = revoke(provider, token, { token_type_hint: 'refresh_token' });
    expect(await refusal(hinted)).toEqual([400, 'invalid_request']);
    expect((await refresh(provider, token)).status).toBe(200);
  });

  it('takes refresh tokens only', async () => {
    const { access_token: token = '' } = await tokensFor(provider);
    expect(await refusal(revoke(provider, token))).toEqual([400, 'unsupported_token_type']);
  });

  it('accepts a token it does not know, and leaves one of another application alone', async () => {
    expect((await revoke(provider, 'unknown')).status).toBe(200);
    const { refresh_token: token = '' } = await tokensFor(provider);
    const native = { token, client_id: provider.clients.native.clientId };
    expect((await post(provider.endpoints.revocation, native)).status).toBe(200);
    expect((await refresh(provider, token)).status).toBe(200);
  });
});

describe('protected resources', () => {
  it('refuse a request without a good token in the header', async () => {
    const { access_token: token } = await tokensFor(provider);
    for (const url of [provider.api, provider.endpoints.userinfo]) {
      const answers = [get(url), get(url, 'unknown'), get(`${url}?access_token=${token}`)];
      for (const answer of await Promise.all(answers)) {
        expect(answer.status).toBe(401);
        expect(answer.headers.get('www-authenticate')).toContain('invalid_token');
      }
      expect((await get(url, token)).status).toBe(200);
    }
  });

  it('refuse a token after its time, and after expireAccessTokens', async () => {
    const { access_token: token, refresh_token: refreshToken = '' } = await tokensFor(provider);
    provider.expireAccessTokens();
    expect((await get(provider.api, token)).status).toBe(401);
    const next = (await (await refresh(provider, refreshToken)).json()) as Record<string, string>;
    expect((await get(provider.api, next.access_token)).status).toBe(200);
    provider.settings.accessTokenLifetime = 0;
    expect((await get(provider.api, (await tokensFor(provider)).access_token)).status).toBe(401);
  });
});
