import { defineProvider, type OidcOptions } from '../../../src/index.js';
import { finishLogin, startLogin } from '../../../src/login/login.js';
import { createTransactions } from '../../../src/login/transaction.js';
import { createMemoryStores } from '../../../src/stores/memory.js';
import { createSealer } from '../../../src/stores/sealing.js';
import { createProviderClient } from '../../../src/wire/client.js';
import { type Op, REDIRECT_URI, startOp } from '../wire/op.js';

let op: Op;
beforeEach(async () => {
  op = await startOp();
});
afterEach(() => op.close());

async function logIn(options: Partial<OidcOptions> = {}, client = op.client(options)) {
  const transactions = createTransactions(createMemoryStores().transactions, createSealer(['key']));
  const url = await startLogin(client, transactions, {
    browser: 'b',
    redirectUri: REDIRECT_URI,
    returnTo: '/',
  });
  op.claims = { ...op.claims, nonce: url.searchParams.get('nonce') };
  const params = new URLSearchParams({ code: 'c', state: url.searchParams.get('state') as string });
  const outcome = await finishLogin(client, transactions, 'b', params);
  if (outcome.kind !== 'completed') throw new Error(outcome.kind);
  return outcome.login;
}

const asked = () => op.to('/userinfo').length;

describe('userinfo is asked', () => {
  it('when a granted scope promises claims that the id_token lacks', async () => {
    expect((await logIn({ scope: 'openid profile' })).user).toMatchObject({ name: 'Alice' });
    expect(asked()).toBe(1);
  });

  it.each<[string, Partial<OidcOptions>, Record<string, unknown>]>([
    ['when the id_token has them', { scope: 'openid profile' }, { name: 'Alice' }],
    ['when no scope promises any', { scope: 'openid' }, {}],
    ['when it never is to be', { scope: 'openid profile email', userinfo: 'never' }, {}],
  ])('not %s', async (_when, options, claims) => {
    op.claims = claims;
    await logIn(options);
    expect(asked()).toBe(0);
  });

  it('not for a scope that was not granted', async () => {
    // The provider narrows the scope silently, which its answer says.
    op.granted = 'openid';
    expect((await logIn({ scope: 'openid profile' })).tokens.scope).toEqual(['openid']);
    expect(asked()).toBe(0);
  });

  it('nowhere, where there is no such endpoint', async () => {
    op.metadata = { userinfo_endpoint: undefined };
    const { user } = await logIn({ scope: 'openid profile' });
    expect([user.sub, user.name, asked()]).toEqual(['alice', undefined, 0]);
  });

  it('always, where that is configured', async () => {
    await logIn({ scope: 'openid', userinfo: 'always' });
    expect(asked()).toBe(1);
  });
});

