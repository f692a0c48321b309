import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as client from 'openid-client';

import { type Lab, type LabProviders, startLab } from '../../../src/testing/index.js';

const redirectUri = 'http://127.0.0.1:3999/callback';

let lab: Lab;
let provider: LabProviders['oidc'];

beforeEach(async () => {
  lab = await startLab({ providers: ['oidc'] });
  provider = lab.provider('oidc');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

function discover({ clientId, clientSecret }: { clientId: string; clientSecret?: string }) {
  const authentication = clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret);
  const options = { execute: [client.allowInsecureRequests] };
  return client.discovery(new URL(provider.origin), clientId, undefined, authentication, options);
}

async function login(config: client.Configuration, parameters: Record<string, string> = {}, user = 'alice') {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access',
    prompt: 'consent',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...parameters,
  });
  const callback = await provider.signIn(url, { user });
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
  return client.authorizationCodeGrant(config, callback, checks);
}

const whoami = (token: string) => fetch(provider.api, { headers: { authorization: `Bearer ${token}` } });
const errorOf = async (grant: Promise<unknown>) => {
  const error = await grant.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return (error as client.ResponseBodyError | undefined)?.error;
};

describe('a login with a standard client', () => {
  it('goes all the way: tokens, userinfo, API, refresh with rotation, revocation', async () => {
    const config = await discover(provider.clients.web);
    const tokens = await login(config);
    const [alice] = provider.users;
    const sub = tokens.claims()?.sub ?? '';
    expect(sub).toBe(alice?.sub);
    expect(tokens.expires_in).toBe(3600);

    const userinfo = await client.fetchUserInfo(config, tokens.access_token, sub);
    expect(userinfo).toEqual({ sub, ...alice?.claims });
    expect(await (await whoami(tokens.access_token)).json()).toMatchObject({ sub, name: 'Alice Example' });

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    expect(refreshed.claims()?.sub).toBe(sub);

    await client.tokenRevocation(config, refreshed.refresh_token ?? '');
    expect((await whoami(refreshed.access_token)).status).toBe(401);
    expect(await errorOf(client.refreshTokenGrant(config, refreshed.refresh_token ?? ''))).toBe(
      'invalid_grant',
    );
  });

  it('works for the native client, without a secret and on any loopback port', async () => {
    provider.registerRedirectUri('http://127.0.0.1/native');
    const config = await discover(provider.clients.native);
    const tokens = await login(config, { redirect_uri: 'http://127.0.0.1:45678/native' }, 'bob');
    expect(tokens.claims()?.sub).toBe(provider.users.find(({ id }) => id === 'bob')?.sub);
    expect(tokens.refresh_token).toBeDefined();
  });

  it('gives a refresh token for offline_access only', async () => {
    const tokens = await login(await discover(provider.clients.web), { scope: 'openid' });
    expect(tokens.refresh_token).toBeUndefined();
  });

  it('announces its endpoints, and the iss parameter', async () => {
    const metadata = (await discover(provider.clients.web)).serverMetadata();
    expect(metadata.authorization_response_iss_parameter_supported).toBe(true);
    expect(provider.endpoints).toEqual({
      issuer: metadata.issuer,
      authorization: metadata.authorization_endpoint,
      token: metadata.token_endpoint,
      userinfo: metadata.userinfo_endpoint,
      revocation: metadata.revocation_endpoint,
      jwks: metadata.jwks_uri,
      endSession: metadata.end_session_endpoint,
      pushedAuthorization: metadata.pushed_authorization_request_endpoint,
    });
  });

  it('ends at the client with an error when the user says no', async () => {
    const url = client.buildAuthorizationUrl(await discover(provider.clients.web), {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    });
    const callback = await provider.signIn(url, { approve: false });
    expect(callback.searchParams.get('error')).toBe('access_denied');
    expect(callback.searchParams.get('iss')).toBe(provider.origin);
  });

  it('tells form_post answers as a URL', async () => {
    const url = client.buildAuthorizationUrl(await discover(provider.clients.web), {
      redirect_uri: redirectUri,
      scope: 'openid',
      response_mode: 'form_post',
      state: 's&<"',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    });
    const { searchParams } = await provider.signIn(url);
    expect(searchParams.get('code')).toEqual(expect.any(String));
    expect(searchParams.get('state')).toBe('s&<"');
  });
});

describe('refusals', () => {
  it('come as a page for an unregistered redirect URI, until it is registered', async () => {
    const config = await discover(provider.clients.web);
    const parameters = { redirect_uri: 'http://127.0.0.1:3999/late' };
    await expect(login(config, parameters)).rejects.toThrow('redirect_uri');
    provider.registerRedirectUri(parameters.redirect_uri);
    await expect(login(config, parameters)).resolves.toHaveProperty('access_token');
  });

  it('meet a login without PKCE', async () => {
    const parameters = { redirect_uri: redirectUri, scope: 'openid' };
    const url = client.buildAuthorizationUrl(await discover(provider.clients.web), parameters);
    expect((await provider.signIn(url)).searchParams.get('error')).toBe('invalid_request');
  });

  it('meet a used refresh token, and end the login', async () => {
    const config = await discover(provider.clients.web);
    const { refresh_token: old = '' } = await login(config);
    const next = await client.refreshTokenGrant(config, old);
    expect(await errorOf(client.refreshTokenGrant(config, old))).toBe('invalid_grant');
    expect(await errorOf(client.refreshTokenGrant(config, next.refresh_token ?? ''))).toBe('invalid_grant');
    expect((await whoami(next.access_token)).status).toBe(401);
  });

  it('meet tokens that were expired or revoked from outside', async () => {
    const config = await discover(provider.clients.web);
    const tokens = await login(config);
    provider.expireAccessTokens();
    expect((await whoami(tokens.access_token)).status).toBe(401);
    const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect((await whoami(next.access_token)).status).toBe(200);
    provider.revokeAll();
    expect(await errorOf(client.refreshTokenGrant(config, next.refresh_token ?? ''))).toBe('invalid_grant');
    expect((await whoami(next.access_token)).status).toBe(200);
  });
});

