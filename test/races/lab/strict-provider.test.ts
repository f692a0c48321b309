import { createHash } from 'node:crypto';
import { type StrictProvider, startStrictProvider } from './strict-provider.js';

const VERIFIER = 'a verifier that is long enough to be taken by anybody';
let provider: StrictProvider;

beforeEach(async () => {
  provider = await startStrictProvider();
});
afterEach(() => provider.close());

interface TokenAnswer {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly error?: string;
}

async function post(path: string, form: Record<string, string>, process = '1') {
  const { id, secret } = provider.client;
  const credentials = Buffer.from(`${id}:${encodeURIComponent(secret)}`).toString('base64');
  const answer = await fetch(provider.issuer + path, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}`, 'x-process': process },
    body: new URLSearchParams(form),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as TokenAnswer };
}

async function logIn(user: string): Promise<TokenAnswer> {
  const redirectUri = 'http://127.0.0.1:1/callback';
  const url = new URL(`${provider.issuer}/authorize`);
  url.search = new URLSearchParams({
    client_id: provider.client.id,
    response_type: 'code',
    redirect_uri: redirectUri,
    state: 'state',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    login_as: user,
  }).toString();
  const { headers } = await fetch(url, { redirect: 'manual' });
  const code = new URL(headers.get('location') as string).searchParams.get('code') as string;
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: VERIFIER };
  const { body } = await post('/token', form);
  expect((await post('/token', form)).body.error).toBe('invalid_grant');
  return body;
}

const refresh = (token: string, process?: string) =>
  post('/token', { grant_type: 'refresh_token', refresh_token: token }, process);

it('takes each refresh token once, and ends the login of one that comes again', async () => {
  const first = await logIn('a');
  const second = await refresh(first.refresh_token, '7');
  expect(second.status).toBe(200);
  expect(provider.families.owner(second.body.access_token)).toMatchObject({
    serial: 2,
    family: { user: 'a' },
  });
  expect((await refresh(first.refresh_token, '8')).body.error).toBe('invalid_grant');
  expect((await refresh(second.body.refresh_token, '7')).body.error).toBe('invalid_grant');
  expect(provider.families.isGood(second.body.access_token)).toBe(false);
  const { uses, ended } = provider.families.of('a');
  expect(uses.map(({ process, outcome }) => [process, outcome])).toEqual([
    ['7', 'first'],
    ['8', 'reuse'],
    ['7', 'of an ended family'],
  ]);
  expect(ended).toMatchObject({ why: 'reuse', by: { process: '8', earlier: [{ process: '7' }] } });
});

it('forgives a second use within the grace', async () => {
  provider.strictness.reuseGrace = 60;
  const first = await logIn('a');
  const answers = [await refresh(first.refresh_token), await refresh(first.refresh_token)];
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(provider.families.of('a').uses.map(({ outcome }) => outcome)).toEqual(['first', 'within the grace']);
});

it('knows which answers were lost', async () => {
  const { refresh_token } = await logIn('a');
  provider.intercept = ({ moment }) => (moment === 'processed' ? 'cut' : undefined);
  await expect(refresh(refresh_token)).rejects.toThrow();
  provider.intercept = undefined;
  await refresh(refresh_token);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(provider.families.of('a').uses).toMatchObject([
    { outcome: 'first', answer: 'lost' },
    { outcome: 'reuse', answer: 'delivered' },
  ]);
});

it('ends a login when one of its tokens is revoked', async () => {
  const { access_token, refresh_token } = await logIn('a');
  await post('/revoke', { token: refresh_token });
  expect(provider.families.isGood(access_token)).toBe(false);
  expect(provider.families.of('a')).toMatchObject({ revoked: [1], ended: { why: 'revocation' } });
});

it('keeps users apart', async () => {
  const [a, b] = [await logIn('a'), await logIn('b')];
  await post('/revoke', { token: a.refresh_token });
  expect(provider.families.isGood(b.access_token)).toBe(true);
});

it.each([
  ['a wrong secret', async () => (await fetch(`${provider.issuer}/token`, { method: 'POST' })).status, 401],
  ['an unknown refresh token', async () => (await refresh('made up')).status, 400],
  [
    'an authorization request without PKCE',
    async () => (await fetch(`${provider.issuer}/authorize`)).status,
    400,
  ],
])('refuses %s', async (_what, ask, status) => {
  expect(await ask()).toBe(status);
});
