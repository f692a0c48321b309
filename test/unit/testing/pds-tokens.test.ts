import { type Lab, type LabProviders, startLab } from '../../../src/testing/index.js';
import { verifier } from './aliyun-client.js';
import { codeFor, getUser, redeem, refresh, refusal, revoke, tokensFor } from './pds-client.js';
import { getWith, postForm, read, redirectUri, success } from './wire.js';

let lab: Lab;
let provider: LabProviders['pds'];

beforeEach(async () => {
  lab = await startLab({ providers: ['pds'] });
  provider = lab.provider('pds');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

describe('the token endpoint', () => {
  it.each([
    ['a parameter that is not documented', { resource: 'x' }, 'InvalidParameter.resource'],
    ['a verifier', { code_verifier: verifier }, 'InvalidParameter.code_verifier'],
    ['a parameter of another grant', { refresh_token: 'x' }, 'InvalidParameter.refresh_token'],
    ['an unknown grant type', { grant_type: 'code' }, 'InvalidParameter.grant_type'],
    ['no grant type', { grant_type: undefined }, 'InvalidParameterMissing.grant_type'],
    ['no code', { code: undefined }, 'InvalidParameterMissing.code'],
    ['an unknown code', { code: 'guessed' }, 'InvalidParameter.code'],
    ['no redirect URI', { redirect_uri: undefined }, 'InvalidParameterMissing.redirect_uri'],
    ['another redirect URI', { redirect_uri: 'http://127.0.0.1:3999/' }, 'InvalidParameter.redirect_uri'],
    ['no secret', { client_secret: undefined }, 'InvalidParameterMissing.client_secret'],
    ['a wrong secret', { client_secret: 'wrong' }, 'InvalidParameter.client_secret'],
    ['an unknown client', { client_id: 'nobody' }, 'InvalidParameter.client_id'],
  ])('refuses %s and keeps the code', async (_, form, error) => {
    const code = await codeFor(provider);
    expect(await refusal(redeem(provider, code, form))).toEqual([400, error]);
    await success(redeem(provider, code));
  });

  it('takes a code once, in time, and from its own app', async () => {
    const code = await codeFor(provider);
    await success(redeem(provider, code));
    expect(await refusal(redeem(provider, code))).toEqual([400, 'InvalidParameter.code']);
    const { clientId } = provider.clients.native;
    const foreign = redeem(provider, await codeFor(provider), {
      client_id: clientId,
      client_secret: undefined,
    });
    expect(await refusal(foreign)).toEqual([400, 'InvalidParameter.code']);
    provider.settings.codeLifetime = 0;
    expect(await refusal(redeem(provider, await codeFor(provider)))).toEqual([400, 'InvalidParameter.code']);
  });

  it('refuses other methods, other bodies, a query, and credentials in a header', async () => {
    const { token = '' } = provider.endpoints;
    expect((await getWith(token)).status).toBe(405);
    const headers = { 'content-type': 'application/json' };
    const asJson = fetch(token, { method: 'POST', headers, body: '{}' });
    expect(await refusal(asJson)).toEqual([400, 'InvalidParameter.body']);
    expect(await refusal(postForm(`${token}?a=b`, {}))).toEqual([400, 'InvalidParameter.query']);
    const basic = postForm(token, {}, { authorization: 'Basic eDp5' });
    expect(await refusal(basic)).toEqual([400, 'InvalidParameter.authorization']);
  });

  it.each(['expires_in', 'expire_in', 'expire_time', 'expires_time'] as const)(
    'says when the token expires as %s only, if it is told to',
    async (expirySpelling) => {
      Object.assign(provider.settings, { expirySpelling, expiresInAsString: true });
      const names = Object.entries(await tokensFor(provider)).filter(([name]) => name.startsWith('expire'));
      expect(names).toEqual([[expirySpelling, expect.any(String)]]);
    },
  );
});

describe('refresh tokens', () => {
  it('rotate if they are told to', async () => {
    provider.settings.rotateRefreshTokens = true;
    const { refresh_token: old } = await tokensFor(provider);
    const next = await success(refresh(provider, old));
    expect(next.refresh_token).not.toBe(old);
    expect(await refusal(refresh(provider, old))).toEqual([400, 'InvalidParameter.RefreshToken']);
  });

  it('are refused when they are unknown, expired, or of another app', async () => {
    expect(await refusal(refresh(provider, 'unknown'))).toEqual([400, 'InvalidParameter.RefreshToken']);
    const { refresh_token: token } = await tokensFor(provider);
    const native = { client_id: provider.clients.native.clientId, client_secret: undefined };
    expect(await refusal(refresh(provider, token, native))).toEqual([400, 'InvalidParameter.RefreshToken']);
    provider.revokeAll();
    expect(await refusal(refresh(provider, token))).toEqual([400, 'RefreshTokenExpired']);
  });

  it.each([
    [{ client_secret: undefined }, 'InvalidParameterMissing.client_secret'],
    [{ client_secret: 'wrong' }, 'InvalidParameter.client_secret'],
    [{ client_id: 'nobody' }, 'InvalidParameter.client_id'],
    [{ scope: 'all' }, 'InvalidParameter.scope'],
    [{ refresh_token: undefined }, 'InvalidParameterMissing.refresh_token'],
  ])('stay good when %j is refused', async (form, error) => {
    const { refresh_token: token } = await tokensFor(provider);
    expect(await refusal(refresh(provider, token, form))).toEqual([400, error]);
    await success(refresh(provider, token));
  });
});

describe('the secret of a native app', () => {
  it('may go with a refresh, if it is the right one', async () => {
    const { clientId } = provider.clients.native;
    const native = { client_id: clientId, client_secret: undefined };
    const code = await codeFor(provider, { client_id: clientId });
    const { refresh_token: token } = await success(redeem(provider, code, native));
    const wrong = refresh(provider, token, { ...native, client_secret: 'wrong' });
    expect(await refusal(wrong)).toEqual([400, 'InvalidParameter.client_secret']);
    const right = { ...native, client_secret: provider.details.nativeSecret };
    await success(refresh(provider, token, right));
    await success(refresh(provider, token, native));
  });
});

describe('the account API', () => {
  it('signs out with app_id and refresh_token, as JSON, and nothing else', async () => {
    const { refresh_token: token, access_token: access } = await tokensFor(provider);
    const dead = [400, 'InvalidParameter.RefreshToken'];
    expect(await refusal(revoke(provider, token, { client_secret: 'x' }))).toEqual([
      400,
      'InvalidParameter.client_secret',
    ]);
    expect(await refusal(revoke(provider, token, { app_id: undefined }))).toEqual([
      400,
      'InvalidParameterMissing.app_id',
    ]);
    const asForm = postForm(provider.endpoints.revocation, { app_id: 'x', refresh_token: token });
    expect(await refusal(asForm)).toEqual([400, 'InvalidParameter.body']);
    const foreign = { app_id: provider.clients.native.clientId };
    expect(await refusal(revoke(provider, token, foreign))).toEqual(dead);
    expect(await refusal(revoke(provider, access))).toEqual(dead);
    expect(await refusal(revoke(provider, 'unknown'))).toEqual(dead);
    expect((await revoke(provider, token)).status).toBe(204);
    expect(await refusal(revoke(provider, token))).toEqual(dead);
  });

  it('tells a user about themselves', async () => {
    const { access_token: token } = await tokensFor(provider, 'ding');
    const own = { user_id: 'DING-lab00001', domain_id: provider.details.domainId };
    expect(await success(getUser(provider, token, own))).toMatchObject({ email: 'ding@example.com' });
    expect(await refusal(getUser(provider, token, { user_id: 'other' }))).toEqual([403, 'Forbidden']);
    expect(await refusal(getUser(provider, undefined))).toEqual([401, 'AccessTokenInvalid']);
    expect((await getWith(provider.api, { authorization: `Bearer ${token}` })).status).toBe(405);
    provider.expireAccessTokens();
    expect(await refusal(getUser(provider, token))).toEqual([401, 'AccessTokenInvalid']);
  });
});

describe('trouble', () => {
  it('is told in the body by the provider, and in headers by the gateway', async () => {
    provider.fail('token');
    expect(await refusal(refresh(provider, 'x'))).toEqual([500, 'InternalError']);
    provider.fail('token', { gateway: true, status: 403, headers: { 'x-ca-error-message': 'Throttled' } });
    const answer = await refresh(provider, 'x');
    expect([answer.status, await answer.text()]).toEqual([403, '']);
    expect(answer.headers.get('x-ca-error-message')).toBe('Throttled');
    expect(answer.headers.get('x-ca-request-id')).not.toBeNull();
    expect(answer.headers.get('content-type')).toBeNull();
    expect((await read(refresh(provider, 'x'))).status).toBe(400);
  });
});
