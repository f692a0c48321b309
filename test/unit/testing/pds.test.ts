import { type Lab, type LabProviders, startLab } from '../../../src/testing/index.js';
import { challenge, verifier } from './aliyun-client.js';
import {
  authorizationUrl,
  codeFor,
  getUser,
  redeem,
  refresh,
  refusal,
  revoke,
  tokensFor,
} from './pds-client.js';
import { redirectUri, success } from './wire.js';

let lab: Lab;
let provider: LabProviders['pds'];

beforeEach(async () => {
  lab = await startLab({ providers: ['pds'] });
  provider = lab.provider('pds');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

describe('a login', () => {
  it('goes from the authorization endpoint to the API and back out', async () => {
    const callback = await provider.signIn(authorizationUrl(provider), { user: 'ding' });
    expect(callback.searchParams.get('state')).toBe('st/ate &x');
    const code = callback.searchParams.get('code') ?? '';
    const tokens = await success(redeem(provider, code));
    const identity = {
      domain_id: provider.details.domainId,
      user_id: 'DING-lab00001',
      user_name: 'ding',
      nick_name: 'Ding 丁',
      avatar: 'https://example.com/DING-lab00001.jpg',
      default_drive_id: '1',
      role: 'user',
      status: 'enabled',
    };
    expect(tokens).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 7200,
      expire_in: 7200,
      expire_time: expect.stringMatching(/^\d{4}-.*Z$/),
      expires_time: tokens.expire_time,
      ...identity,
      is_first_login: false,
      device_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      device_name: expect.any(String),
    });
    expect(Date.parse(tokens.expire_time ?? '') - Date.now()).toBeGreaterThan(7_190_000);
    expect(provider.users.find(({ id }) => id === 'ding')?.sub).toBe(
      `${identity.domain_id}:${identity.user_id}`,
    );

    expect(await success(getUser(provider, tokens.access_token))).toMatchObject(identity);
    const refreshed = await success(refresh(provider, tokens.refresh_token));
    expect(Object.keys(refreshed).sort()).toEqual([
      'access_token',
      'expire_in',
      'expire_time',
      'expires_in',
      'expires_time',
      'token_type',
    ]);
    expect((await getUser(provider, refreshed.access_token)).status).toBe(200);

    const revoked = await revoke(provider, tokens.refresh_token);
    expect([revoked.status, await revoked.text()]).toEqual([204, '']);
    expect(await refusal(refresh(provider, tokens.refresh_token))).toEqual([
      400,
      'InvalidParameter.RefreshToken',
    ]);
    expect(await refusal(getUser(provider, refreshed.access_token))).toEqual([401, 'AccessTokenInvalid']);
  });

  it.each(['http://127.0.0.1:51234/callback', 'http://[::1]:51234/callback'])(
    'of a native app needs no secret, and comes back to any port of %s',
    async (uri) => {
      provider.registerRedirectUri(uri.replace('51234', '3000'));
      const { clientId } = provider.clients.native;
      const code = await codeFor(provider, { client_id: clientId, redirect_uri: uri });
      const form = { redirect_uri: uri, client_id: clientId, client_secret: undefined };
      expect(await refusal(redeem(provider, code, { ...form, client_secret: 'any' }))).toEqual([
        400,
        'InvalidParameter.client_secret',
      ]);
      const tokens = await success(redeem(provider, code, form));
      const again = { client_id: clientId, client_secret: undefined };
      expect(await success(refresh(provider, tokens.refresh_token, again))).toHaveProperty('access_token');
    },
  );

  it('comes back to a scheme of its own too', async () => {
    provider.registerRedirectUri('pdshz001://callback');
    const { clientId } = provider.clients.native;
    const url = authorizationUrl(provider, { client_id: clientId, redirect_uri: 'pdshz001://callback' });
    expect((await provider.signIn(url)).href).toMatch(/^pdshz001:\/\/callback\?code=.*&state=/);
  });

  it('of a disabled user gives tokens that say so', async () => {
    expect(await tokensFor(provider, 'disabled')).toMatchObject({ status: 'disabled' });
    expect(await tokensFor(provider)).toMatchObject({ status: 'enabled', role: 'admin' });
  });

  it('asks for consent once, and not at all with hide_consent', async () => {
    const asked = () => provider.requests.filter(({ path }) => path === '/consent').length;
    await codeFor(provider, { hide_consent: 'true' });
    expect(asked()).toBe(0);
    await codeFor(provider, { hide_consent: 'false' });
    await codeFor(provider);
    expect(asked()).toBe(1);
  });

  it('ends at the provider if the user says no', async () => {
    await expect(provider.signIn(authorizationUrl(provider), { approve: false })).rejects.toThrow(
      'error page (403): Alibaba PDS (lab): a local stand-in',
    );
  });
});

describe('the authorization endpoint', () => {
  it.each([
    [{ login_type: undefined }, 'login_type is missing'],
    [{ login_type: 'password' }, 'login_type must be default or ding'],
    [{ hide_consent: 'yes' }, 'hide_consent must be true or false'],
    [{ response_type: 'token' }, 'response_type must be code'],
    [{ response_type: undefined }, 'response_type is missing'],
    [{ scope: 'openid profile' }, 'scope must be all'],
    [{ client_id: 'nobody' }, 'unknown client_id'],
    [{ client_id: undefined }, 'client_id is missing'],
    [{ client_id: 'LabPdsJwtApp0001' }, 'no authorization page'],
    [{ redirect_uri: undefined }, 'redirect_uri is missing'],
    [{ redirect_uri: 'https://evil.example/' }, 'redirect_uri is not one'],
    [{ redirect_uri: redirectUri.replace('3999', '4000') }, 'redirect_uri is not one'],
    [{ nonce: 'n' }, 'unknown parameter nonce'],
    [{ code_challenge: challenge }, 'unknown parameter code_challenge'],
    [{ code_challenge_method: 'S256' }, 'unknown parameter code_challenge_method'],
    [{ max_age: '1' }, 'unknown parameter max_age'],
  ])('refuses %j', async (parameters, text) => {
    const answer = await fetch(authorizationUrl(provider, parameters), { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    expect(await answer.text()).toContain(text);
  });

  it.each(['ding', 'ding_sns', 'ram', 'wechat', 'wechat_app'])('takes login_type=%s', async (type) => {
    expect(
      await codeFor(provider, { login_type: type, lang: 'zh_CN', prompt: 'consent', scope: undefined }),
    ).not.toBe('');
  });

  it('takes any port for a native app only on loopback', async () => {
    provider.registerRedirectUri('https://app.example:8443/callback');
    const { clientId } = provider.clients.native;
    for (const uri of [
      'https://app.example:9443/callback',
      redirectUri.replace('127.0.0.1', 'localhost'),
      `${redirectUri}/more`,
    ]) {
      const url = authorizationUrl(provider, { client_id: clientId, redirect_uri: uri });
      await expect(provider.signIn(url)).rejects.toThrow('redirect_uri is not one');
    }
  });

  it('learns PKCE if it is told to, and checks it', async () => {
    provider.settings.acceptPkce = true;
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256', nonce: 'n' };
    const code = await codeFor(provider, pkce);
    expect(await refusal(redeem(provider, code))).toEqual([400, 'InvalidParameter.code_verifier']);
    await success(redeem(provider, code, { code_verifier: verifier }));
  });
});
