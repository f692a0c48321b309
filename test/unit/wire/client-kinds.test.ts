import { ProviderProtocolError } from '../../../src/errors.js';
import { defineProvider, oauth2, type Provider } from '../../../src/index.js';
import { createProviderClient } from '../../../src/wire/client.js';
import { LogoutTokenError } from '../../../src/wire/logout-token.js';
import { form, login, type Op, startOp } from './op.js';
import { makeKey, sign } from './signing.js';

let op: Op;
beforeEach(async () => {
  op = await startOp();
});
afterEach(() => op.close());

const clientOf = (provider: Provider) => createProviderClient(provider, { timeout: 5 });
const endpoints = (more: Record<string, string> = {}) => ({
  authorization: `${op.url}/authorize`,
  token: `${op.url}/token`,
  userinfo: `${op.url}/userinfo`,
  ...more,
});
const plain = (more = {}) => clientOf(oauth2({ name: 'op', clientId: 'app', endpoints: endpoints(more) }));
const invalid = { code: 'id_token_invalid' };

describe('a client of a plain OAuth 2.0 server', () => {
  it('asks for no scope that nobody configured, and for no id_token', async () => {
    const { searchParams } = await plain().authorizationUrl({ ...login, params: {} });
    expect([searchParams.has('scope'), searchParams.has('nonce')]).toEqual([false, false]);
    expect(await plain().exchangeCode(op.callback())).not.toHaveProperty('claims');
  });

  it('knows no issuer that a callback could name wrongly', async () => {
    const params = { iss: 'https://evil.example.com' };
    await expect(plain().checkIssuer(new URLSearchParams(params))).resolves.toBeUndefined();
    await expect(plain().exchangeCode(op.callback(params))).resolves.toBeDefined();
  });

  it('takes no logout token: nobody could have signed it', async () => {
    await expect(plain().verifyLogoutToken('x.y.z')).rejects.toBeInstanceOf(LogoutTokenError);
  });

  it('takes no assertion, and says so before anything is sent', async () => {
    await expect(plain().exchangeAssertion({ sub: 'alice' })).rejects.toMatchObject({
      code: 'invalid_option',
    });
    expect(op.requests).toEqual([]);
  });
});

it('an assertion is sent as its grant wants it [RFC 7523 2.1]', async () => {
  const assertion = async ({ sub }: { sub: string }) => `about ${sub}`;
  const identity = { source: 'token_answer' } as const;
  const provider = defineProvider({
    name: 'op',
    clientId: 'app',
    endpoints: endpoints(),
    identity,
    assertion,
  });
  const answer = await clientOf(provider).exchangeAssertion({ sub: 'alice' });
  expect(answer.accessToken).toBe('at-1');
  expect(form(op.to('/token')[0])).toMatchObject({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: 'about alice',
  });
  op.replies['/token'] = { status: 400, body: { error: 'invalid_grant' } };
  await expect(clientOf(provider).exchangeAssertion({ sub: 'alice' })).rejects.toMatchObject({
    code: 'invalid_grant',
  });
});

describe('an id_token', () => {
  const exchange = (options: Parameters<Op['client']>[0]) => op.client(options).exchangeCode(op.callback());

  it('may have a further audience that is trusted', async () => {
    op.claims = { aud: ['app', 'api'] };
    await expect(exchange({ audiences: ['api'] })).resolves.toMatchObject({ claims: { sub: 'alice' } });
    await expect(exchange({ audiences: ['other'] })).rejects.toMatchObject(invalid);
  });

  it('is due also where further audiences are trusted', async () => {
    op.replies['/token'] = { body: { access_token: 'at-1', token_type: 'Bearer' } };
    await expect(exchange({ audiences: ['api'] })).rejects.toMatchObject(invalid);
  });

  it('is refused when it is signed otherwise than configured', async () => {
    await expect(exchange({ idTokenAlgs: ['ES256'] })).rejects.toBeInstanceOf(ProviderProtocolError);
  });

  it('is signed with RS256 where the provider announces nothing', async () => {
    op.metadata = { id_token_signing_alg_values_supported: undefined };
    await expect(exchange({})).resolves.toMatchObject({ claims: { sub: 'alice' } });
    const elliptic = await makeKey('op-key', 'ES256');
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: op.url, sub: 'alice', aud: 'app', iat: now, exp: now + 300, nonce: login.nonce };
    op.replies['/jwks'] = { body: { keys: [elliptic.jwk] } };
    op.replies['/token'] = {
      body: { access_token: 'at-1', token_type: 'Bearer', id_token: await sign(elliptic, claims) },
    };
    await expect(exchange({})).rejects.toBeInstanceOf(ProviderProtocolError);
  });

  it('of a refresh is for nobody but us to judge, and costs no good token', async () => {
    op.claims = { iss: 'https://evil.example.com', aud: 'other', exp: 1 };
    const client = op.client();
    const answer = await client.refresh('rt-0');
    expect(answer).toMatchObject({ accessToken: 'at-1', idToken: expect.any(String) });
    await expect(client.verifyRefreshed(answer, { iss: op.url, sub: 'alice' })).rejects.toMatchObject(
      invalid,
    );
  });

  it('is judged by keys that are read once', async () => {
    const client = op.client();
    await client.exchangeCode(op.callback());
    await client.exchangeCode(op.callback());
    expect(op.to('/jwks')).toHaveLength(1);
  });
});

it('a lifetime counts from the request', async () => {
  const before = Date.now();
  const { answer } = await op.client().exchangeCode(op.callback());
  expect(answer.expiresAt).toBeGreaterThanOrEqual(before + 3_600_000);
  expect(answer.expiresAt).toBeLessThanOrEqual(Date.now() + 3_600_000);
});

describe('what can be revoked', () => {
  const access: { accessToken: string; refreshToken?: string } = { accessToken: 'at-1' };
  const refresh = { ...access, refreshToken: 'rt-1' };
  const only = (more: Record<string, string>) =>
    clientOf(
      defineProvider({
        name: 'op',
        clientId: 'app',
        endpoints: endpoints(more),
        revoke: 'refresh_token_only',
        identity: { source: 'userinfo' },
      }),
    );
  const revocation = () => ({ revocation: `${op.url}/revoke` });

  it('is both kinds of token where there is, or may be, an endpoint', () => {
    for (const client of [op.client(), plain(revocation())]) {
      expect([client.canRevoke(access), client.canRevoke(refresh)]).toEqual([true, true]);
    }
  });

  it('is nothing where there is none', () => {
    expect([plain().canRevoke(access), plain().canRevoke(refresh)]).toEqual([false, false]);
  });

  it('is a refresh token alone, where that is configured', async () => {
    const client = only(revocation());
    expect([client.canRevoke(access), client.canRevoke(refresh)]).toEqual([false, true]);
    expect(await client.revoke(access)).toBe(false);
    expect(op.requests).toEqual([]);
    expect(await client.revoke(refresh)).toBe(true);
  });

  it.each(['invalid_token_type', 'not_invalid_token'])(
    'is not done when the provider answers %s',
    async (error) => {
      op.replies['/revoke'] = { status: 400, body: { error } };
      await expect(op.client().revoke(refresh)).rejects.toMatchObject({ code: 'provider_rejected' });
    },
  );
});
