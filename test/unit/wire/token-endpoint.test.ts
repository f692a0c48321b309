import { ProviderUnavailableError } from '../../../src/errors.js';
import type { Dialect, WireRequest } from '../../../src/index.js';
import { asOurError } from '../../../src/wire/token-endpoint.js';
import { form, type Op, platformAt, startOp } from './op.js';

let op: Op;
beforeEach(async () => {
  op = await startOp();
});
afterEach(() => op.close());

const clientOf = (dialect: Dialect) => platformAt(op, dialect);

describe('the hooks of a dialect', () => {
  it('are told which endpoint is asked, and for which grant', async () => {
    const seen: Pick<WireRequest, 'endpoint' | 'grant'>[] = [];
    const client = clientOf({
      hooks: {
        request: (request) => {
          const { endpoint } = request;
          seen.push('grant' in request ? { endpoint, grant: request.grant } : { endpoint });
          return request;
        },
      },
    });
    await client.exchangeCode(op.callback());
    await client.refresh('rt-1');
    await client.revoke({ accessToken: 'at-1', refreshToken: 'rt-1' });
    expect(seen).toEqual([
      { endpoint: 'token', grant: 'authorization_code' },
      { endpoint: 'token', grant: 'refresh_token' },
      { endpoint: 'revocation' },
    ]);
  });

  it('may say where a request goes and what is in it', async () => {
    op.replies['/elsewhere'] = { body: { access_token: 'at-2', token_type: 'Bearer' } };
    const client = clientOf({
      hooks: {
        request: (request) => ({ ...request, url: `${op.url}/elsewhere`, params: [['only', 'this']] }),
      },
    });
    expect((await client.refresh('rt-1')).accessToken).toBe('at-2');
    expect(form(op.to('/elsewhere')[0])).toEqual({ only: 'this' });
  });

  it('may put an answer right, and nothing else in the dialect is needed for that', async () => {
    op.replies['/token'] = { status: 500, body: { token: 'at-3' } };
    const client = clientOf({
      hooks: {
        response: ({ body, ...rest }) => ({
          ...rest,
          status: 200,
          body: { access_token: (body as { token: string }).token, token_type: 'Bearer' },
        }),
      },
    });
    expect((await client.refresh('rt-1')).accessToken).toBe('at-3');
  });

  it('are no must: a dialect may have one of them', async () => {
    const client = clientOf({ hooks: { authorizationUrl: (url) => url } });
    expect((await client.refresh('rt-1')).accessToken).toBe('at-1');
  });
});

it.each([
  [200, true],
  [204, true],
  [299, true],
  [300, false],
  [302, false],
  [400, false],
])('a revocation that is answered with %d has succeeded: %s', async (status, succeeded) => {
  op.replies['/revoke'] = { status, body: { [succeeded ? 'note' : 'error']: 'unsupported_token_type' } };
  const revoked = clientOf({}).revoke({ accessToken: 'at-1', refreshToken: 'rt-1' });
  if (succeeded) await expect(revoked).resolves.toBe(true);
  else await expect(revoked).rejects.toMatchObject({ code: expect.stringMatching(/^provider_/) });
});

it('an endpoint is known by its URL in whatever form the metadata have it', async () => {
  op.metadata = { revocation_endpoint: `${op.url}/./revoke` };
  await expect(op.client().revoke({ accessToken: 'at-1', refreshToken: 'rt-1' })).resolves.toBe(true);
  expect(op.to('/revoke')).toHaveLength(1);
});

describe('what openid-client throws', () => {
  const ours = new ProviderUnavailableError('provider_timeout', 'The provider did not answer within 5 s.');
  const wrapped = (depth: number): Error =>
    depth === 0 ? ours : new Error('something went wrong', { cause: wrapped(depth - 1) });

  it.each([0, 1, 2, 4])('is our own error, where there is one, %d wrappings deep', (depth) => {
    expect(asOurError(wrapped(depth))).toBe(ours);
  });

  it('is not searched without end', () => {
    expect(asOurError(wrapped(5))).toMatchObject({ code: 'provider_protocol' });
    const circle = new Error('a');
    circle.cause = new Error('b', { cause: circle });
    expect(asOurError(circle)).toMatchObject({ code: 'provider_protocol' });
  });

  it.each<[unknown, string, string | undefined]>([
    [{ code: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' }, 'id_token_invalid', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    [{ code: 'OAUTH_INVALID_RESPONSE' }, 'provider_protocol', 'OAUTH_INVALID_RESPONSE'],
    [{ code: 'NO_OAUTH_JWT_' }, 'provider_protocol', 'NO_OAUTH_JWT_'],
    [{ code: 7 }, 'provider_protocol', undefined],
    [{}, 'provider_protocol', undefined],
    [undefined, 'provider_protocol', undefined],
    [null, 'provider_protocol', undefined],
  ])('is, of %j, an error %s, and of what it holds only the code is kept', (members, code, cause) => {
    const thrown = members && Object.assign(new Error('the whole answer: at-1'), members, { body: 'at-1' });
    const error = asOurError(thrown) as Error & { code: string };
    expect([error.code, (error.cause as Error | undefined)?.message]).toEqual([code, cause]);
    expect(error.message).toMatch(
      code === 'id_token_invalid'
        ? /^The provider's id_token is not valid\.$/
        : /^The provider's answer does not follow the protocol\.$/,
    );
  });
});
