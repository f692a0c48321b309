import { aliyun, type Provider } from '../../../src/index.js';
import { finishLogin, startLogin } from '../../../src/login/login.js';
import { createTransactions } from '../../../src/login/transaction.js';
import { createMemoryStores } from '../../../src/stores/memory.js';
import { createSealer } from '../../../src/stores/sealing.js';
import { type Lab, type LabProvider, startLab } from '../../../src/testing/index.js';
import { createProviderClient } from '../../../src/wire/client.js';

const redirectUri = 'http://127.0.0.1:3999/auth/callback/aliyun';
const request = { browser: 'browser', redirectUri, returnTo: '/me' };

let lab: Lab;
let cloud: LabProvider;
beforeAll(async () => {
  lab = await startLab({ providers: ['aliyun'] });
  cloud = lab.provider('aliyun');
  cloud.registerRedirectUri(redirectUri);
});
afterEach(() => {
  cloud.clearRequests();
  cloud.clearFaults();
});
afterAll(() => lab.close());

function setUp(change: (provider: Provider) => Provider = (provider) => provider) {
  const { clientId, clientSecret } = cloud.clients.web;
  const provider = aliyun({
    clientId,
    clientSecret,
    endpoints: cloud.endpoints,
    scope: 'openid aliuid profile',
  });
  const client = createProviderClient(change(provider), { timeout: 5 });
  const transactions = createTransactions(createMemoryStores().transactions, createSealer(['key']));
  return { client, transactions };
}

/** A user's way through the provider's pages: the parameters of the callback. */
async function visit({ client, transactions }: ReturnType<typeof setUp>, approve = true) {
  const url = await startLogin(client, transactions, request);
  return (await cloud.signIn(url, { approve })).searchParams;
}

