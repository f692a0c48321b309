import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a server got. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What to answer: a string or bytes go out as they are, anything else as JSON. */
export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface TestServer {
  readonly url: string;
  readonly requests: Received[];
  close(): Promise<void>;
}

/** A server on a free port. What answers may write to the response itself, and then returns nothing. */
export async function startServer(
  answer: (request: Received, response: ServerResponse) => Reply | undefined | Promise<Reply | undefined>,
): Promise<TestServer> {
  const requests: Received[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const request: Received = {
      method: req.method ?? '',
      url: req.url ?? '',
      headers: req.headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(request);
    const reply = await answer(request, res);
    if (!reply) return;
    const { status = 200, headers = {}, body } = reply;
    const asIs = typeof body === 'string' || body instanceof Uint8Array;
    res.writeHead(status, {
      ...(asIs || body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    });
    res.end(asIs || body === undefined ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
