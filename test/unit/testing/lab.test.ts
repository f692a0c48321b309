import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { type Lab, type LabRequest, maskSecrets, startLab } from '../../../src/testing/index.js';
import { authorizationUrl, get, redirectUri, tokensFor } from './aliyun-client.js';

const labs: Lab[] = [];

async function started(...options: Parameters<typeof startLab>): Promise<Lab> {
  const lab = await startLab(...options);
  labs.push(lab);
  return lab;
}

afterEach(() => Promise.all(labs.splice(0).map((lab) => lab.close())));

describe('startLab', () => {
  it('starts every provider on an origin of its own', async () => {
    const lab = await started();
    const origins = Object.entries(lab.providers).map(([name, { origin, endpoints }]) => {
      expect(new URL(endpoints.token ?? '').origin).toBe(origin);
      expect(lab.provider(name).name).toBe(name);
      return origin;
    });
    expect(Object.keys(lab.providers)).toEqual([
      'aliyun',
      'oidc',
      'pds',
      'welink',
      'open-platform',
      'douyin',
      'dingtalk',
      'feishu',
    ]);
    expect(new Set(origins).size).toBe(origins.length);
    for (const origin of origins) expect((await get(`${origin}/nowhere`)).status).toBe(404);
  });

  it('starts the ones it is asked for, and says which those are', async () => {
    const lab = await started({ providers: ['aliyun'] });
    expect(() => lab.provider('oidc')).toThrow("no provider 'oidc', only aliyun");
    expect(() => lab.provider('constructor')).toThrow("no provider 'constructor'");
  });

  it.each<[string, object, RegExp]>([
    ['an option', { provider: 'aliyun' }, /no 'provider', only providers, port/],
    [
      'a setting',
      { defaults: { accessTokenLifetme: 1 } },
      /no 'accessTokenLifetme', only accessTokenLifetime/,
    ],
    ['providers that are no array', { providers: 'aliyun' }, /an array of names/],
    ['settings that are no object', { defaults: 5 }, /takes an object/],
  ])('refuses %s it does not have', async (_what, options, message) => {
    await expect(startLab(options as never)).rejects.toThrow(message);
  });

  it.each([
    [['lab', '--providers', 'aliyun'], 2, /^Unknown option '--providers'\. See --help\.\n$/],
    [['lab', '--provider', 'nobody'], 1, /^There is no lab provider 'nobody'[^\n]*\n$/],
  ])('says in one line what is wrong with %j', async (args, code, line) => {
    const cli = join(import.meta.dirname, '../../../src/testing/cli.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', cli, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let printed = '';
    child.stderr.on('data', (text: Buffer) => {
      printed += text;
    });
    expect(await once(child, 'close')).toEqual([code, null]);
    expect(printed).toMatch(line);
  });

  it('refuses a provider it does not have', async () => {
    await expect(startLab({ providers: ['nobody' as 'oidc'] })).rejects.toThrow("no lab provider 'nobody'");
  });

  it('gives the first provider the port that is asked for, and fails if it is taken', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    await expect(startLab({ providers: ['aliyun'], port })).rejects.toThrow('EADDRINUSE');
    await new Promise((resolve) => other.close(resolve));
  });

  it('applies the settings it is given over those of the provider', async () => {
    const lab = await started({ providers: ['aliyun'], defaults: { accessTokenLifetime: 5 } });
    expect(lab.provider('aliyun').settings).toMatchObject({
      accessTokenLifetime: 5,
      rotateRefreshTokens: false,
    });
  });

  it('leaves nothing listening after close', async () => {
    const lab = await startLab({ providers: ['aliyun'] });
    await lab.close();
    await expect(get(lab.provider('aliyun').origin)).rejects.toThrow('fetch failed');
  });
});

describe('signIn', () => {
  it('names the users when it is asked for one that is not there', async () => {
    const provider = (await started({ providers: ['aliyun'] })).provider('aliyun');
    await expect(provider.signIn(provider.origin, { user: 'eve' })).rejects.toThrow(
      'owner, alice, role, mallory',
    );
  });
});

