import type { Dialect } from '../../../src/index.js';
import { form, login, type Op, platformAt, startOp } from './op.js';
import type { Reply } from './server.js';

let op: Op;
beforeEach(async () => {
  op = await startOp();
});
afterEach(() => op.close());

describe('how the client shows who it is', () => {
  const exchange = async (clientId: string, clientSecret?: string, clientAuth?: 'basic' | 'post') => {
    op.claims = { aud: clientId };
    const options = { clientId, ...(clientSecret && { clientSecret }), ...(clientAuth && { clientAuth }) };
    await op.client(options).exchangeCode(op.callback());
    return op.to('/token')[0];
  };
  const basic = (header = '') => Buffer.from(header.replace(/^Basic /, ''), 'base64').toString();

  it('does not encode unreserved characters: half of the servers do not decode', async () => {
    const request = await exchange('app-1_x.y~z', 'S3cret-with_unreserved.chars~');
    expect(basic(request?.headers.authorization)).toBe('app-1_x.y~z:S3cret-with_unreserved.chars~');
    expect(form(request)).not.toHaveProperty('client_secret');
    expect(form(request)).not.toHaveProperty('client_id');
  });

  it('encodes what would break the header apart', async () => {
    const request = await exchange('a:b', 'c d%e+f&ü');
    expect(basic(request?.headers.authorization)).toBe('a%3Ab:c+d%25e%2Bf%26%C3%BC');
  });

  it('puts the secret into the body where that is configured', async () => {
    const request = await exchange('app', 's&=', 'post');
    expect(form(request)).toMatchObject({ client_id: 'app', client_secret: 's&=' });
    expect(request?.headers.authorization).toBeUndefined();
  });

  it.each([
    [undefined, 'basic'],
    [['client_secret_basic'], 'basic'],
    [['client_secret_post', 'client_secret_basic'], 'basic'],
    [['client_secret_post'], 'post'],
    [['private_key_jwt'], 'basic'],
  ])('follows what the metadata announces: %j means %s', async (methods, way) => {
    op.metadata = { token_endpoint_auth_methods_supported: methods };
    const request = await exchange('app', 'secret');
    expect(request?.headers.authorization === undefined ? 'post' : 'basic').toBe(way);
  });

  it('has no secret to show for a public client', async () => {
    const client = op.client({ clientSecret: undefined } as never);
    await client.exchangeCode(op.callback());
    const request = op.to('/token')[0];
    expect(form(request)).toMatchObject({ client_id: 'app', code_verifier: login.codeVerifier });
    expect(request?.headers.authorization).toBeUndefined();
    expect(form(request)).not.toHaveProperty('client_secret');
  });
});

describe('revocation', () => {
  const tokens = { accessToken: 'at-1', refreshToken: 'rt-1' };

  it('takes the refresh token, with which the access token dies', async () => {
    expect(await op.client().revoke(tokens)).toBe(true);
    expect(op.to('/revoke').map(form)).toEqual([{ token: 'rt-1', token_type_hint: 'refresh_token' }]);
  });

  it('takes the access token where there is no other', async () => {
    expect(await op.client().revoke({ accessToken: 'at-1' })).toBe(true);
    expect(op.to('/revoke').map(form)).toEqual([{ token: 'at-1', token_type_hint: 'access_token' }]);
  });

  it('is not possible where the provider has no endpoint for it', async () => {
    op.metadata = { revocation_endpoint: undefined };
    expect(await op.client().revoke(tokens)).toBe(false);
  });

  it.each(['invalid_token', 'invalid_grant', 'invalid_request'])(
    'of a token that is dead already (%s) has succeeded',
    async (error) => {
      op.replies['/revoke'] = { status: 400, body: { error } };
      expect(await op.client().revoke(tokens)).toBe(true);
    },
  );

  it.each([408, 429, 500, 503])(
    'in an outage (%d) has failed, whatever code the answer names',
    async (status) => {
      for (const error of ['invalid_token', 'invalid_grant', 'invalid_request']) {
        op.replies['/revoke'] = { status, body: { error } };
        await expect(op.client().revoke(tokens)).rejects.toMatchObject({ code: 'provider_unavailable' });
      }
    },
  );

  it.each([
    [{ status: 204 }],
    [{ status: 200, body: 'OK' }],
    [{ status: 200, body: '<p>Bye' }],
    [{ status: 200, body: { requestId: 'x' } }],
    [{ status: 200, body: { error: '' } }],
    [{ status: 200, body: { error: 0 } }],
    [{ status: 200, body: { error: null } }],
    [{ status: 200, body: { code: '500' } }],
    [{ status: 202, body: '' }],
  ])('has succeeded with any 2xx: %j', async (reply) => {
    op.replies['/revoke'] = reply;
    expect(await op.client().revoke(tokens)).toBe(true);
  });

  it.each([
    [{ status: 503 }, 'provider_unavailable'],
    [{ status: 401, body: { error: 'invalid_client' } }, 'invalid_client'],
    [{ status: 400, body: { error: 'unsupported_token_type' } }, 'provider_rejected'],
    [{ status: 400 }, 'provider_protocol'],
    [{ status: 200, body: { error: 'unsupported_token_type' } }, 'provider_rejected'],
    [{ status: 200, body: { error: 'server_error' } }, 'provider_unavailable'],
    [{ status: 200, body: { error: 'invalid_client' } }, 'invalid_client'],
    [{ status: 302, headers: { location: '/x' } }, 'provider_protocol'],
  ])('has failed with %j: %s', async (reply, code) => {
    op.replies['/revoke'] = reply;
    await expect(op.client().revoke(tokens)).rejects.toMatchObject({ code });
  });
});

