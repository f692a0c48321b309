import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from 'jose';
import { createProofKey, createProofs, type ProofKey, thumbprint } from '../../../src/wire/dpop.js';
import { ManualClock } from './manual-clock.js';
import { form, login, type Op, startOp } from './op.js';
import { type Reply, startServer, type TestServer } from './server.js';

const clock = new ManualClock();
const key = createProofKey();

const read = (proof: unknown) =>
  jwtVerify(String(proof), EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: ['ES256'],
    currentDate: new Date(clock.now()),
  });

describe('a proof', () => {
  it('is for one request, and holds the public half of the key alone', async () => {
    const { prove } = createProofs(clock);
    const request = { method: 'POST', url: 'https://as.example.com/token?x=1#y' };
    const proof = await read(await prove(key, request));
    const { jti, ...claims } = proof.payload;
    expect(claims).toEqual({
      htm: 'POST',
      htu: 'https://as.example.com/token',
      iat: Math.floor(clock.now() / 1000),
    });
    const { kty, crv, x, y } = key;
    expect(proof.protectedHeader).toEqual({ alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } });
    expect((await read(await prove(key, request))).payload.jti).not.toBe(jti);
  });

  it('names the token that comes along by its hash', async () => {
    const { prove } = createProofs(clock);
    const proof = await read(
      await prove(key, { method: 'GET', url: 'https://a.example/', accessToken: 'at-1' }),
    );
    expect(proof.payload.ath).toBe(createHash('sha256').update('at-1').digest('base64url'));
  });

  it('has the last nonce of its own server', async () => {
    const { prove, noteNonce } = createProofs(clock);
    const nonceFor = async (url: string) =>
      (await read(await prove(key, { method: 'GET', url }))).payload.nonce;
    noteNonce('https://a.example/1', new Headers({ 'dpop-nonce': 'n-1' }));
    noteNonce('https://a.example/2', new Headers({ 'dpop-nonce': 'n-2' }));
    noteNonce('https://a.example/3', new Headers());
    expect(await nonceFor('https://a.example/4')).toBe('n-2');
    expect(await nonceFor('https://b.example/')).toBeUndefined();
  });

  it('forgets the nonces of the servers that were heard of longest ago', async () => {
    const { prove, noteNonce } = createProofs(clock);
    for (let count = 0; count <= 100; count += 1) {
      noteNonce(`https://s${count}.example/`, new Headers({ 'dpop-nonce': `n-${count}` }));
    }
    const nonceFor = async (url: string) =>
      (await read(await prove(key, { method: 'GET', url }))).payload.nonce;
    expect(await nonceFor('https://s0.example/')).toBeUndefined();
    expect(await nonceFor('https://s1.example/')).toBe('n-1');
  });
});

it('the name of a key is its thumbprint', async () => {
  expect(await thumbprint(key)).toBe(await calculateJwkThumbprint(key as JWK));
  expect(await thumbprint(createProofKey())).not.toBe(await thumbprint(key));
});

