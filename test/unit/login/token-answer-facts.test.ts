import { defineProvider } from '../../../src/index.js';
import { identify } from '../../../src/login/login.js';
import type { IdentityMapping } from '../../../src/provider.js';
import { readTokenAnswer } from '../../../src/wire/answer.js';
import { createProviderClient } from '../../../src/wire/client.js';
import { startServer, type TestServer } from '../wire/server.js';

let server: TestServer;
let userinfo: Record<string, unknown>;
beforeEach(async () => {
  userinfo = { open_id: 'alice', sub: '7', mobile: '1', nick_name: 'other' };
  server = await startServer(() => ({ body: userinfo }));
});
afterEach(() => server.close());

/** What a provider that names the user in its token answer says about the user. */
function identifyBy(members: Record<string, unknown>, identity: Partial<IdentityMapping> = {}) {
  const provider = defineProvider({
    name: 'platform',
    clientId: '1',
    endpoints: {
      authorization: `${server.url}/a`,
      token: `${server.url}/t`,
      userinfo: `${server.url}/u`,
    },
    identity: { source: 'token_answer', subject: ['open_id'], name: ['nick_name'], ...identity },
  });
  const body = { access_token: 'at-1', open_id: 'alice', ...members };
  return identify(createProviderClient(provider, { timeout: 5 }), readTokenAnswer(body, {}, Date.now()));
}

const claimsOf = async (members: Record<string, unknown>) => (await identifyBy(members)).user.claims;

describe('facts from a token answer', () => {
  it('make a user, and the answer stays as it came', async () => {
    const { user, tokens, ...rest } = await identifyBy({ refresh_token: 'rt-1', nick_name: 'A' });
    expect(user).toMatchObject({
      sub: 'alice',
      name: 'A',
      claims: { open_id: 'alice', nick_name: 'A' },
    });
    expect(tokens).toMatchObject({
      accessToken: 'at-1',
      refreshToken: 'rt-1',
      raw: { access_token: 'at-1', refresh_token: 'rt-1', open_id: 'alice', nick_name: 'A' },
    });
    expect(rest).toEqual({});
    expect(server.requests).toEqual([]);
  });

  // They go into the session, and to the browser.
  it.each([
    'refresh_token',
    'id_token',
    'accessToken',
    'idtoken',
    'token_type',
    'tokenType',
    'expires_in',
    'expiresIn',
    'expire_time',
    'expires_at',
    'refresh_expires_in',
    'refresh_token_expires_in',
    'scope',
    'state',
  ])('say nothing by the member %s, which is about tokens', async (name) => {
    const value = name.startsWith('token') ? 'Bearer' : '5';
    expect(await claimsOf({ [name]: value })).toEqual({ open_id: 'alice' });
  });

  it.each(['home_state', 'stateless', 'vip_expires_in', 'expires_in_words'])(
    'may be called %s',
    async (name) => {
      expect(await claimsOf({ [name]: 'x' })).toEqual({ open_id: 'alice', [name]: 'x' });
    },
  );

  it.each([
    ['under another name', { at: 'at-1' }],
    ['in a list', { all: ['at-1'] }],
    ['in a link', { profile: 'https://platform.example/me?key=at-1&x' }],
    ['of a refresh', { refresh_token: 'rt-1', rt: 'rt-1' }],
    ['of the user', { id_token: 'x.y.z', jwt: 'x.y.z' }],
    ['that needs escapes in JSON', { refresh_token: 'a"b', rt: 'a"b' }],
    ['of something else, deep inside', { sub: { account: [{ device_token: 'd' }] } }],
    ['by its name alone', { sub: { Token: 'd' } }],
  ])('hold no token %s', async (_where, members) => {
    expect(await claimsOf(members)).toEqual({ open_id: 'alice' });
  });
});

describe('userinfo beside a token answer', () => {
  it('is asked where that is configured, and overrides nothing', async () => {
    const { user } = await identifyBy({ nick_name: 'A' }, { userinfo: 'always' });
    expect(user).toMatchObject({ sub: 'alice', name: 'A', claims: { mobile: '1' } });
    expect(server.requests).toMatchObject([{ url: '/u', headers: { authorization: 'Bearer at-1' } }]);
  });

  it('fails the login when it is about another user', async () => {
    userinfo = { open_id: 'bob', mobile: '1' };
    await expect(identifyBy({}, { userinfo: 'always' })).rejects.toMatchObject({ code: 'provider_protocol' });
  });

  it('need not name the user, and may name it by a number', async () => {
    userinfo = { mobile: '1' };
    expect((await identifyBy({}, { userinfo: 'always' })).user.sub).toBe('alice');
    userinfo = { open_id: 7 };
    expect((await identifyBy({ open_id: '7' }, { userinfo: 'always' })).user.sub).toBe('7');
  });
});

it('a provider that names the user by userinfo alone is always asked', async () => {
  userinfo = { open_id: 'from userinfo', mobile: '1' };
  const { user } = await identifyBy({}, { source: 'userinfo', userinfo: 'never' });
  expect(user).toMatchObject({ sub: 'from userinfo', claims: { open_id: 'from userinfo', mobile: '1' } });
});
