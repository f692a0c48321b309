import { type Lab, type LabProvider, startLab } from '../../../src/testing/index.js';
import { type Fields, getWith, postForm, postJson, read, redirectUri, success, urlOf } from './wire.js';

let lab: Lab;
let provider: LabProvider;

beforeEach(async () => {
  lab = await startLab({ providers: ['dingtalk'] });
  provider = lab.provider('dingtalk');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

function authorizationUrl(parameters: Fields = {}): URL {
  return urlOf(provider.endpoints.authorization, {
    client_id: provider.clients.web.clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid corpid',
    prompt: 'consent',
    state: 'st/ate &x',
    ...parameters,
  });
}

async function codeFor(parameters: Fields = {}, user = 'lihua'): Promise<string> {
  const callback = await provider.signIn(authorizationUrl(parameters), { user });
  return callback.searchParams.get('authCode') ?? '';
}

function ask(body: object): Promise<Response> {
  const { clientId, clientSecret } = provider.clients.web;
  return postJson(provider.endpoints.token, { clientId, clientSecret, ...body });
}

const redeem = (code: string, body: object = {}) => ask({ grantType: 'authorization_code', code, ...body });
const refresh = (refreshToken: unknown, body: object = {}) =>
  ask({ grantType: 'refresh_token', refreshToken, ...body });
const tokens = async (parameters: Fields = {}, user = 'lihua') =>
  success(redeem(await codeFor(parameters, user)));
const header = (token = '') => ({ 'x-acs-dingtalk-access-token': token });

async function refusal(answer: Promise<Response>): Promise<[number, unknown]> {
  const { status, body } = await read(answer);
  expect(Object.keys(body)).toEqual(['code', 'message', 'requestid']);
  return [status, body.code];
}

describe('a login', () => {
  it('goes from the authorization endpoint to the API and refreshes', async () => {
    const callback = await provider.signIn(authorizationUrl());
    expect([...callback.searchParams.keys()]).toEqual(['authCode', 'state']);
    const answer = await success(redeem(callback.searchParams.get('authCode') ?? ''));
    expect(answer).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      expireIn: 7200,
      corpId: 'dinglabcorp0001',
    });
    const person = await success(getWith(provider.endpoints.userinfo, header(answer.accessToken)));
    expect(person).toMatchObject({ nick: 'Li Hua 李华', unionId: 'Labunion00001iE' });
    expect(person).not.toHaveProperty('corpId');
    const own = await success(getWith(provider.api, header(answer.accessToken)));
    expect(own).toMatchObject({ sub: 'Labunion00001iE' });

    const next = await success(refresh(answer.refreshToken));
    expect(Object.keys(next)).toEqual(Object.keys(answer));
    expect(next.refreshToken).not.toBe(answer.refreshToken);
    expect(await refusal(refresh(answer.refreshToken))).toEqual([
      400,
      'invalidParameter.refreshToken.notFound',
    ]);
    expect(provider.tokenRequests('refresh_token')).toHaveLength(2);
  });

  it('tells the company only if it is asked for', async () => {
    expect(await tokens({ scope: 'openid' })).not.toHaveProperty('corpId');
    expect(await tokens({}, 'mallory')).toMatchObject({ corpId: 'dingothercorp01' });
  });

  it('keeps its refresh token if it is told to', async () => {
    provider.settings.rotateRefreshTokens = false;
    const { refreshToken } = await tokens();
    expect(await success(refresh(refreshToken))).toMatchObject({ refreshToken });
  });

  it('that is denied comes back as an error', async () => {
    const callback = await provider.signIn(authorizationUrl(), { approve: false });
    expect(Object.fromEntries(callback.searchParams)).toEqual({ error: 'access_denied', state: 'st/ate &x' });
  });
});

describe('the authorization endpoint', () => {
  it.each([
    [{ client_id: 'nobody' }, 'unknown client_id'],
    [{ redirect_uri: 'https://evil.example/' }, 'redirect_uri is not one'],
    [{ response_type: 'token' }, 'response_type must be code'],
    [{ scope: 'openid profile' }, 'scope must be openid or openid corpid'],
    [{ scope: undefined }, 'scope is missing'],
    [{ prompt: undefined }, 'prompt is missing'],
    [{ prompt: 'login' }, 'prompt must be consent'],
    [{ code_challenge: 'c' }, 'unknown parameter code_challenge'],
  ])('refuses %j', async (parameters, text) => {
    const answer = await fetch(authorizationUrl(parameters), { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    expect(await answer.text()).toContain(text);
  });

  it('takes what else is documented', async () => {
    const more = { nonce: 'n', org_type: 'management', exclusiveLogin: 'true', corpId: 'c' };
    expect(await codeFor({ ...more, exclusiveCorpId: 'c' })).not.toBe('');
  });
});

describe('the token endpoint', () => {
  it.each([
    ['a redirect URI', { redirectUri }, 'invalidParameter.redirectUri'],
    ['standard names', { grant_type: 'authorization_code' }, 'invalidParameter.grant_type'],
    ['a verifier', { code_verifier: 'v' }, 'invalidParameter.code_verifier'],
    ['no code', { code: undefined }, 'Missingcode'],
    ['a code that is no string', { code: 1 }, 'invalidParameter.code'],
    ['an unknown code', { code: 'guessed' }, 'invalidParameter.authCode.notFound'],
    ['a wrong secret', { clientSecret: 'wrong' }, 'invalidClientIdOrSecret'],
    ['another grant type', { grantType: 'password' }, 'invalidParameter.grantType'],
  ])('refuses %s and keeps the code', async (_, body, error) => {
    const code = await codeFor();
    expect(await refusal(redeem(code, body))).toEqual([400, error]);
    await success(redeem(code));
    expect(await refusal(redeem(code))).toEqual([400, 'invalidParameter.authCode.notFound']);
  });

  it('refuses forms, what is no JSON object, and other methods', async () => {
    const { token = '' } = provider.endpoints;
    expect(await refusal(postForm(token, { code: 'c' }))).toEqual([400, 'invalidParameter.body']);
    expect(await refusal(postJson(token, []))).toEqual([400, 'invalidParameter.body']);
    const headers = { 'content-type': 'application/json' };
    const broken = fetch(token, { method: 'POST', headers, body: '{' });
    expect(await refusal(broken)).toEqual([400, 'invalidParameter.body']);
    expect((await getWith(token)).status).toBe(405);
  });

  it('is in trouble in its own way', async () => {
    provider.fail('token');
    expect(await refusal(redeem('c'))).toEqual([503, 'ServiceUnavailable']);
  });
});

it('the API wants the bare token in a header of its own', async () => {
  const { accessToken = '' } = await tokens();
  for (const url of [provider.endpoints.userinfo, provider.api]) {
    expect((await getWith(url, header(accessToken))).status).toBe(200);
    for (const wrong of [header(`Bearer ${accessToken}`), { authorization: `Bearer ${accessToken}` }]) {
      expect(await refusal(getWith(url, wrong))).toEqual([401, 'InvalidAuthentication']);
    }
  }
});
