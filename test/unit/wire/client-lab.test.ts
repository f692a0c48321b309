import { decodeJwt } from 'jose';
import { type OidcOptions, oidc } from '../../../src/index.js';
import { type Lab, type LabClient, type LabProvider, startLab } from '../../../src/testing/index.js';
import { type CodeCallback, createProviderClient, type ProviderClient } from '../../../src/wire/client.js';

const redirectUri = 'http://127.0.0.1:3999/auth/callback/oidc';
const login = {
  redirectUri,
  state: 'the-state',
  nonce: 'the-nonce',
  codeVerifier: 'a-verifier-that-is-long-enough-to-be-one-0123456789',
};

let lab: Lab;
let op: LabProvider;
beforeAll(async () => {
  lab = await startLab({ providers: ['oidc'] });
  op = lab.provider('oidc');
  op.registerRedirectUri(redirectUri);
  op.registerPostLogoutRedirectUri('http://127.0.0.1:3999/');
});
afterEach(() => {
  op.clearFaults();
  op.clearRequests();
  op.settings.expiresInAsString = false;
});
afterAll(() => lab.close());

function clientOf(options: Partial<OidcOptions> = {}): ProviderClient {
  const { clientId, clientSecret } = op.clients.web;
  const provider = oidc({
    name: 'oidc',
    issuer: op.endpoints.issuer as string,
    clientId,
    clientSecret,
    scope: 'openid profile email offline_access',
    ...options,
  });
  return createProviderClient(provider, { timeout: 5 });
}

/** A user's way through the provider's pages. */
async function visit(client: ProviderClient, user = 'alice', approve = true): Promise<CodeCallback> {
  const url = await client.authorizationUrl({ ...login, params: { prompt: 'consent' } });
  const callback = await op.signIn(url, { user, approve });
  return { ...login, params: client.readCallback(callback.searchParams) };
}

describe('a client of a real OpenID Provider', () => {
  it('logs in, reads userinfo, refreshes, revokes, and ends the session there', async () => {
    const client = clientOf();
    const callback = await visit(client);
    await client.checkIssuer(callback.params);
    const { answer, claims } = await client.exchangeCode(callback);
    const [alice] = op.users;
    expect(claims).toMatchObject({ iss: op.origin, sub: alice?.sub, aud: 'lab-web', nonce: login.nonce });
    expect(await client.userinfo(answer.accessToken)).toEqual({ sub: alice?.sub, ...alice?.claims });

    const refreshed = await client.refresh(answer.refreshToken as string);
    expect(refreshed.accessToken).not.toBe(answer.accessToken);
    await client.verifyRefreshed(refreshed, claims ?? {});

    expect(
      await client.revoke({
        accessToken: refreshed.accessToken,
        refreshToken: refreshed.refreshToken as string,
      }),
    ).toBe(true);
    await expect(client.refresh(refreshed.refreshToken as string)).rejects.toMatchObject({
      code: 'invalid_grant',
    });

    const url = await client.endSessionUrl({
      postLogoutRedirectUri: 'http://127.0.0.1:3999/',
      idToken: answer.idToken as string,
    });
    expect((await op.signOut(url as URL)).origin).toBe('http://127.0.0.1:3999');
  });

  it('is a public one without a secret', async () => {
    const { clientId } = op.clients.native as LabClient;
    const provider = oidc({ name: 'oidc', issuer: op.endpoints.issuer as string, clientId });
    const client = createProviderClient(provider, { timeout: 5 });
    const { claims } = await client.exchangeCode(await visit(client, 'bob'));
    expect(claims?.sub).toBe(op.users[1]?.sub);
    const [request] = op.tokenRequests();
    expect(request?.headers.authorization).toBeUndefined();
    expect(request?.form).toMatchObject({ client_id: clientId, code_verifier: login.codeVerifier });
  });

  it('keeps its secret out of every URL and every form', async () => {
    const client = clientOf();
    const { answer } = await client.exchangeCode(await visit(client));
    await client.refresh(answer.refreshToken as string);
    const { clientSecret } = op.clients.web;
    for (const { path, query, form } of op.requests) {
      expect(JSON.stringify({ path, query, form })).not.toContain(clientSecret);
    }
  });

  it('is told no by the user', async () => {
    const { params } = await visit(clientOf(), 'alice', false);
    expect(params.get('error')).toBe('access_denied');
    expect(params.get('iss')).toBe(op.origin);
  });

  it('cannot use a code twice, nor one that was issued for another verifier', async () => {
    const client = clientOf();
    const callback = await visit(client);
    const wrong = { ...callback, codeVerifier: `${login.codeVerifier}-other` };
    await expect(client.exchangeCode(wrong)).rejects.toMatchObject({ code: 'invalid_grant' });
    const again = await visit(client);
    await client.exchangeCode(again);
    await expect(client.exchangeCode(again)).rejects.toMatchObject({ code: 'invalid_grant' });
  });

  it('does not take the callback of another state', async () => {
    const client = clientOf();
    const callback = await visit(client);
    const tokenRequests = op.tokenRequests().length;
    await expect(client.exchangeCode({ ...callback, state: 'another' })).rejects.toMatchObject({
      status: 502,
    });
    expect(op.tokenRequests()).toHaveLength(tokenRequests);
  });

  it('takes lifetimes as text', async () => {
    op.settings.expiresInAsString = true;
    const client = clientOf();
    const before = Date.now();
    const { answer } = await client.exchangeCode(await visit(client));
    expect(answer.raw.expires_in).toBe('3600');
    expect(answer.expiresAt).toBeGreaterThanOrEqual(before + 3_600_000);
  });

  it.each([
    ['is cut off', () => op.drop('token'), 'provider_unavailable'],
    ['fails', () => op.fail('token'), 'provider_unavailable'],
    [
      'is refused for the secret',
      () => op.fail('token', { status: 401, body: { error: 'invalid_client' } }),
      'invalid_client',
    ],
    ['is empty', () => op.fail('token', { status: 400, body: '' }), 'provider_protocol'],
    ['is no JSON', () => op.alter('token', () => '<html>'), 'provider_protocol'],
    ['has no token', () => op.alter('token', ({ access_token, ...rest }) => rest), 'provider_protocol'],
  ])('classifies a token answer that %s', async (_what, fault, code) => {
    const client = clientOf();
    const callback = await visit(client);
    fault();
    await expect(client.exchangeCode(callback)).rejects.toMatchObject({ code });
  });

  it('does not take the id_token of another login', async () => {
    const client = clientOf();
    const callback = await visit(client);
    await expect(client.exchangeCode({ ...callback, nonce: 'another' })).rejects.toMatchObject({
      status: 502,
    });
  });

  it('gets an id_token that says the same as the one of the login', async () => {
    const client = clientOf();
    const { answer, claims } = await client.exchangeCode(await visit(client));
    expect(decodeJwt(answer.idToken as string)).toEqual(claims);
  });
});
