import { ConfigurationError, ProviderProtocolError, ProviderUnavailableError } from '../../../src/errors.js';
import { defineProvider, oidc } from '../../../src/index.js';
import { createProviderClient } from '../../../src/wire/client.js';
import { createProviderFetch } from '../../../src/wire/http.js';
import { createMetadata } from '../../../src/wire/metadata.js';
import { ManualClock, settle } from './manual-clock.js';
import { login, type Op, startOp } from './op.js';
import type { Reply } from './server.js';

const WELL_KNOWN = '/.well-known/openid-configuration';
const HOUR = 3_600_000;

let op: Op;
beforeEach(async () => {
  op = await startOp();
});
afterEach(() => op.close());

const request = { ...login, params: {} };

/** The refusal of metadata that breaks the protocol. */
async function protocolError(): Promise<Error> {
  const error = await op
    .client()
    .authorizationUrl(request)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProviderProtocolError);
  expect(error).toMatchObject({ code: 'provider_protocol' });
  return error as Error;
}

describe('discovery', () => {
  it('is done once, when it is first needed, and by all who need it together', async () => {
    const client = op.client();
    expect(op.requests).toHaveLength(0);
    await Promise.all(Array.from({ length: 10 }, () => client.authorizationUrl(request)));
    expect(op.to(WELL_KNOWN)).toHaveLength(1);
  });

  it.each<[string, (url: string) => string]>([
    ['another host', () => 'https://evil.example.com'],
    ['a slash more', (url) => `${url}/`],
    ['a path more', (url) => `${url}/tenant`],
  ])('refuses metadata that names as issuer %s', async (_what, issuer) => {
    op.metadata = { issuer: issuer(op.url) };
    expect((await protocolError()).message).toContain("the option 'issuer'");
  });

  it('refuses metadata that names no issuer', async () => {
    op.metadata = { issuer: '' };
    await protocolError();
  });

  it('takes an issuer that ends in a slash, where that is what was configured', async () => {
    op.metadata = { issuer: `${op.url}/` };
    const url = await op.client({ issuer: `${op.url}/` }).authorizationUrl(request);
    expect(url.origin).toBe(op.url);
    expect(op.requests[0]?.url).toBe(WELL_KNOWN);
  });

  it('refuses metadata without the slash that was configured', async () => {
    await expect(op.client({ issuer: `${op.url}/` }).authorizationUrl(request)).rejects.toBeInstanceOf(
      ProviderProtocolError,
    );
  });

  it('compares the issuer also where somebody configured the URL of the metadata itself', async () => {
    expect(() => op.client({ issuer: op.url + WELL_KNOWN })).toThrow(ConfigurationError);
    const provider = defineProvider({
      name: 'op',
      clientId: 'app',
      discovery: true,
      endpoints: { issuer: op.url + WELL_KNOWN },
      idToken: {},
    });
    await expect(
      createProviderClient(provider, { timeout: 5 }).authorizationUrl(request),
    ).rejects.toBeInstanceOf(ProviderProtocolError);
  });

  it('finds an issuer with a path below it', async () => {
    const issuer = `${op.url}/tenant/a`;
    op.metadata = { issuer };
    op.replies[`/tenant/a${WELL_KNOWN}`] = {
      body: { issuer, authorization_endpoint: `${op.url}/a`, token_endpoint: `${op.url}/t` },
    };
    expect((await op.client({ issuer }).authorizationUrl(request)).pathname).toBe('/a');
  });

  it.each([
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
    'userinfo_endpoint',
    'revocation_endpoint',
    'end_session_endpoint',
    'pushed_authorization_request_endpoint',
  ])('refuses metadata that sends secrets over plain http, by %s', async (member) => {
    for (const url of ['http://op.example.com/x', 'ftp://op.example.com', 'x', 5, null]) {
      op.metadata = { [member]: url };
      await protocolError();
    }
  });

  it.each([
    'id_token_signing_alg_values_supported',
    'token_endpoint_auth_methods_supported',
    'token_endpoint_auth_signing_alg_values_supported',
  ])('refuses metadata whose %s is no list of strings', async (member) => {
    for (const value of ['RS256', 1, true, null, { 0: 'RS256', length: 1 }, [1], ['RS256', null]]) {
      op.metadata = { [member]: value };
      expect((await protocolError()).message).toContain(member);
    }
  });

  it.each([
    'authorization_response_iss_parameter_supported',
    'claims_parameter_supported',
    'require_pushed_authorization_requests',
  ])('refuses metadata whose %s is neither true nor false', async (member) => {
    for (const value of ['true', 'false', 1, null, [true], {}]) {
      op.metadata = { [member]: value };
      expect((await protocolError()).message).toContain(member);
    }
  });

  it('looks at no member that it has no use for, nor at one that was configured', async () => {
    op.metadata = { response_types_supported: 1, id_token_signing_alg_values_supported: 'RS256' };
    await expect(op.client({ idTokenAlgs: ['RS256'] }).authorizationUrl(request)).resolves.toBeDefined();
  });

  it.each([
    ['a page', { body: '<html></html>' }],
    ['a list', { body: [] }],
    ['nothing', { body: '' }],
    ['404', { status: 404 }],
    ['a redirect', { status: 301, headers: { location: '/other' } }],
    ['good metadata with an error', { status: 404, good: true }],
  ])('refuses %s', async (_what, { good, ...reply }: Reply & { good?: boolean }) => {
    const endpoint = `${op.url}/x`;
    const body = { issuer: op.url, authorization_endpoint: endpoint, token_endpoint: endpoint };
    op.replies[WELL_KNOWN] = { ...reply, ...(good && { body }) };
    const error = await protocolError();
    expect(error.cause).toBeInstanceOf(Error);
    expect(op.requests).toHaveLength(1);
  });

  it.each([500, 503, 429])(
    'calls a provider that answers %d unavailable, and asks again next time',
    async (status) => {
      op.replies[WELL_KNOWN] = { status };
      const client = op.client();
      await expect(client.authorizationUrl(request)).rejects.toMatchObject({
        code: 'provider_unavailable',
        headers: { 'Retry-After': '1' },
      });
      op.replies = {};
      await expect(client.authorizationUrl(request)).resolves.toBeDefined();
    },
  );

  it('calls a provider that is gone unavailable', async () => {
    await op.close();
    await expect(op.client().authorizationUrl(request)).rejects.toBeInstanceOf(ProviderUnavailableError);
  });

  it('gives way to the endpoints that were configured', async () => {
    const endpoints = { authorization: 'https://login.example.com/auth' };
    const url = await op.client({ endpoints }).authorizationUrl(request);
    expect(url.origin + url.pathname).toBe('https://login.example.com/auth');
  });

  it('says that a provider has no authorization endpoint', async () => {
    op.metadata = { authorization_endpoint: undefined };
    await expect(op.client().authorizationUrl(request)).rejects.toMatchObject({
      code: 'provider_protocol',
      message: expect.stringContaining("the option 'endpoints.authorization'"),
    });
  });

  it('refuses metadata of a provider elsewhere that names this machine', async () => {
    const issuer = 'https://op.example.com';
    const provider = oidc({ name: 'op', issuer, clientId: 'app' });
    const publish = (member: string, url: string) =>
      createMetadata(
        provider,
        async () => {
          const good = {
            issuer,
            authorization_endpoint: `${issuer}/auth`,
            token_endpoint: `${issuer}/token`,
          };
          return { status: 200, headers: new Headers(), text: JSON.stringify({ ...good, [member]: url }) };
        },
        new ManualClock(),
      )();
    await expect(publish('jwks_uri', `${issuer}/jwks`)).resolves.toMatchObject({ issuer });
    for (const url of ['https://127.0.0.1/x', 'http://localhost/x', 'https://[::1]/x']) {
      await expect(publish('jwks_uri', url)).rejects.toThrow('unsafe jwks_uri');
    }
  });
});

