import { type AliyunOptions, aliyun } from '../../../src/index.js';
import { type Lab, type LabClient, type LabProvider, startLab } from '../../../src/testing/index.js';
import { createProviderClient, type ProviderClient } from '../../../src/wire/client.js';

const redirectUri = 'http://127.0.0.1:3999/auth/callback/aliyun';
const login = {
  redirectUri,
  state: 'the-state',
  nonce: 'the-nonce',
  codeVerifier: 'a-verifier-that-is-long-enough-to-be-one-0123456789',
};

let lab: Lab;
let cloud: LabProvider;
beforeAll(async () => {
  lab = await startLab({ providers: ['aliyun'] });
  cloud = lab.provider('aliyun');
  cloud.registerRedirectUri(redirectUri);
});
afterEach(() => {
  cloud.clearRequests();
  Object.assign(cloud.settings, { echoNonce: false, expiresInAsString: false });
});
afterAll(() => lab.close());

function clientOf(options: Partial<AliyunOptions> = {}): ProviderClient {
  const { clientId, clientSecret } = cloud.clients.web;
  const provider = aliyun({ clientId, clientSecret, endpoints: cloud.endpoints, ...options });
  return createProviderClient(provider, { timeout: 5 });
}

const native = () => cloud.clients.native as LabClient;

function nativeClient(): ProviderClient {
  const { clientId } = native();
  return createProviderClient(aliyun({ clientId, endpoints: cloud.endpoints }), { timeout: 5 });
}

async function logIn(client: ProviderClient) {
  const callback = await cloud.signIn(await client.authorizationUrl({ ...login, params: {} }));
  return client.exchangeCode({ ...login, params: client.readCallback(callback.searchParams) });
}

/** Every request to an endpoint, as a form with its content type and nothing in its URL. */
function forms(endpoint: 'token' | 'revocation') {
  return cloud.requests
    .filter((request) => request.endpoint === endpoint)
    .map(({ method, query, headers, form }) => {
      expect(method).toBe('POST');
      expect(query).toEqual({});
      expect(headers.authorization).toBeUndefined();
      expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
      return form;
    });
}

describe('Alibaba Cloud gets requests exactly as it documents them:', () => {
  const { codeVerifier, nonce, state } = login;

  it('the authorization request', async () => {
    const { clientId } = cloud.clients.web;
    const url = await clientOf({ scope: 'openid aliuid /acs/ccc' }).authorizationUrl({
      ...login,
      params: {},
    });
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'openid aliuid /acs/ccc',
      access_type: 'offline',
      state,
      nonce,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(url.search).toContain('scope=openid%20aliuid%20%2Facs%2Fccc');
    expect(url.href).not.toContain(cloud.clients.web.clientSecret);
  });

  it('the authorization request for online access, with consent asked for again', async () => {
    const client = clientOf({ accessType: 'online', prompt: 'admin_consent' });
    const { searchParams } = await client.authorizationUrl({ ...login, params: {} });
    expect(searchParams.get('access_type')).toBe('online');
    expect(searchParams.get('prompt')).toBe('admin_consent');
  });

  it('the exchange of the code, from a web app', async () => {
    await logIn(clientOf());
    const { clientId, clientSecret } = cloud.clients.web;
    expect(forms('token')).toEqual([
      {
        grant_type: 'authorization_code',
        code: expect.any(String),
        redirect_uri: redirectUri,
        client_id: clientId,
        client_secret: clientSecret,
        code_verifier: codeVerifier,
      },
    ]);
  });

  it('the exchange of the code, from a native app', async () => {
    await logIn(nativeClient());
    expect(forms('token')).toEqual([
      {
        grant_type: 'authorization_code',
        code: expect.any(String),
        redirect_uri: redirectUri,
        client_id: native().clientId,
        code_verifier: codeVerifier,
      },
    ]);
  });

  it('the refresh', async () => {
    const client = clientOf();
    const { answer } = await logIn(client);
    cloud.clearRequests();
    const refreshed = await client.refresh(answer.refreshToken as string);
    const { clientId, clientSecret } = cloud.clients.web;
    expect(forms('token')).toEqual([
      {
        grant_type: 'refresh_token',
        refresh_token: answer.refreshToken,
        client_id: clientId,
        client_secret: clientSecret,
      },
    ]);
    // The answer brings neither, and invents neither.
    expect(refreshed).not.toHaveProperty('refreshToken');
    expect(refreshed).not.toHaveProperty('idToken');
  });

  it('the revocation: no token_type_hint, and the refresh token only', async () => {
    const client = clientOf();
    const { answer } = await logIn(client);
    const { accessToken, refreshToken } = answer;
    expect(await client.revoke({ accessToken, refreshToken: refreshToken as string })).toBe(true);
    const { clientId, clientSecret } = cloud.clients.web;
    expect(forms('revocation')).toEqual([
      { token: refreshToken, client_id: clientId, client_secret: clientSecret },
    ]);
    await expect(client.refresh(refreshToken as string)).rejects.toMatchObject({ code: 'invalid_grant' });
  });

  it('no revocation of an access token, which the endpoint does not take', async () => {
    expect(await clientOf().revoke({ accessToken: 'at' })).toBe(false);
    expect(cloud.requests).toEqual([]);
  });

  it('the revocation from a native app', async () => {
    const client = nativeClient();
    const { answer } = await logIn(client);
    const refreshToken = answer.refreshToken as string;
    await client.revoke({ accessToken: answer.accessToken, refreshToken });
    expect(forms('revocation')).toEqual([{ token: refreshToken, client_id: native().clientId }]);
  });

  it('userinfo, with the token in the header', async () => {
    const client = clientOf();
    const { answer } = await logIn(client);
    await client.userinfo(answer.accessToken);
    expect(cloud.requests.filter(({ endpoint }) => endpoint === 'userinfo')).toMatchObject([
      { method: 'GET', query: {}, headers: { authorization: `Bearer ${answer.accessToken}` } },
    ]);
  });
});

describe('a login at Alibaba Cloud', () => {
  it.each([true, false])('works whether or not the nonce comes back (%p)', async (echoNonce) => {
    cloud.settings.echoNonce = echoNonce;
    const { claims } = await logIn(clientOf());
    expect(claims?.nonce).toBe(echoNonce ? login.nonce : undefined);
    expect(claims?.sub).toBe(cloud.users[0]?.sub);
  });

  it('is refused when another nonce comes back', async () => {
    cloud.settings.echoNonce = true;
    const client = clientOf();
    const callback = await cloud.signIn(await client.authorizationUrl({ ...login, params: {} }));
    const params = client.readCallback(callback.searchParams);
    await expect(client.exchangeCode({ ...login, nonce: 'another', params })).rejects.toMatchObject({
      code: 'id_token_invalid',
    });
  });

  it('takes every lifetime as text, as one client of Alibaba’s own expects it', async () => {
    cloud.settings.expiresInAsString = true;
    const { answer } = await logIn(clientOf());
    expect(answer.raw.expires_in).toBe('3600');
    expect(answer.expiresAt).toEqual(expect.any(Number));
  });

  it('tells the id by which Alibaba’s support finds a refused request', async () => {
    await expect(clientOf().refresh('unknown')).rejects.toMatchObject({
      code: 'invalid_grant',
      requestId: expect.stringMatching(/./),
    });
  });
});
