import { type Lab, type LabProvider, startLab } from '../../../src/testing/index.js';
import { codeFor, get, redeem, redirectUri, refresh, tokensFor } from './aliyun-client.js';

let lab: Lab;
let provider: LabProvider;

beforeEach(async () => {
  lab = await startLab({ providers: ['aliyun'] });
  provider = lab.provider('aliyun');
  provider.registerRedirectUri(redirectUri);
});

afterEach(() => lab.close());

describe('fail', () => {
  it('answers the next request with an error of the provider, unprocessed', async () => {
    const code = await codeFor(provider);
    provider.fail('token');
    const answer = await redeem(provider, code);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ error: 'server_error', requestId: expect.any(String) });
    expect((await redeem(provider, code)).status).toBe(200);
  });

  it('takes a status, a body, headers and a count', async () => {
    const headers = { 'retry-after': '3' };
    provider.fail('jwks', { status: 429, body: { error: 'busy' }, headers, times: 2 });
    provider.fail('jwks', {
      status: 502,
      body: '<h1>Bad gateway</h1>',
      headers: { 'content-type': 'text/html' },
    });
    for (let count = 0; count < 2; count += 1) {
      const answer = await get(provider.endpoints.jwks);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3']);
      expect(await answer.json()).toEqual({ error: 'busy' });
    }
    const gateway = await get(provider.endpoints.jwks);
    expect([gateway.status, gateway.headers.get('content-type')]).toEqual([502, 'text/html']);
    expect(await gateway.text()).toBe('<h1>Bad gateway</h1>');
    expect((await get(provider.endpoints.jwks)).status).toBe(200);
  });

  it('leaves other endpoints alone', async () => {
    provider.fail('userinfo', { times: Number.POSITIVE_INFINITY });
    const { access_token: token } = await tokensFor(provider);
    expect((await get(provider.endpoints.userinfo, token)).status).toBe(500);
    expect((await get(provider.api, token)).status).toBe(200);
    provider.clearFaults();
    expect((await get(provider.endpoints.userinfo, token)).status).toBe(200);
  });
});

describe('drop', () => {
  it('issues the token though no answer comes', async () => {
    provider.settings.rotateRefreshTokens = true;
    const { refresh_token: token = '' } = await tokensFor(provider);
    provider.drop('token');
    await expect(refresh(provider, token)).rejects.toThrow('fetch failed');
    const [request] = provider.tokenRequests('refresh_token');
    const lost = request?.answer as Record<string, string>;
    expect(request?.status).toBe(0);
    expect((await get(provider.api, lost.access_token)).status).toBe(200);
    expect((await refresh(provider, token)).status).toBe(400);
  });
});

describe('slow', () => {
  it('processes at once and answers later', async () => {
    const { refresh_token: token = '' } = await tokensFor(provider);
    provider.slow('token', 60_000);
    const arrival = provider.nextRequest('token');
    const abort = new AbortController();
    const form = new URLSearchParams({ refresh_token: token });
    const held = fetch(provider.endpoints.token ?? '', { method: 'POST', body: form, signal: abort.signal });
    expect(await arrival).toMatchObject({ endpoint: 'token', form: { refresh_token: token }, status: 0 });
    expect((await refresh(provider, token)).status).toBe(200);
    abort.abort();
    await expect(held).rejects.toThrow(/abort/);
  });

  it('does not hold up the end of the lab', async () => {
    provider.slow('jwks', 60_000);
    const arrival = provider.nextRequest('jwks');
    const held = get(provider.endpoints.jwks);
    await arrival;
    await Promise.all([lab.close(), expect(held).rejects.toThrow('fetch failed')]);
  });
});

describe('alter', () => {
  it('changes the next successful JSON answer, by return value or in place', async () => {
    const code = await codeFor(provider);
    provider.alter('token', (answer) => ({ ...answer, token_type: 'mac' }));
    expect((await redeem(provider, 'no-such-code')).status).toBe(400);
    expect(await (await redeem(provider, code)).json()).toMatchObject({ token_type: 'mac' });
    provider.alter('token', (answer) => {
      delete answer.access_token;
    });
    expect(await tokensFor(provider)).not.toHaveProperty('access_token');
    expect(await tokensFor(provider)).toHaveProperty('access_token');
  });

  it('sends a string as it is', async () => {
    provider.alter('jwks', () => '{"keys": [');
    expect(await (await get(provider.endpoints.jwks)).text()).toBe('{"keys": [');
  });
});

describe('down', () => {
  it('cuts connections until it is over', async () => {
    await get(provider.endpoints.jwks);
    provider.down(true);
    const before = provider.requests.length;
    await expect(get(provider.endpoints.jwks)).rejects.toThrow('fetch failed');
    await expect(get(provider.endpoints.authorization)).rejects.toThrow('fetch failed');
    expect(provider.requests).toHaveLength(before);
    provider.down(false);
    expect((await get(provider.endpoints.jwks)).status).toBe(200);
  });
});