describe('metadata that is an hour old', () => {
  const make = () => {
    const clock = new ManualClock();
    const provider = oidc({ name: 'op', issuer: op.url, clientId: 'app' });
    const fetch = createProviderFetch(5);
    const calls: Parameters<typeof fetch>[] = [];
    const counting: typeof fetch = (...call) => {
      calls.push(call);
      return fetch(...call);
    };
    return { clock, calls, metadata: createMetadata(provider, counting, clock) };
  };

  it('is not read anew before', async () => {
    const { clock, calls, metadata } = make();
    await metadata();
    await clock.advance(HOUR - 1);
    await metadata();
    expect(calls).toEqual([
      [
        op.url + WELL_KNOWN,
        { method: 'GET', headers: expect.objectContaining({ accept: 'application/json' }) },
      ],
    ]);
  });

  it('is read anew, once, while what is known serves', async () => {
    const { clock, metadata } = make();
    await metadata();
    op.metadata = { token_endpoint: `${op.url}/token/v2` };
    await clock.advance(HOUR);
    const answers = await Promise.all([metadata(), metadata()]);
    expect(answers.map(({ token_endpoint }) => token_endpoint)).toEqual([
      `${op.url}/token`,
      `${op.url}/token`,
    ]);
    while ((await metadata()).token_endpoint === `${op.url}/token`) await settle();
    expect(op.to(WELL_KNOWN)).toHaveLength(2);
  });

  it('serves on while the provider is down', async () => {
    const { clock, metadata } = make();
    await metadata();
    await op.close();
    await clock.advance(5 * HOUR);
    expect((await metadata()).issuer).toBe(op.url);
    await settle();
    expect((await metadata()).issuer).toBe(op.url);
  });
});
