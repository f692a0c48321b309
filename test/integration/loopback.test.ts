import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { decodeProtectedHeader } from 'jose';
import { aliyun, aliyunPds, aliyunPdsJwt, oidc } from '../../src/index.js';
import { loginViaLoopback } from '../../src/native/index.js';
import { type Lab, startLab } from '../../src/testing/index.js';
import { freePort } from '../support/free-port.js';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ providers: ['aliyun', 'pds', 'oidc'] });
});
afterAll(() => lab.close());

async function nativeProvider(name: string, host: string) {
  const port = await freePort();
  const redirectUri = `http://${host === '::1' ? '[::1]' : host}:${port}/callback`;
  const provider = lab.provider(name);
  provider.registerRedirectUri(redirectUri);
  const { endpoints, clients, details } = provider;
  const clientId = clients.native?.clientId as string;
  return name === 'aliyun'
    ? aliyun({ clientId, endpoints, redirectUri })
    : aliyunPds({ clientId, endpoints, redirectUri, domainId: details.domainId as string });
}

/** The status of what answers at a URL, when it is called by another name. */
async function statusBy(host: string, url: URL): Promise<number | undefined> {
  const [answer] = (await once(get(url, { headers: { host } }), 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

it('a provider without a login page is refused before anything is opened', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = aliyunPdsJwt({ domainId: 'bj1', clientId: '1', privateKey });
  const open = () => {
    throw new Error('opened');
  };
  await expect(loginViaLoopback(provider, { open })).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringContaining('loginWithAssertion'),
  });
});

describe.each(['aliyun', 'pds'])('a program that logs in at %s', (name) => {
  it.each(['127.0.0.1', '::1'])(
    'by the loopback address %s gets the tokens and the user, without a secret',
    async (host) => {
      const provider = lab.provider(name);
      provider.clearRequests();
      let page = '';
      const { user, tokens } = await loginViaLoopback(await nativeProvider(name, host), {
        open: async (url) => {
          const callback = await provider.signIn(url);
          const answer = await fetch(callback);
          page = await answer.text();
          expect(answer.status).toBe(200);
        },
      });
      expect(page).toContain('You can close this window');
      expect(user.sub).toBe(provider.users[0]?.sub);
      expect(tokens.accessToken).toEqual(expect.any(String));
      expect(provider.tokenRequests()[0]?.form).not.toHaveProperty('client_secret');
    },
  );

  it('takes one answer, and refuses whatever else calls its port', async () => {
    const provider = lab.provider(name);
    const configured = await nativeProvider(name, '127.0.0.1');
    const { origin } = new URL(configured.redirectUri as string);
    let callback: URL | undefined;
    await loginViaLoopback(configured, {
      open: async (url) => {
        callback = await provider.signIn(url);
        expect((await fetch(`${origin}/`)).status).toBe(404);
        expect((await fetch(`${origin}/callback`)).status).toBe(400);
        expect((await fetch(`${origin}/callback?code=x&state=${'y'.repeat(43)}`)).status).toBe(400);
        expect((await fetch(callback, { method: 'POST' })).status).toBe(404);
        const answers = await Promise.all([fetch(callback), fetch(callback).catch(() => undefined)]);
        expect(answers.filter((answer) => answer?.status === 200)).toHaveLength(1);
      },
    });
    await expect(fetch(callback as URL)).rejects.toThrow();
  });

  it('refuses the right answer when it comes by another host name, and goes on waiting', async () => {
    const provider = lab.provider(name);
    const configured = await nativeProvider(name, '127.0.0.1');
    const { host: own, port } = new URL(configured.redirectUri as string);
    const { tokens } = await loginViaLoopback(configured, {
      open: async (url) => {
        const callback = await provider.signIn(url);
        // DNS rebinding: a page whose name was made to point here has the same origin as what it calls.
        for (const host of [
          `evil.example:${port}`,
          'evil.example',
          `localhost:${port}`,
          `${own}.evil.example`,
        ]) {
          expect([host, await statusBy(host, callback)]).toEqual([host, 404]);
        }
        expect(await statusBy(own, callback)).toBe(200);
      },
    });
    expect(tokens.accessToken).toEqual(expect.any(String));
  });

  it('gives up after its time limit, and when the user declines', async () => {
    const configured = await nativeProvider(name, '127.0.0.1');
    await expect(loginViaLoopback(configured, { open: () => {}, timeout: 0.05 })).rejects.toMatchObject({
      name: 'LoginRequiredError',
    });
    const declined = loginViaLoopback(await nativeProvider(name, '127.0.0.1'), {
      open: async (url) => {
        const state = new URL(url).searchParams.get('state');
        const redirectUri = new URL(url).searchParams.get('redirect_uri');
        await fetch(`${redirectUri}?error=access_denied&state=${state}`);
      },
    });
    await expect(declined).rejects.toMatchObject({ name: 'AuthorizationDeniedError' });
  });
});

it('a loopback login says what is wrong with its options', async () => {
  const provider = await nativeProvider('aliyun', '127.0.0.1');
  for (const options of [{ port: -1 }, { host: '0.0.0.0' }, { timeout: 0 }, { browser: 'x' }]) {
    await expect(loginViaLoopback(provider, options as never)).rejects.toMatchObject({
      name: 'ConfigurationError',
    });
  }
  const remote = aliyun({ clientId: 'x', redirectUri: 'https://app.example.com/callback' });
  await expect(loginViaLoopback(remote)).rejects.toMatchObject({ code: 'conflicting_options' });
  await expect(loginViaLoopback({} as never)).rejects.toMatchObject({ code: 'invalid_option' });
  const posted = oidc({
    name: 'oidc',
    issuer: lab.provider('oidc').origin,
    clientId: 'x',
    responseMode: 'form_post',
  });
  let opened = false;
  const open = () => {
    opened = true;
  };
  await expect(loginViaLoopback(posted, { open })).rejects.toMatchObject({
    name: 'ConfigurationError',
    code: 'conflicting_options',
    message: expect.stringContaining('responseMode'),
  });
  expect(opened).toBe(false);
});

it('a program whose tokens are bound gets the key to which they are', async () => {
  const op = lab.provider('oidc');
  op.settings.requireDpop = true;
  const redirectUri = `http://127.0.0.1:${await freePort()}/callback`;
  op.registerRedirectUri(redirectUri);
  const clientId = op.clients.native.clientId;
  const provider = oidc({ name: 'oidc', issuer: op.origin, clientId, redirectUri, dpop: true });
  const { tokens, proofKey } = await loginViaLoopback(provider, {
    open: async (url) => void (await fetch(await op.signIn(url))),
  });
  expect(tokens.tokenType).toBe('DPoP');
  const { kty, crv, x, y } = proofKey ?? {};
  expect(decodeProtectedHeader(op.tokenRequests()[0]?.headers.dpop ?? '').jwk).toEqual({ kty, crv, x, y });
});
