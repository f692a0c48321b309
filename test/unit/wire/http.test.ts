import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createProviderFetch, parseJson } from '../../../src/wire/http.js';
import { startServer, type TestServer } from './server.js';

const MiB = 1024 * 1024;
/** Longer than any of these calls takes; the tests that wait for a deadline use a short one. */
const LONG = 20;
const SHORT = 0.05;

/** As fetch fails. */
const failed = (cause: unknown) => new TypeError('fetch failed', { cause });

let server: TestServer;
afterEach(() => server?.close());

describe('a call to a provider', () => {
  it('gives status, headers and text, also from gzip', async () => {
    server = await startServer(() => ({
      status: 418,
      headers: { 'content-encoding': 'gzip', 'x-request-id': 'r-1' },
      body: gzipSync('{"größe":1}'),
    }));
    const { status, headers, text } = await createProviderFetch(LONG)(server.url, {});
    expect([status, headers.get('x-request-id'), text]).toEqual([418, 'r-1', '{"größe":1}']);
  });

  it('reads characters that come in two pieces, and an answer without a body', async () => {
    const [first, rest] = [
      Buffer.from('{"gr\u00f6\u00dfe":1}').subarray(0, 5),
      Buffer.from('{"gr\u00f6\u00dfe":1}').subarray(5),
    ];
    server = await startServer(({ url }, response) => {
      if (url === '/empty') return { status: 204 };
      response.writeHead(200).write(first, () => setTimeout(() => response.end(rest), 20));
      return undefined;
    });
    const call = createProviderFetch(LONG);
    expect((await call(server.url, {})).text).toBe('{"gr\u00f6\u00dfe":1}');
    expect((await call(`${server.url}/empty`, {})).text).toBe('');
  });

  it('takes an answer of exactly 1 MiB', async () => {
    server = await startServer(() => ({ body: 'x'.repeat(MiB) }));
    const { text } = await createProviderFetch(LONG)(server.url, {});
    expect(text).toHaveLength(MiB);
  });

  it.each([
    ['one byte more than 1 MiB', 'x'.repeat(MiB + 1), {}],
    ['a small gzip of 64 MiB', gzipSync(Buffer.alloc(64 * MiB)), { 'content-encoding': 'gzip' }],
  ])('refuses %s', async (_what, body, headers) => {
    server = await startServer(() => ({ body, headers }));
    await expect(createProviderFetch(LONG)(server.url, {})).rejects.toMatchObject({
      code: 'provider_protocol',
      message: expect.stringContaining('larger than 1048576 bytes'),
    });
  });

  it('refuses an endless body, and hangs up', async () => {
    let hungUp: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      hungUp = resolve;
    });
    server = await startServer((_request, response) => {
      response.on('close', hungUp);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        response.once('drain', more);
      };
      more();
      return undefined;
    });
    await expect(createProviderFetch(LONG)(server.url, {})).rejects.toMatchObject({
      code: 'provider_protocol',
    });
    await closed;
  });

  it.each([301, 302, 303, 307, 308])(
    'does not follow a %d, which would carry secrets away',
    async (status) => {
      server = await startServer(() => ({ status, headers: { location: '/elsewhere' } }));
      const answer = await createProviderFetch(LONG)(server.url, { method: 'POST', body: 'secret' });
      expect(answer.status).toBe(status);
      expect(server.requests).toHaveLength(1);
    },
  );

  it('does not follow redirects when the caller would', async () => {
    server = await startServer(() => ({ status: 302, headers: { location: '/elsewhere' } }));
    await createProviderFetch(LONG)(server.url, { redirect: 'follow' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('the deadline of a call', () => {
  const timedOut = {
    code: 'provider_timeout',
    status: 503,
    headers: { 'Retry-After': '1' },
    // The provider may have done what it was asked.
    outcomeUnknown: true,
  };

  it('ends a wait for headers', async () => {
    server = await startServer(() => undefined);
    await expect(createProviderFetch(SHORT)(server.url, {})).rejects.toMatchObject(timedOut);
  });

  it('ends a wait for the rest of the body', async () => {
    server = await startServer((_request, response) => {
      response.writeHead(200).write('{"access_token":');
      return undefined;
    });
    await expect(createProviderFetch(SHORT)(server.url, {})).rejects.toMatchObject(timedOut);
  });

  it('may be any number of seconds, whatever that is in binary milliseconds', async () => {
    server = await startServer(() => ({ body: 'ok' }));
    for (const seconds of [1.005, 2.01, 9.0001, 1e9]) {
      await expect(createProviderFetch(seconds)(server.url, {})).resolves.toMatchObject({ text: 'ok' });
    }
  });
});

describe('a provider that cannot be reached', () => {
  const unavailable = { code: 'provider_unavailable', status: 503, headers: { 'Retry-After': '1' } };

  it('refuses connections', async () => {
    server = await startServer(() => undefined);
    await server.close();
    await expect(createProviderFetch(LONG)(server.url, {})).rejects.toMatchObject(unavailable);
  });

  it('hangs up without an answer', async () => {
    server = await startServer((_request, response) => {
      response.destroy();
      return undefined;
    });
    await expect(createProviderFetch(LONG)(server.url, {})).rejects.toMatchObject(unavailable);
  });

  it('hangs up in the middle of its answer', async () => {
    server = await startServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"acc', () => response.destroy());
      return undefined;
    });
    await expect(createProviderFetch(LONG)(server.url, {})).rejects.toMatchObject(unavailable);
  });

  it('does not speak HTTP', async () => {
    server = await startServer(() => undefined);
    const other = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('SSH-2.0-OpenSSH_9.7\r\n', () => socket.destroy());
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(createProviderFetch(LONG)(`http://127.0.0.1:${port}`, {})).rejects.toMatchObject(
      unavailable,
    );
    await new Promise((resolve) => other.close(resolve));
  });

  // Whoever knows that a refresh token was never sent need not fear that it was used.
  it.each<[string, Error, boolean]>([
    ...[
      'ECONNREFUSED',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'ENOTFOUND',
      'EAI_AGAIN',
      'UND_ERR_CONNECT_TIMEOUT',
    ].map((code): [string, Error, boolean] => [code, failed({ code }), false]),
    ['ECONNRESET', failed({ code: 'ECONNRESET' }), true],
    ['UND_ERR_SOCKET', failed({ code: 'UND_ERR_SOCKET' }), true],
    ['a code that is no text', failed({ code: 7 }), true],
    ['no code', failed(new Error('other side closed')), true],
    ['no cause', new TypeError('fetch failed'), true],
  ])('may have done what it was asked, or not: %s', async (_why, error, unknown) => {
    const call = createProviderFetch(LONG, () => Promise.reject(error));
    const failure = await call('http://127.0.0.1:1', {}).catch((reason: object) => reason);
    expect(failure).toMatchObject(unavailable);
    expect(Object(failure).outcomeUnknown ?? false).toBe(unknown);
  });

  it('is not named, and no parameter of the call is, in the message', async () => {
    server = await startServer(() => undefined);
    await server.close();
    const call = createProviderFetch(LONG)(`${server.url}/?client_secret=hunter2`, {
      method: 'POST',
      body: 'hunter2',
    });
    await expect(call).rejects.toMatchObject({ message: 'The provider cannot be reached.' });
  });
});

it.each([
  ['{"a":1}', { a: 1 }],
  ['[1]', [1]],
  ['null', null],
  ['', undefined],
  ['{', undefined],
  ['<html>', undefined],
  ["{'a':1}", undefined],
])('parseJson(%p) is %p', (text, value) => {
  expect(parseJson(text)).toEqual(value);
});