describe('settings', () => {
  it('can forgive a second use of a refresh token', async () => {
    const config = await discover(provider.clients.web);
    provider.settings.reuseGrace = 60;
    const { refresh_token: old = '' } = await login(config);
    const next = await client.refreshTokenGrant(config, old);
    expect((await client.refreshTokenGrant(config, old)).refresh_token).toBeDefined();
    Object.assign(provider.settings, { reuseGrace: 0, reuseRevokesFamily: false });
    expect(await errorOf(client.refreshTokenGrant(config, old))).toBe('invalid_grant');
    await expect(client.refreshTokenGrant(config, next.refresh_token ?? '')).resolves.toBeDefined();
  });

  it('shape the token answers', async () => {
    Object.assign(provider.settings, {
      rotateRefreshTokens: false,
      idTokenOnRefresh: false,
      expiresInAsString: true,
      accessTokenLifetime: 900,
    });
    const config = await discover(provider.clients.web);
    const { refresh_token: token = '' } = await login(config);
    const refreshed = await client.refreshTokenGrant(config, token);
    expect(refreshed.id_token).toBeUndefined();
    expect(refreshed.refresh_token).toBe(token);
    const [request] = provider.tokenRequests('refresh_token');
    expect(request?.answer).toMatchObject({ expires_in: '900' });
  });

  it('can leave the nonce out', async () => {
    provider.settings.echoNonce = false;
    await expect(login(await discover(provider.clients.web))).rejects.toThrow('invalid response');
    const [request] = provider.tokenRequests();
    const { id_token: idToken } = Object(request?.answer) as { id_token: string };
    expect(decodeJwt(idToken)).not.toHaveProperty('nonce');
  });
});

describe('logout', () => {
  const after = 'http://127.0.0.1:3999/bye';

  it('leads back to a registered address', async () => {
    provider.registerPostLogoutRedirectUri(after);
    const config = await discover(provider.clients.web);
    const tokens = await login(config);
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: after,
      state: 'bye',
    });
    expect(String(await provider.signOut(url))).toBe(`${after}?state=bye`);
  });

  it.each([true, false])(
    'tells the app by a logout token, with a session in it: %s',
    async (sessionRequired) => {
      const told: string[] = [];
      const app = createServer((request, response) => {
        request.setEncoding('utf8').on('data', (text: string) => told.push(text));
        request.on('end', () => response.end());
      });
      await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
      const { port } = app.address() as AddressInfo;
      provider.registerBackchannelLogoutUri(`http://127.0.0.1:${port}/bye`, { sessionRequired });
      provider.registerPostLogoutRedirectUri(after);
      const config = await discover(provider.clients.web);
      const tokens = await login(config);
      const claims = decodeJwt(tokens.id_token ?? '');
      const url = client.buildEndSessionUrl(config, {
        id_token_hint: tokens.id_token ?? '',
        post_logout_redirect_uri: after,
      });
      // Another browser has no session there to end.
      await provider.signOut(url);
      expect(told).toEqual([]);
      await provider.signOut(url, { user: 'alice' });
      const [form = '', ...more] = told;
      expect(more).toEqual([]);
      const token = new URLSearchParams(form).get('logout_token') ?? '';
      expect(decodeProtectedHeader(token).typ).toBe('logout+jwt');
      expect(decodeJwt(token)).toMatchObject({
        iss: provider.origin,
        aud: provider.clients.web.clientId,
        sub: claims.sub,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      });
      expect(decodeJwt(token).sid).toBe(claims.sid);
      expect(typeof claims.sid).toBe(sessionRequired ? 'string' : 'undefined');
      await expect(provider.signOut(url, { user: 'bob' })).rejects.toThrow('bob has not signed in');
      await new Promise((resolve) => app.close(resolve));
    },
  );

  it('refuses an address that is not registered', async () => {
    const config = await discover(provider.clients.web);
    const url = client.buildEndSessionUrl(config, { post_logout_redirect_uri: 'https://evil.example/' });
    await expect(provider.signOut(url)).rejects.toThrow('post_logout_redirect_uri');
  });
});

it('logs requests with the grant and the answer, and takes the same faults as the others', async () => {
  const config = await discover(provider.clients.web);
  const { refresh_token: token = '' } = await login(config);
  provider.drop('token');
  await expect(client.refreshTokenGrant(config, token)).rejects.toThrow();
  // The answer was lost, but the token is used up: this is what the fault is for.
  expect(provider.tokenRequests('refresh_token')).toMatchObject([
    { status: 0, form: { refresh_token: token }, answer: { access_token: expect.any(String) } },
  ]);
  expect(await errorOf(client.refreshTokenGrant(config, token))).toBe('invalid_grant');
  provider.fail('userinfo', { status: 503, headers: { 'retry-after': '7' } });
  const answer = await fetch(provider.endpoints.userinfo ?? '');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '7']);
});
