import { aliyun, oauth2, oidc } from '../../../src/index.js';
import { isProvider, reservedParam } from '../../../src/provider.js';

const clientId = '1';

describe('aliyun', () => {
  it.each([
    ['cn', 'https://oauth.aliyun.com', 'https://signin.aliyun.com/oauth2/v1/auth'],
    ['intl', 'https://oauth.alibabacloud.com', 'https://signin.alibabacloud.com/oauth2/v1/auth'],
  ] as const)('knows the endpoints of the site %s', (site, issuer, authorization) => {
    expect(aliyun({ clientId, site })).toMatchObject({
      name: 'aliyun',
      issuerId: issuer,
      endpoints: {
        issuer,
        authorization,
        token: `${issuer}/v1/token`,
        revocation: `${issuer}/v1/revoke`,
        jwks: `${issuer}/v1/keys`,
        userinfo: `${issuer}/v1/userinfo`,
      },
    });
  });

  it('has all of its endpoints follow another issuer, and each of them give way to its own override', () => {
    const vpc = 'https://oauth.vpc-proxy.aliyuncs.com';
    const { endpoints } = aliyun({ clientId, endpoints: { issuer: vpc, jwks: 'https://keys.example.com/' } });
    expect(endpoints).toMatchObject({ token: `${vpc}/v1/token`, jwks: 'https://keys.example.com/' });
    expect(endpoints.authorization).toBe('https://signin.aliyun.com/oauth2/v1/auth');
  });

  it('pins RS256, whatever the samples in the documents show', () => {
    expect(aliyun({ clientId }).idToken).toEqual({ algs: ['RS256'], nonce: 'if-present', audiences: [] });
  });

  it('asks for the least by default, and for a refresh token', () => {
    const { scope, authorizationParams } = aliyun({ clientId });
    expect(scope).toEqual(['openid']);
    expect(authorizationParams).toEqual({ access_type: 'offline' });
  });

  it('refuses users of accounts that are not listed, and users of no account', () => {
    const { refuse } = aliyun({ clientId, scope: 'openid aliuid', allowedAccounts: ['100', '200'] }).identity;
    expect(refuse?.({ aid: '200' })).toBeUndefined();
    for (const aid of ['300', '', undefined, 100, ['100'], '1002', null]) {
      expect(refuse?.({ aid })).toBe('account_not_allowed');
    }
  });

  it('takes one account as text', () => {
    const { refuse } = aliyun({ clientId, scope: 'openid aliuid', allowedAccounts: '100' }).identity;
    expect(refuse?.({ aid: '100' })).toBeUndefined();
    expect(refuse?.({ aid: '10' })).toBe('account_not_allowed');
  });

  it('has no secret in a native app', () => {
    expect(aliyun({ clientId }).clientAuthentication).toEqual({ method: 'none' });
    expect(aliyun({ clientId, clientSecret: 's' }).clientAuthentication).toEqual({
      method: 'post',
      clientSecret: 's',
    });
  });
});

describe('oidc', () => {
  const issuer = 'https://op.example.com/tenant/';

  it('keeps the issuer exactly as it was given', () => {
    const { endpoints, issuerId } = oidc({ name: 'op', issuer, clientId });
    expect([endpoints.issuer, issuerId]).toEqual([issuer, issuer]);
  });

  it('wants a nonce, and takes the algorithms from the metadata', () => {
    expect(oidc({ name: 'op', issuer, clientId }).idToken).toEqual({
      algs: [],
      nonce: 'required',
      audiences: [],
    });
  });

  it.each([
    [{}, { method: 'none' }],
    [{ clientSecret: 's' }, { method: 'announced', clientSecret: 's' }],
    [
      { clientSecret: 's', clientAuth: 'post' },
      { method: 'post', clientSecret: 's' },
    ],
    [
      { clientSecret: 's', clientAuth: 'basic' },
      { method: 'basic', clientSecret: 's' },
    ],
  ] as const)('%j authenticates by %j', (options, expected) => {
    expect(oidc({ name: 'op', issuer, clientId, ...options }).clientAuthentication).toEqual(expected);
  });
});

describe('oauth2', () => {
  const endpoints = {
    authorization: 'https://as.example.com/authorize',
    token: 'https://as.example.com/token',
    userinfo: 'https://as.example.com/me',
  };

  it('always asks userinfo who the user is, by the names that were given', () => {
    const claims = { subject: ['tenant', 'id'], name: ['login'] };
    expect(oauth2({ name: 'as', clientId, endpoints, claims }).identity).toMatchObject({
      source: 'userinfo',
      userinfo: 'always',
      subject: ['tenant', 'id'],
      name: ['login'],
      email: ['email'],
    });
  });

  it('sends the secret by Basic unless told otherwise', () => {
    const secret = { clientSecret: 's' };
    expect(oauth2({ name: 'as', clientId, endpoints, ...secret }).clientAuthentication.method).toBe('basic');
    expect(
      oauth2({ name: 'as', clientId, endpoints, ...secret, clientAuth: 'post' }).clientAuthentication.method,
    ).toBe('post');
  });

  it('ties a login to the token endpoint, as there is no issuer', () => {
    expect(oauth2({ name: 'as', clientId, endpoints }).issuerId).toBe(endpoints.token);
  });
});

it('isProvider knows what a factory made from what merely looks like it', () => {
  const provider = aliyun({ clientId });
  expect(isProvider(provider)).toBe(true);
  for (const other of [{ ...provider }, Object.create(provider), {}, null, undefined, 'aliyun']) {
    expect(isProvider(other)).toBe(false);
  }
});

it('reservedParam knows our parameters, also by the dialect’s name', () => {
  expect(reservedParam(['prompt', 'max_age'], {})).toBeUndefined();
  expect(reservedParam(['prompt', 'state'], {})).toBe('state');
  expect(reservedParam(['appid'], { authorization: { rename: { client_id: 'appid' } } })).toBe('appid');
  expect(reservedParam(['client_id'], { authorization: { rename: { client_id: 'appid' } } })).toBe(
    'client_id',
  );
});
