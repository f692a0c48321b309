import { ProviderProtocolError, ProviderRejectedError, TransactionError } from '../../../src/errors.js';
import { oidc } from '../../../src/index.js';
import { createProviderClient } from '../../../src/wire/client.js';
import { eventually } from '../../support/eventually.js';
import { ManualClock } from './manual-clock.js';
import { form, login, type Op, REDIRECT_URI, startOp } from './op.js';
import { makeKey, sign } from './signing.js';

let op: Op;
beforeEach(async () => {
  op = await startOp();
});
afterEach(() => op.close());

const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (reason: unknown) => reason as Error & { code?: string },
  );

it('goes by metadata that was read anew: other keys, other endpoints', async () => {
  const clock = new ManualClock(Date.now());
  const provider = oidc({ name: 'op', issuer: op.url, clientId: 'app', clientSecret: 'secret' });
  const client = createProviderClient(provider, { timeout: 5, clock });
  await client.exchangeCode(op.callback());
  await client.revoke({ accessToken: 'at-1', refreshToken: 'rt-1' });
  expect((await client.authorizationUrl({ ...login, params: {} })).pathname).toBe('/authorize');

  const key = await makeKey('another-key');
  const moved = ['authorize', 'revoke', 'jwks'].map((name) => `${op.url}/new/${name}`);
  const [authorization_endpoint, revocation_endpoint, jwks_uri] = moved;
  op.metadata = { authorization_endpoint, revocation_endpoint, jwks_uri };
  op.replies['/new/jwks'] = { body: { keys: [key.jwk] } };
  op.replies['/new/revoke'] = { status: 200 };
  await clock.advance(3_600_000);
  await eventually(async () => {
    expect((await client.authorizationUrl({ ...login, params: {} })).pathname).toBe('/new/authorize');
  });

  await client.revoke({ accessToken: 'at-1', refreshToken: 'rt-1' });
  expect([op.to('/revoke').length, op.to('/new/revoke').length]).toEqual([1, 1]);
  const now = Math.floor(clock.now() / 1000);
  const claims = { iss: op.url, sub: 'alice', aud: 'app', iat: now, exp: now + 300, nonce: login.nonce };
  const tokens = { access_token: 'at-2', token_type: 'Bearer', id_token: await sign(key, claims) };
  op.replies['/token'] = { body: tokens };
  expect((await client.exchangeCode(op.callback())).claims).toMatchObject({ sub: 'alice' });
});