describe('the userinfo answer', () => {
  it.each([
    [{ sub: 'bob', name: 'Bob' }],
    [{ name: 'Alice' }],
    [{ sub: 'Alice' }],
    [{ sub: ['alice'] }],
    [{}],
  ])('about somebody else fails the login: %j', async (body) => {
    op.replies['/userinfo'] = { body };
    await expect(logIn()).rejects.toMatchObject({ code: 'provider_protocol' });
  });

  it('says nothing of how the user logged in', async () => {
    op.replies['/userinfo'] = {
      body: { sub: 'alice', name: 'Alice', acr: 'mfa', amr: ['otp'], auth_time: 1 },
    };
    const { claims } = (await logIn()).user;
    expect(claims.name).toBe('Alice');
    for (const claim of ['acr', 'amr', 'auth_time']) expect(claims).not.toHaveProperty(claim);
  });

  it('that repeats a token, or brings another one, brings it neither into the session nor to the browser', async () => {
    op.claims = { hint: { refresh_token: 'r' }, harmless: 'a token of friendship' };
    op.replies['/userinfo'] = {
      body: {
        sub: 'alice',
        name: 'Alice',
        access_token: 'x',
        session_token: 'y',
        again: ['Bearer at-1'],
        _claim_names: { address: 'src1' },
        _claim_sources: { src1: { endpoint: 'https://claims.example.com', access_token: 'z' } },
      },
    };
    const { user } = await logIn();
    const { iss: _iss, ...claims } = user.claims;
    expect(claims).toEqual({
      sub: 'alice',
      name: 'Alice',
      harmless: 'a token of friendship',
      _claim_names: { address: 'src1' },
    });
  });

  it('of another user fails the login also where it is what says who the user is', async () => {
    const provider = defineProvider({
      name: 'both',
      clientId: 'app',
      endpoints: { issuer: op.url },
      discovery: true,
      idToken: { algs: ['RS256'], nonce: 'required' },
      identity: { source: 'userinfo' },
    });
    const client = createProviderClient(provider, { timeout: 5 });
    op.replies['/userinfo'] = { body: { sub: 'bob', name: 'Bob' } };
    await expect(logIn({}, client)).rejects.toMatchObject({ code: 'provider_protocol' });
    op.replies['/userinfo'] = { body: { sub: 'alice', name: 'Alice', acr: 'mfa' } };
    const { user } = await logIn({}, client);
    expect([user.name, user.claims.acr]).toEqual(['Alice', undefined]);
  });

  it('does not say that an address which is signed was verified, if it means another one', async () => {
    op.claims = { email: 'signed@example.com', phone_number: '+1' };
    const more = { phone_number: '+1', phone_number_verified: true };
    const other = { sub: 'alice', email: 'other@example.com', email_verified: true, ...more };
    op.replies['/userinfo'] = { body: other };
    const { claims } = (await logIn({ userinfo: 'always' })).user;
    expect([claims.email, claims.email_verified]).toEqual(['signed@example.com', undefined]);
    expect([claims.phone_number, claims.phone_number_verified]).toEqual(['+1', true]);
  });

  it('adds claims, and overrides none that is signed', async () => {
    op.claims = { email: 'signed@example.com', email_verified: true, groups: ['a'] };
    op.replies['/userinfo'] = {
      body: {
        sub: 'alice',
        iss: 'https://evil.example.com',
        email: 'other@example.com',
        email_verified: false,
        groups: ['admin'],
        name: 'Alice',
      },
    };
    const { user, claims } = await logIn();
    expect(user).toMatchObject({
      name: 'Alice',
      email: 'signed@example.com',
      claims: { iss: op.url, email: 'signed@example.com', email_verified: true, groups: ['a'] },
    });
    expect(claims).toMatchObject({ iss: op.url, sub: 'alice' });
  });

  it.each([
    [{ status: 500 }, 503],
    [{ status: 401, body: { error: 'invalid_token' } }, 502],
    [{ body: 'no json' }, 502],
  ])('that is none fails the login: %j', async (reply, status) => {
    op.replies['/userinfo'] = reply;
    await expect(logIn()).rejects.toMatchObject({ status });
  });
});

it('a provider without codes of its own can refuse a login', async () => {
  const client = op.client();
  const transactions = createTransactions(createMemoryStores().transactions, createSealer(['key']));
  const request = { browser: 'b', redirectUri: REDIRECT_URI, returnTo: '/' };
  const { searchParams } = await startLogin(client, transactions, request);
  const params = new URLSearchParams({ error: 'access_denied', state: searchParams.get('state') as string });
  await expect(finishLogin(client, transactions, 'b', params)).rejects.toMatchObject({
    code: 'access_denied',
  });
});

it('when the provider made the id_token is known by the provider’s clock', async () => {
  const iat = Math.floor(Date.now() / 1000) - 20;
  op.claims = { iat };
  expect((await logIn({ userinfo: 'never' })).issuedAt).toBe(iat * 1000);
});

it('what no later id_token may contradict is kept, and nothing else of the id_token', async () => {
  op.claims = { auth_time: 5, azp: 'app', sid: 's-1', email: 'a@b.c', at_hash: undefined };
  const { claims } = await logIn({ userinfo: 'never' });
  expect(Object.keys(claims ?? {}).sort()).toEqual(['auth_time', 'azp', 'iss', 'nonce', 'sid', 'sub']);
});