describe('revocation at a platform that tells success in its own way', () => {
  const revoke = (reply: Reply, dialect: Dialect = {}) => {
    op.replies['/revoke'] = reply;
    const client = platformAt(op, {
      answer: { success: { path: ['code'], values: ['0'] } },
      error: { code: ['code'], map: { '500': 'server_error', '40': 'invalid_client' } },
      ...dialect,
    });
    return client.revoke({ accessToken: 'at-1', refreshToken: 'rt-1' });
  };

  it.each([[{ body: { code: 0 } }], [{ body: { code: '0' } }], [{ status: 204 }], [{ body: '\n' }]])(
    'has succeeded with %j',
    async (reply) => {
      expect(await revoke(reply)).toBe(true);
    },
  );

  it.each([
    [{ body: { code: '500' } }, 'provider_unavailable'],
    [{ body: { code: 40 } }, 'invalid_client'],
    [{ body: { code: 41 } }, 'provider_rejected'],
    [{ body: { code: 0, error: 'unsupported_token_type' } }, 'provider_rejected'],
    [{ body: {} }, 'provider_protocol'],
    [{ body: 'OK' }, 'provider_protocol'],
    [{ body: 'null' }, 'provider_protocol'],
    [{ status: 503, body: { code: 0 } }, 'provider_unavailable'],
  ])('has failed with %j: %s', async (reply, code) => {
    await expect(revoke(reply)).rejects.toMatchObject({ code });
  });

  it('has succeeded where the token is dead already, whatever that is called', async () => {
    const dead: Dialect = { error: { code: ['code'], map: { 'Invalid.RefreshToken': 'invalid_grant' } } };
    expect(await revoke({ status: 400, body: { code: 'Invalid.RefreshToken' } }, dead)).toBe(true);
    await expect(revoke({ status: 400, body: { code: 'Invalid.AppId' } }, dead)).rejects.toMatchObject({
      code: 'provider_rejected',
    });
  });

  it('is judged by what the dialect makes of the answer', async () => {
    const says = (body: unknown): Dialect => ({ hooks: { response: (response) => ({ ...response, body }) } });
    expect(await revoke({ body: { result: true } }, says({ code: '0' }))).toBe(true);
    await expect(revoke({ status: 200 }, says({ code: '500' }))).rejects.toMatchObject({
      code: 'provider_unavailable',
    });
  });
});

describe('the end-session URL', () => {
  const postLogoutRedirectUri = 'https://app.example.com/';

  it('names the client, the id_token and the way back', async () => {
    const url = await op.client().endSessionUrl({ postLogoutRedirectUri, idToken: 'a.b.c' });
    expect(Object.fromEntries(url?.searchParams ?? [])).toEqual({
      client_id: 'app',
      id_token_hint: 'a.b.c',
      post_logout_redirect_uri: postLogoutRedirectUri,
    });
  });

  it('drops an id_token that would make it too long for a request line', async () => {
    const url = await op.client().endSessionUrl({ postLogoutRedirectUri, idToken: 'x'.repeat(4000) });
    expect(Object.fromEntries(url?.searchParams ?? [])).toEqual({
      client_id: 'app',
      post_logout_redirect_uri: postLogoutRedirectUri,
    });
  });

  it('is 4000 characters long at most', async () => {
    const client = op.client();
    const lengthWith = async (idToken: string) =>
      (await client.endSessionUrl({ postLogoutRedirectUri, idToken }))?.href.length;
    const room = 4000 - ((await lengthWith('x')) as number) + 1;
    expect(await lengthWith('x'.repeat(room))).toBe(4000);
    expect(await lengthWith('x'.repeat(room + 1))).toBeLessThan(4000 - room);
  });

  it('is absent where the provider has none', async () => {
    op.metadata = { end_session_endpoint: undefined };
    expect(await op.client().endSessionUrl({ postLogoutRedirectUri })).toBeUndefined();
  });
});