describe('a login', () => {
  it('ends with a user, tokens, and the path to go back to', async () => {
    const set = setUp();
    const outcome = await finishLogin(set.client, set.transactions, 'browser', await visit(set));
    const [alice] = cloud.users;
    expect(outcome).toMatchObject({
      kind: 'completed',
      returnTo: '/me',
      login: {
        user: { provider: 'aliyun', sub: alice?.sub, claims: { aid: alice?.claims.aid } },
        tokens: { scope: ['openid', 'aliuid', 'profile'], tokenType: 'Bearer' },
        claims: { sub: alice?.sub, iss: cloud.origin },
      },
    });
  });

  it('has a new state, nonce and challenge every time', async () => {
    const { client, transactions } = setUp();
    const urls = await Promise.all(
      Array.from({ length: 20 }, () => startLogin(client, transactions, request)),
    );
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(new Set(urls.map((url) => url.searchParams.get(name))).size).toBe(20);
    }
  });

  it.each(['state', 'scope', 'redirect_uri', 'client_id', 'code_challenge', 'nonce', 'response_type'])(
    'does not begin when its caller wants to set %s',
    async (name) => {
      const { client, transactions } = setUp();
      const start = startLogin(client, transactions, { ...request, params: { [name]: 'mine' } });
      await expect(start).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining(name),
      });
    },
  );

  it.each(['soon', '', '-1', '1.5', '60s', 's60', '12345678901'])(
    'does not begin when it is to be %j seconds old at most',
    async (max_age) => {
      const { client, transactions } = setUp();
      const start = startLogin(client, transactions, { ...request, params: { max_age } });
      await expect(start).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining('max_age'),
      });
    },
  );

  it('refuses a callback of another browser, a missing cookie, or another state, before any token call', async () => {
    const set = setUp();
    const params = await visit(set);
    cloud.clearRequests();
    const finish = (browser: string | undefined, with_: URLSearchParams) =>
      finishLogin(set.client, set.transactions, browser, with_);
    const wrong = new URLSearchParams(params);
    wrong.set('state', 'made-up');
    expect(await finish('another', params)).toEqual({ kind: 'stale' });
    expect(await finish(undefined, params)).toEqual({ kind: 'stale' });
    expect(await finish('browser', wrong)).toEqual({ kind: 'stale' });
    expect(cloud.requests).toEqual([]);
    // None of them used it up.
    expect(await finish('browser', params)).toMatchObject({ kind: 'completed' });
  });

  it('exchanges the code once when the callback fires twice at the same time', async () => {
    const set = setUp();
    const params = await visit(set);
    const outcomes = await Promise.all(
      [1, 2].map(() => finishLogin(set.client, set.transactions, 'browser', params)),
    );
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['completed', 'stale']);
    expect(cloud.tokenRequests()).toHaveLength(1);
  });

  it('tells where the login led when its callback is repeated later', async () => {
    const set = setUp();
    const params = await visit(set);
    await finishLogin(set.client, set.transactions, 'browser', params);
    await set.transactions.complete('browser', params.get('state') as string, '/me');
    expect(await finishLogin(set.client, set.transactions, 'browser', params)).toEqual({
      kind: 'stale',
      returnTo: '/me',
    });
  });

  it('is used up by any outcome', async () => {
    const set = setUp();
    const params = await visit(set);
    cloud.fail('token');
    await expect(finishLogin(set.client, set.transactions, 'browser', params)).rejects.toMatchObject({
      status: 503,
    });
    expect(await finishLogin(set.client, set.transactions, 'browser', params)).toEqual({ kind: 'stale' });
  });

  it('is refused when the callback comes in at another provider', async () => {
    const set = setUp();
    const params = await visit(set);
    cloud.clearRequests();
    const { clientId } = cloud.clients.web;
    const other = createProviderClient(aliyun({ name: 'other', clientId, endpoints: cloud.endpoints }), {
      timeout: 5,
    });
    await expect(finishLogin(other, set.transactions, 'browser', params)).rejects.toMatchObject({
      code: 'provider_mismatch',
    });
    expect(cloud.requests).toEqual([]);
  });

  it('is refused when the callback names another issuer, also with an error', async () => {
    for (const query of ['code=x', 'error=access_denied']) {
      const set = setUp();
      const state = (await visit(set)).get('state');
      const params = new URLSearchParams(`${query}&state=${state}&iss=https://evil.example.com`);
      await expect(finishLogin(set.client, set.transactions, 'browser', params)).rejects.toMatchObject({
        code: 'issuer_mismatch',
      });
    }
  });

  it('is declined by the user', async () => {
    const set = setUp();
    const params = new URLSearchParams({
      error: 'access_denied',
      state: (await visit(set)).get('state') as string,
    });
    await expect(finishLogin(set.client, set.transactions, 'browser', params)).rejects.toMatchObject({
      code: 'access_denied',
      status: 403,
    });
  });

  it('that was to ask nothing is just no login, when the provider would have to ask', async () => {
    const error = 'interaction_required';
    for (const prompt of ['none', 'login']) {
      const { client, transactions } = setUp();
      const { searchParams } = await startLogin(client, transactions, { ...request, params: { prompt } });
      const params = new URLSearchParams({ error, state: searchParams.get('state') as string });
      const finished = finishLogin(client, transactions, 'browser', params);
      if (prompt === 'none') expect(await finished).toEqual({ kind: 'not-logged-in', returnTo: '/me' });
      else await expect(finished).rejects.toMatchObject({ code: 'provider_rejected' });
    }
  });

  it.each([{ params: { max_age: '60' } }, { configured: { max_age: '60' } }])(
    'that must be recent is refused when the id_token does not say that it is (%j)',
    async ({ params, configured }) => {
      const { clientId, clientSecret } = cloud.clients.web;
      const set = setUp(() =>
        aliyun({
          clientId,
          clientSecret,
          endpoints: cloud.endpoints,
          ...(configured && { authorizationParams: configured }),
        }),
      );
      const url = await startLogin(set.client, set.transactions, { ...request, ...(params && { params }) });
      const callback = (await cloud.signIn(url)).searchParams;
      await expect(finishLogin(set.client, set.transactions, 'browser', callback)).rejects.toMatchObject({
        code: 'id_token_invalid',
      });
    },
  );
});