describe('the request log', () => {
  it('keeps what came, oldest first, and tells listeners until they leave', async () => {
    const provider = (await started({ providers: ['aliyun'] })).provider('aliyun');
    provider.registerRedirectUri(redirectUri);
    const heard: LabRequest[] = [];
    const leave = provider.onRequest((request) => heard.push(request));
    await tokensFor(provider);
    leave();
    await get(`${provider.origin}/nowhere?a=b`);

    expect(heard.map(({ endpoint }) => endpoint)).toEqual([
      'authorization',
      'login-page',
      'login-page',
      'authorization',
      'login-page',
      'token',
    ]);
    expect(provider.requests.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(provider.requests.at(-1)).toMatchObject({
      endpoint: 'other',
      method: 'GET',
      path: '/nowhere',
      query: { a: 'b' },
      status: 404,
      answer: { error: 'not_found' },
    });
    expect(provider.tokenRequests('authorization_code')).toMatchObject([
      { grant: 'authorization_code', status: 200 },
    ]);
    expect(provider.tokenRequests('refresh_token')).toEqual([]);
    provider.clearRequests();
    expect(provider.requests).toEqual([]);
  });

  it('survives a listener that throws', async () => {
    const provider = (await started({ providers: ['aliyun'] })).provider('aliyun');
    provider.onRequest(() => {
      throw new Error('oops');
    });
    const { emitWarning } = process;
    const warnings: unknown[] = [];
    process.emitWarning = (warning: unknown) => void warnings.push(warning);
    try {
      expect((await get(provider.endpoints.jwks)).status).toBe(200);
    } finally {
      process.emitWarning = emitWarning;
    }
    expect(warnings).toEqual([expect.stringContaining('oops')]);
  });

  it('can be shown after masking: no secret of a whole login is left in it', async () => {
    const provider = (await started({ providers: ['aliyun'] })).provider('aliyun');
    provider.registerRedirectUri(redirectUri);
    const { access_token, refresh_token, id_token } = await tokensFor(provider);
    await get(provider.api, access_token);
    const [token] = provider.tokenRequests();
    const { code, client_secret } = token?.form ?? {};
    const cookie = provider.requests.map(({ headers }) => headers.cookie).find(Boolean) ?? '';
    const secrets = [access_token, refresh_token, id_token, code, client_secret, cookie.split('=')[1]];

    const raw = JSON.stringify(provider.requests);
    const shown = JSON.stringify(provider.requests.map(maskSecrets));
    for (const secret of secrets) {
      expect(raw).toContain(secret);
      expect(shown).not.toContain(secret);
      expect(shown).toContain(`${secret?.slice(0, 4)}…`);
    }
    expect(shown).toContain(provider.clients.web.clientId);
  });
});

describe('maskSecrets', () => {
  const request: LabRequest = {
    id: 1,
    at: 0,
    provider: 'x',
    endpoint: 'token',
    method: 'POST',
    path: '/',
    query: { code: 'a-code-of-some-length', id_token_hint: 'eyJhbGciOiJub25lIn0', scope: 'openid' },
    headers: {
      authorization: 'Bearer abcdefghijkl',
      'x-wlk-authorization': 'raw-token-of-welink',
      referer: 'http://a.example/b?code=secret-code',
      accept: '*/*',
    },
    json: {
      clientSecret: 'very-secret-thing',
      nested: [{ refreshToken: 'refresh-me-please' }],
      grantType: 'x',
    },
    status: 200,
    answer: { code: '60001', access_token: 'short', expires_in: '28800' },
  };

  it('masks wherever a secret can be, keeps four characters of long ones and none of short ones', () => {
    const masked = maskSecrets(request);
    expect(masked.query).toEqual({ code: 'a-co…', id_token_hint: 'eyJh…', scope: 'openid' });
    expect(masked.headers).toEqual({
      authorization: 'Bearer abcd…',
      'x-wlk-authorization': 'raw-…',
      referer: 'http://a.example/b?…',
      accept: '*/*',
    });
    expect(masked.json).toEqual({
      clientSecret: 'very…',
      nested: [{ refreshToken: 'refr…' }],
      grantType: 'x',
    });
    expect(masked.answer).toEqual({ code: '60001', access_token: '…', expires_in: '28800' });
  });

  it('leaves the original as it is', () => {
    const before = structuredClone(request);
    maskSecrets(request);
    expect(request).toEqual(before);
  });
});

describe('the pages', () => {
  it('are for everybody: language, viewport, labelled buttons, no script, and a notice what this is', async () => {
    const provider = (await started({ providers: ['aliyun'] })).provider('aliyun');
    provider.registerRedirectUri(redirectUri);
    const answer = await fetch(authorizationUrl(provider));
    const page = await answer.text();
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toContain('name="viewport"');
    expect(page).toContain('not the real provider');
    expect(page).not.toContain('<script');
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  });

  it('escape what is not theirs', async () => {
    const provider = (await started({ providers: ['oidc'] })).provider('oidc');
    const url = `${provider.endpoints.authorization}?client_id=${encodeURIComponent('<img src=x>')}`;
    const page = await (await fetch(url, { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('This request cannot be answered');
    expect(page).not.toContain('<img');
  });
});
