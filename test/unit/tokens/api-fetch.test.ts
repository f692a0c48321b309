import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { decodeJwt } from 'jose';
import { systemClock } from '../../../src/clock.js';
import { ConfigurationError } from '../../../src/errors.js';
import { type ApiAccess, apiFetch } from '../../../src/tokens/api-fetch.js';
import { createProofKey, createProofs } from '../../../src/wire/dpop.js';
import { type Reply, startServer, type TestServer } from '../wire/server.js';

let api: TestServer;
let other: TestServer;
let replies: Reply[];
let asked: (number | undefined)[];

beforeEach(async () => {
  replies = [];
  asked = [];
  api = await startServer(() => replies.shift() ?? { body: { ok: true } });
  other = await startServer(() => ({ body: { other: true } }));
});
afterEach(() => Promise.all([api.close(), other.close()]));

/** A login whose token is another one after each refusal. */
function access(change: Partial<ApiAccess> = {}): ApiAccess {
  return {
    placement: { header: 'Authorization', prefix: 'Bearer ' },
    apiOrigins: undefined,
    proofs: createProofs(systemClock),
    async token(refused) {
      asked.push(refused);
      const version = (refused ?? 0) + 1;
      return { accessToken: `at-${version}`, version };
    },
    ...change,
  };
}

const redirect = (status: number, location: string): Reply => ({ status, headers: { location } });
const authorizations = (server: TestServer) => server.requests.map(({ headers }) => headers.authorization);