describe('a fetch with proofs', () => {
  let server: TestServer;
  let replies: Reply[];
  beforeEach(async () => {
    replies = [];
    server = await startServer(() => replies.shift() ?? { body: {} });
  });
  afterEach(() => server.close());

  const challenge = (parameters: string, nonce = 'n-1'): Reply => ({
    status: 401,
    headers: { 'www-authenticate': `DPoP ${parameters}`, 'dpop-nonce': nonce },
  });
  const bound = () => createProofs(clock).bind((url, init) => fetch(url, init), key, 'at-1');
  const sent = () =>
    Promise.all(server.requests.map(async ({ headers }) => (await read(headers.dpop)).payload));

  it('sends the token as one that is bound', async () => {
    await bound()(`${server.url}/x?y`, { method: 'post', headers: { 'x-mine': '1' }, body: 'z' });
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      body: 'z',
      headers: { authorization: 'DPoP at-1', 'x-mine': '1' },
    });
    expect(await sent()).toMatchObject([{ htm: 'POST', htu: `${server.url}/x` }]);
  });

  it.each(['PATCH', 'M-SEARCH', 'delete', 'get'])('proves the method as it is sent: %s', async (method) => {
    await bound()(server.url, { method });
    expect(await sent()).toMatchObject([{ htm: server.requests[0]?.method }]);
  });

  // fetch leaves those in lower case that it does not know, and servers refuse them: only the proof is looked at.
  it.each(['forget', 'getaway'])('does not take %s for a method in it', async (method) => {
    const proofs: unknown[] = [];
    const note = async (_url: string, init: RequestInit) => {
      proofs.push((await read(new Headers(init.headers).get('dpop') ?? '')).payload.htm);
      return new Response();
    };
    await createProofs(clock).bind(note as never, key, 'at-1')(server.url, { method });
    expect(proofs).toEqual([method]);
  });

  it('sends nothing once more that was not refused for want of a nonce', async () => {
    replies = [{ ...challenge('error="use_dpop_nonce"'), status: 403 }];
    expect((await bound()(server.url, {})).status).toBe(403);
    expect(server.requests).toHaveLength(1);
  });

  it('understands a challenge without quotes', async () => {
    replies = [challenge('error=use_dpop_nonce')];
    expect((await bound()(server.url, {})).status).toBe(200);
  });

  it('sends a request once more, with the nonce that the server wants', async () => {
    replies = [challenge('error="use_dpop_nonce"')];
    const send = bound();
    expect((await send(server.url, { method: 'POST', body: 'z' })).status).toBe(200);
    await send(server.url, {});
    expect((await sent()).map(({ nonce }) => nonce)).toEqual([undefined, 'n-1', 'n-1']);
    expect(server.requests.map(({ body }) => body)).toEqual(['z', 'z', '']);
  });

  it('does not do so for ever, nor for another reason, nor with a body that is gone', async () => {
    replies = [challenge('algs="ES256", error="use_dpop_nonce"'), challenge('error=use_dpop_nonce', 'n-2')];
    expect((await bound()(server.url, {})).status).toBe(401);
    expect(server.requests).toHaveLength(2);
    replies = [challenge('error="invalid_token"')];
    expect((await bound()(server.url, {})).status).toBe(401);
    expect(server.requests).toHaveLength(3);
    replies = [challenge('error="use_dpop_nonce"')];
    const body = new Blob(['z']).stream();
    expect((await bound()(server.url, { method: 'POST', body, duplex: 'half' } as RequestInit)).status).toBe(
      401,
    );
    expect(server.requests).toHaveLength(4);
  });
});

describe('a client whose tokens are bound', () => {
  let op: Op;
  beforeEach(async () => {
    op = await startOp();
  });
  afterEach(() => op.close());

  const issued = (more: object = {}) => ({
    body: { access_token: 'at-1', token_type: 'DPoP', refresh_token: 'rt-1', ...more },
  });
  const wantsNonce: Reply = {
    status: 400,
    headers: { 'dpop-nonce': 'n-1' },
    body: { error: 'use_dpop_nonce' },
  };
  const proofKey: ProofKey = key;

  it('names the key in the authorization request', async () => {
    const url = await op.client({ dpop: true }).authorizationUrl({ ...login, params: {}, proofKey });
    expect(url.searchParams.get('dpop_jkt')).toBe(await thumbprint(key));
  });

  it.each(['dpop', 'DPOP'])('takes the token type in any spelling: %s', async (token_type) => {
    op.replies['/token'] = issued({ token_type });
    expect((await op.client().refresh('rt-0', proofKey)).tokenType).toBe('DPoP');
    expect(op.to('/token')[0]?.headers.dpop).toBeDefined();
  });

  it.each(['Bearer', undefined])('refuses a token that is not bound: %s', async (token_type) => {
    op.replies['/token'] = issued({ token_type });
    await expect(op.client().refresh('rt-0', proofKey)).rejects.toMatchObject({ code: 'provider_protocol' });
  });

  it('refuses a token that is bound where nobody asked for it', async () => {
    op.replies['/token'] = issued();
    await expect(op.client().refresh('rt-0')).rejects.toMatchObject({ code: 'provider_protocol' });
    expect(op.to('/token')[0]?.headers.dpop).toBeUndefined();
  });

  it('asks once more when the server wants its nonce, and knows it then for all logins', async () => {
    let count = 0;
    op.replies['/token'] = () => {
      count += 1;
      return count === 1 ? wantsNonce : issued();
    };
    const client = op.client({ clientAuth: 'post' });
    await client.refresh('rt-0', proofKey);
    await client.refresh('rt-5', createProofKey());
    expect(op.to('/token').map((one) => form(one).refresh_token)).toEqual(['rt-0', 'rt-0', 'rt-5']);
    const nonces = await Promise.all(
      op
        .to('/token')
        .map(
          async ({ headers }) =>
            (await jwtVerify(String(headers.dpop), EmbeddedJWK, { typ: 'dpop+jwt' })).payload.nonce,
        ),
    );
    expect(nonces).toEqual([undefined, 'n-1', 'n-1']);
  });

  it('does not ask for ever', async () => {
    op.replies['/token'] = wantsNonce;
    await expect(op.client().refresh('rt-0', proofKey)).rejects.toMatchObject({
      code: 'provider_rejected',
      providerCode: 'use_dpop_nonce',
    });
    expect(op.to('/token')).toHaveLength(2);
  });
});