describe('the authorization URL', () => {
  it('holds what the standard wants, PKCE with S256 always, and what the caller adds', async () => {
    const url = await op
      .client()
      .authorizationUrl({ ...login, params: { prompt: 'login', login_hint: 'a b' } });
    expect(url.origin + url.pathname).toBe(`${op.url}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'app',
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid profile email',
      state: login.state,
      nonce: login.nonce,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      prompt: 'login',
      login_hint: 'a b',
    });
    expect(url.href).not.toContain(login.codeVerifier);
  });

  it('asks for a posted callback where that is configured', async () => {
    const url = await op.client({ responseMode: 'form_post' }).authorizationUrl({ ...login, params: {} });
    expect(url.searchParams.get('response_mode')).toBe('form_post');
  });

  it('leaves PKCE out where that is configured, in both requests', async () => {
    const client = op.client({ pkce: false });
    const url = await client.authorizationUrl({ ...login, params: {} });
    expect([...url.searchParams.keys()].filter((name) => name.startsWith('code_'))).toEqual([]);
    await client.exchangeCode(op.callback());
    expect(form(op.to('/token')[0])).not.toHaveProperty('code_verifier');
  });

  it.each([
    ['knows the parameter claims', true, undefined, { essential: true, values: ['mfa'] }],
    [
      'knows it, and the caller has sent their own',
      true,
      '{"id_token":{"acr":{"value":"x"}}}',
      { value: 'x' },
    ],
    ['does not know it', false, undefined, undefined],
    ['does not say', undefined, undefined, undefined],
  ])('makes a wished acr essential where the provider %s', async (_what, supported, own, expected) => {
    op.metadata = { claims_parameter_supported: supported };
    const params = { acr_values: 'mfa', ...(own !== undefined && { claims: own }) };
    const url = await op.client().authorizationUrl({ ...login, acr: ['mfa'], params });
    expect(url.searchParams.get('acr_values')).toBe('mfa');
    const claims = url.searchParams.get('claims');
    expect(claims === null ? undefined : JSON.parse(claims).id_token.acr).toEqual(expected);
  });

  it.each([
    [true, undefined, true],
    ['auto', true, true],
    ['auto', undefined, false],
    [undefined, true, true],
    [undefined, false, false],
    [false, true, false],
  ] as const)(
    'with par %p, when the metadata requires it %p, is pushed: %p',
    async (par, required, pushed) => {
      op.metadata = {
        pushed_authorization_request_endpoint: `${op.url}/par`,
        ...(required !== undefined && { require_pushed_authorization_requests: required }),
      };
      op.replies['/par'] = { status: 201, body: { request_uri: 'urn:example:1', expires_in: 60 } };
      const client = op.client(par === undefined ? {} : { par });
      const url = await client.authorizationUrl({ ...login, params: {} });
      expect(url.searchParams.has('request_uri')).toBe(pushed);
      expect(url.searchParams.has('code_challenge')).toBe(!pushed);
      expect(op.to('/par')).toHaveLength(pushed ? 1 : 0);
    },
  );

  it('cannot be pushed where the provider has no place for it', async () => {
    const error = await rejection(op.client({ par: true }).authorizationUrl({ ...login, params: {} }));
    expect(error).toBeInstanceOf(ProviderProtocolError);
    expect(error?.message).toContain('pushed_authorization_request_endpoint');
  });

  it('is short where the provider wants the request pushed', async () => {
    op.metadata = {
      require_pushed_authorization_requests: true,
      pushed_authorization_request_endpoint: `${op.url}/par`,
    };
    op.replies['/par'] = { status: 201, body: { request_uri: 'urn:example:1', expires_in: 60 } };
    const url = await op.client().authorizationUrl({ ...login, params: {} });
    expect(Object.fromEntries(url.searchParams)).toEqual({ client_id: 'app', request_uri: 'urn:example:1' });
    expect(form(op.to('/par')[0])).toMatchObject({ state: login.state, code_challenge_method: 'S256' });
    op.replies['/par'] = { status: 503 };
    expect((await rejection(op.client().authorizationUrl({ ...login, params: {} })))?.code).toBe(
      'provider_unavailable',
    );
  });
});

describe('the exchange of a code', () => {
  it.each(['https://app.example.com', 'https://APP.example.com:443/cb', 'http://[::1]:80'])(
    'names the redirect URI %s as the authorization request did, to the letter',
    async (redirectUri) => {
      const client = op.client({ redirectUri });
      const url = await client.authorizationUrl({ ...login, redirectUri, params: {} });
      await client.exchangeCode({ ...op.callback(), redirectUri });
      expect([url.searchParams.get('redirect_uri'), form(op.to('/token')[0]).redirect_uri]).toEqual([
        redirectUri,
        redirectUri,
      ]);
    },
  );

  it('sends the code, the exact redirect URI and the verifier, and nothing else', async () => {
    const { answer, claims } = await op.client().exchangeCode(op.callback());
    expect(form(op.to('/token')[0])).toEqual({
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: REDIRECT_URI,
      code_verifier: login.codeVerifier,
    });
    expect(answer).toMatchObject({ accessToken: 'at-1', refreshToken: 'rt-1', tokenType: 'Bearer' });
    expect(claims).toMatchObject({ sub: 'alice' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['the nonce of another login', { nonce: 'other' }],
    ['no nonce', { nonce: undefined }],
    ['another issuer', { iss: 'https://evil.example.com' }],
    ['another audience', { aud: 'other' }],
    ['a further audience', { aud: ['app', 'other'] }],
    ['no subject', { sub: undefined }],
    ['a past expiry', { exp: 1 }],
    ['no time of issue', { iat: undefined }],
  ])('refuses an id_token with %s', async (_what, claims) => {
    op.claims = claims;
    const error = await rejection(op.client().exchangeCode(op.callback()));
    expect(error).toBeInstanceOf(ProviderProtocolError);
    expect(error?.message).not.toContain('at-1');
  });

  it.each<[readonly string[], boolean]>([
    [['app', 'api'], true],
    [['app'], true],
    [['app', 'api', 'other'], false],
    [['api'], false],
  ])('with a further audience that is trusted, an id_token for %j is taken: %p', async (aud, taken) => {
    op.claims = { aud };
    const error = await rejection(op.client({ audiences: ['api'] }).exchangeCode(op.callback()));
    expect(error?.code).toBe(taken ? undefined : 'id_token_invalid');
  });

  it.each([
    [['RS256'], true],
    [['PS256', 'ES256'], false],
  ])(
    'takes the algorithms of the option alone, whatever is announced: %j, %p',
    async (idTokenAlgs, taken) => {
      op.metadata = { id_token_signing_alg_values_supported: ['RS256', 'PS256'] };
      const error = await rejection(op.client({ idTokenAlgs }).exchangeCode(op.callback()));
      if (taken) expect(error).toBeUndefined();
      else expect(error).toBeInstanceOf(ProviderProtocolError);
    },
  );

  it('refuses an answer without an id_token', async () => {
    op.replies['/token'] = { body: { access_token: 'at-1', token_type: 'Bearer' } };
    expect(await rejection(op.client().exchangeCode(op.callback()))).toBeInstanceOf(ProviderProtocolError);
  });

  it('refuses an id_token whose signature nobody has checked yet: openid-client does not', async () => {
    const { jwk } = await makeKey('op-key');
    op.replies['/jwks'] = { body: { keys: [jwk] } };
    expect(await rejection(op.client().exchangeCode(op.callback()))).toMatchObject({
      code: 'id_token_invalid',
    });
  });

  it('cannot be judged while the keys are out of reach', async () => {
    op.replies['/jwks'] = { status: 500 };
    expect(await rejection(op.client().exchangeCode(op.callback()))).toMatchObject({
      code: 'provider_unavailable',
    });
  });

  it('takes clocks that are 20 s apart', async () => {
    const now = Math.floor(Date.now() / 1000);
    op.claims = { iat: now + 20, exp: now - 15 };
    await expect(op.client().exchangeCode(op.callback())).resolves.toMatchObject({
      claims: { sub: 'alice' },
    });
  });

  it('reads the body of a 400 that also has a WWW-Authenticate header', async () => {
    op.replies['/token'] = {
      status: 400,
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      body: { error: 'invalid_grant' },
    };
    expect(await rejection(op.client().exchangeCode(op.callback()))).toMatchObject({ code: 'invalid_grant' });
    expect(await rejection(op.client().refresh('rt-1'))).toMatchObject({ code: 'invalid_grant' });
  });

  it('refuses a code that came twice under two names before anything is sent', async () => {
    const callback = op.callback();
    callback.params.append('code', 'another');
    expect(await rejection(op.client().exchangeCode(callback))).toBeInstanceOf(ProviderProtocolError);
    expect(op.to('/token')).toHaveLength(0);
  });
});

describe('the issuer of a callback', () => {
  const check = (params: string) => op.client().checkIssuer(new URLSearchParams(params));

  it('is compared when it is there', async () => {
    await expect(check(`iss=${encodeURIComponent(op.url)}`)).resolves.toBeUndefined();
    for (const iss of ['https://evil.example.com', `${op.url}/`, '']) {
      const error = await rejection(check(`iss=${encodeURIComponent(iss)}`));
      expect(error).toBeInstanceOf(TransactionError);
      expect(error?.code).toBe('issuer_mismatch');
    }
  });

  it('may be missing, unless the provider promised it', async () => {
    await expect(check('code=x')).resolves.toBeUndefined();
    op.metadata = { authorization_response_iss_parameter_supported: true };
    expect((await rejection(check('code=x')))?.code).toBe('issuer_mismatch');
    expect((await rejection(check('error=access_denied')))?.code).toBe('issuer_mismatch');
  });
});

describe('a refresh', () => {
  it('sends the refresh token, and judges no id_token that comes along', async () => {
    op.claims = { sub: 'somebody else' };
    const answer = await op.client().refresh('rt-0');
    expect(form(op.to('/token')[0])).toEqual({ grant_type: 'refresh_token', refresh_token: 'rt-0' });
    expect(answer).toMatchObject({ accessToken: 'at-1', idToken: expect.any(String) });
    expect(op.to('/jwks')).toHaveLength(0);
    const previous = { iss: op.url, sub: 'alice' };
    expect(await rejection(op.client().verifyRefreshed(answer, previous))).toMatchObject({
      code: 'id_token_invalid',
    });
  });

  describe('whose id_token is judged an hour after it came', () => {
    // A process that is killed leaves the answer behind until its user comes back.
    const judge = async (claims: (seconds: number) => object, known = true) => {
      const clock = new ManualClock(Date.now());
      const cameAt = clock.now();
      op.claims = { ...claims(Math.floor(cameAt / 1000)) };
      const provider = oidc({ name: 'op', issuer: op.url, clientId: 'app', clientSecret: 'secret' });
      const client = createProviderClient(provider, { timeout: 5, clock });
      const answer = await client.refresh('rt-0');
      await clock.advance(3_600_000);
      const previous = { iss: op.url, sub: 'alice' };
      return rejection(client.verifyRefreshed(answer, previous, ...(known ? [cameAt] : [])));
    };

    it('takes one that was good when it came', async () => {
      expect(await judge((now) => ({ iat: now, nbf: now, exp: now + 300 }))).toBeUndefined();
    });

    it.each<[string, (now: number) => object]>([
      ['had expired', (now) => ({ exp: now - 31 })],
      ['was made later', (now) => ({ iat: now + 120 })],
      ['was not yet good', (now) => ({ nbf: now + 120 })],
      ['was for ten years and an hour', (now) => ({ exp: now + 10 * 366 * 86_400 + 3600 })],
      ['was about another user', () => ({ sub: 'bob' })],
    ])('refuses one that %s then', async (_what, claims) => {
      expect(await judge(claims)).toMatchObject({ code: 'id_token_invalid' });
    });

    it('goes by the time at which it is judged, where nobody knows when it came', async () => {
      expect(await judge((now) => ({ exp: now + 300 }), false)).toMatchObject({ code: 'id_token_invalid' });
      expect(await judge((now) => ({ exp: now + 3700 }), false)).toBeUndefined();
    });
  });

  it.each([
    [{ error: 'invalid_client' }, 401, ProviderRejectedError],
    [{ error: 'invalid_request' }, 400, ProviderRejectedError],
    [undefined, 400, ProviderProtocolError],
  ])('that is refused with %j %d is no invalid_grant', async (body, status, Class) => {
    op.replies['/token'] = { status, body };
    const error = await rejection(op.client().refresh('rt-0'));
    expect(error).toBeInstanceOf(Class);
    expect(error?.code).not.toBe('invalid_grant');
  });
});

describe('userinfo', () => {
  it('is asked with the token in the header, and in nothing else', async () => {
    expect(await op.client().userinfo('at-1')).toEqual({ sub: 'alice', name: 'Alice' });
    expect(op.to('/userinfo')).toMatchObject([
      { method: 'GET', url: '/userinfo', headers: { authorization: 'Bearer at-1' } },
    ]);
  });

  it('is absent where the provider has none', async () => {
    op.metadata = { userinfo_endpoint: undefined };
    expect(await op.client().userinfo('at-1')).toBeUndefined();
  });

  it.each([
    [{ status: 401, body: { error: 'invalid_token' } }, 'provider_rejected'],
    [{ status: 500 }, 'provider_unavailable'],
    [{ body: 'eyJhbGciOiJub25lIn0.e30.' }, 'provider_protocol'],
    [{ status: 302, headers: { location: 'https://evil.example/' } }, 'provider_protocol'],
  ])('fails with %j as %s', async (reply, code) => {
    op.replies['/userinfo'] = reply;
    expect((await rejection(op.client().userinfo('at-1')))?.code).toBe(code);
  });
});