describe('a call of an API', () => {
  it.each(['/api', 'api.example.com/x', '', undefined])(
    'needs an absolute URL, which %p is not',
    async (url) => {
      const call = apiFetch(access(), url as string);
      await expect(call).rejects.toMatchObject({ name: 'ConfigurationError', message: /an absolute URL/ });
      expect(asked).toEqual([]);
    },
  );

  it('has the token where the provider wants it', async () => {
    const placement = { header: 'x-acs-token', prefix: '' };
    const response = await apiFetch(access({ placement }), api.url, { headers: { 'x-mine': '1' } });
    expect(await response.json()).toEqual({ ok: true });
    expect(api.requests[0]?.headers).toMatchObject({ 'x-acs-token': 'at-1', 'x-mine': '1' });
    expect(api.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('is repeated once with a fresh token after a 401, body and all', async () => {
    replies = [{ status: 401 }];
    const response = await apiFetch(access(), api.url, { method: 'POST', body: 'x' });
    expect(response.status).toBe(200);
    expect(authorizations(api)).toEqual(['Bearer at-1', 'Bearer at-2']);
    expect(api.requests.map(({ method, body }) => [method, body])).toEqual([
      ['POST', 'x'],
      ['POST', 'x'],
    ]);
    expect(asked).toEqual([undefined, 1]);
  });

  it.each<[string, () => NonNullable<RequestInit['body']>]>([
    ['a stream', () => new Blob(['x']).stream()],
    [
      'a generator',
      () =>
        (async function* () {
          yield Buffer.from('x');
        })() as unknown as NonNullable<RequestInit['body']>,
    ],
    [
      'a stream of Node',
      () => Readable.from([Buffer.from('x')]) as unknown as NonNullable<RequestInit['body']>,
    ],
  ])('is not repeated when its body was %s, which is used up', async (_what, body) => {
    replies = [{ status: 401 }];
    const init = { method: 'POST', body: body(), duplex: 'half' } as RequestInit;
    expect((await apiFetch(access(), api.url, init)).status).toBe(401);
    expect(api.requests.map((request) => request.body)).toEqual(['x']);
  });

  it('is not repeated for ever', async () => {
    replies = [{ status: 401 }, { status: 401 }, { status: 401 }];
    expect((await apiFetch(access(), api.url)).status).toBe(401);
    expect(api.requests).toHaveLength(2);
  });

  it('is not repeated when there is no other token', async () => {
    replies = [{ status: 401 }];
    const token = async () => ({ accessToken: 'at', version: 1 });
    expect((await apiFetch(access({ token }), api.url)).status).toBe(401);
    expect(api.requests).toHaveLength(1);
  });

  it.each([400, 403, 404, 500])('is not repeated after a %d', async (status) => {
    replies = [{ status }];
    expect((await apiFetch(access(), api.url)).status).toBe(status);
    expect(asked).toEqual([undefined]);
  });
});

describe('a token', () => {
  it.each(['http://api.example.com/', 'ftp://example.com/', 'http://127.0.0.1.example.com/'])(
    'never travels to %s',
    async (url) => {
      await expect(apiFetch(access(), url)).rejects.toBeInstanceOf(ConfigurationError);
      expect(asked).toEqual([]);
    },
  );

  it('travels to the provider’s origins only, where those are given', async () => {
    const only = access({ apiOrigins: [api.url] });
    expect((await apiFetch(only, `${api.url}/x`)).status).toBe(200);
    for (const url of [other.url, api.url.replace('127.0.0.1', 'localhost'), 'https://api.example.com']) {
      await expect(apiFetch(only, url)).rejects.toMatchObject({ code: 'invalid_option' });
    }
    expect(other.requests).toEqual([]);
  });

  it.each(['Authorization', 'x-acs-token'])(
    'in %s does not follow a redirect to another origin',
    async (header) => {
      replies = [redirect(302, `${other.url}/x`)];
      const response = await apiFetch(access({ placement: { header, prefix: '' } }), api.url);
      expect(await response.json()).toEqual({ other: true });
      expect(other.requests[0]?.headers[header.toLowerCase()]).toBeUndefined();
      expect(api.requests[0]?.headers[header.toLowerCase()]).toBe('at-1');
    },
  );

  it('does not come back into a call that was elsewhere, nor do the caller’s own secrets go there', async () => {
    await other.close();
    other = await startServer(() => redirect(302, `${api.url}/danger`));
    replies = [redirect(302, `${other.url}/x`)];
    const headers = { authorization: 'Basic mine', cookie: 'mine=1', 'x-mine': '1' };
    await apiFetch(access({ placement: { header: 'x-token', prefix: '' } }), api.url, { headers });
    for (const { headers: sent } of [other.requests[0], api.requests[1]] as { headers: object }[]) {
      expect(sent).toMatchObject({ 'x-mine': '1' });
      for (const name of ['authorization', 'cookie', 'x-token']) expect(sent).not.toHaveProperty(name);
    }
    expect(api.requests[0]?.headers).toMatchObject({ ...headers, 'x-token': 'at-1' });
  });

  it('follows a redirect within its origin', async () => {
    replies = [redirect(307, '/next'), { body: { next: true } }];
    const response = await apiFetch(access(), api.url, { method: 'POST', body: 'x' });
    expect(await response.json()).toEqual({ next: true });
    expect(api.requests.map(({ url, method, body }) => [url, method, body])).toEqual([
      ['/', 'POST', 'x'],
      ['/next', 'POST', 'x'],
    ]);
    expect(authorizations(api)).toEqual(['Bearer at-1', 'Bearer at-1']);
  });
});

describe('a token that is bound to a key', () => {
  const bound = () => {
    const proofKey = createProofKey();
    return access({
      async token(refused) {
        const version = (refused ?? 0) + 1;
        return { accessToken: `at-${version}`, version, proofKey };
      },
    });
  };
  const proofs = (server: TestServer) =>
    server.requests.map(({ headers }) =>
      headers.dpop === undefined ? undefined : decodeJwt(String(headers.dpop)),
    );

  it('travels with a proof for every request, the fresh token with one of its own', async () => {
    replies = [{ status: 401 }];
    expect((await apiFetch(bound(), `${api.url}/x`, { method: 'POST', body: 'y' })).status).toBe(200);
    expect(authorizations(api)).toEqual(['DPoP at-1', 'DPoP at-2']);
    const ath = (token: string) => createHash('sha256').update(token).digest('base64url');
    expect(proofs(api)).toMatchObject([
      { htm: 'POST', htu: `${api.url}/x`, ath: ath('at-1') },
      { htm: 'POST', htu: `${api.url}/x`, ath: ath('at-2') },
    ]);
  });

  it('is proved for where a redirect leads, in its origin', async () => {
    replies = [redirect(303, '/next')];
    await apiFetch(bound(), `${api.url}/x`, { method: 'POST', body: 'y' });
    expect(proofs(api)).toMatchObject([
      { htm: 'POST', htu: `${api.url}/x` },
      { htm: 'GET', htu: `${api.url}/next` },
    ]);
  });

  it('stays here, and its proofs, when a redirect leads to another origin', async () => {
    replies = [redirect(302, `${other.url}/x`)];
    await apiFetch(bound(), api.url);
    expect(authorizations(other)).toEqual([undefined]);
    expect(proofs(other)).toEqual([undefined]);
  });

  it('is not taken for refused when the API only wants its nonce', async () => {
    const wanted = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n-1' };
    replies = [{ status: 401, headers: wanted }];
    expect((await apiFetch(bound(), api.url)).status).toBe(200);
    expect(authorizations(api)).toEqual(['DPoP at-1', 'DPoP at-1']);
    expect(proofs(api)).toMatchObject([{}, { nonce: 'n-1' }]);
  });
});

describe('a redirect', () => {
  it.each([
    [303, 'PUT', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [301, 'POST', 'GET', ''],
    [308, 'POST', 'POST', 'x'],
    [302, 'PUT', 'PUT', 'x'],
  ])('%d makes of a %s a %s', async (status, method, next, body) => {
    replies = [redirect(status, '/next')];
    await apiFetch(access(), api.url, { method, body: 'x' });
    expect(api.requests[1]).toMatchObject({ method: next, body });
  });

  it('is not followed for ever', async () => {
    replies = Array.from({ length: 30 }, () => redirect(302, '/again'));
    await expect(apiFetch(access(), api.url)).rejects.toThrow('unexpected redirect');
    expect(api.requests).toHaveLength(21);
  });

  it('is shown, or an error, where the caller wants that', async () => {
    replies = [redirect(302, '/x'), redirect(302, '/x')];
    expect((await apiFetch(access(), api.url, { redirect: 'manual' })).status).toBe(302);
    await expect(apiFetch(access(), api.url, { redirect: 'error' })).rejects.toThrow('unexpected redirect');
  });
});
