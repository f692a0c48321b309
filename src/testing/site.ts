import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { type Answer, type Call, json } from './http.js';

/** Answers a call, or returns nothing to have the connection cut. */
export type Serve = (call: Call) => Promise<Answer | undefined>;

/** One origin: a server that listens. */
export interface Site {
  /** Such as `http://127.0.0.1:53021`. */
  readonly origin: string;
  /** Starts to answer; until then connections are cut. */
  serve(serve: Serve): void;
  /** Cuts all connections, and new ones until it is called with `false`. */
  down(isDown: boolean): void;
  /** Stops listening and cuts all connections. */
  close(): Promise<void>;
}

const bodyLimit = 1024 * 1024;

/** Where a site listens, and by which host name it is known. */
export interface Place {
  readonly host: string;
  readonly publicHost: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Listens. */
export async function openSite({ host, publicHost, port }: Place): Promise<Site> {
  const sockets = new Set<Socket>();
  let isDown = false;
  let serve: Serve = async () => undefined;

  const server = createServer((request, response) => void exchange(request, response));
  server.on('connection', (socket) => {
    if (isDown) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const origin = `http://${publicHost.includes(':') ? `[${publicHost}]` : publicHost}:${address.port}`;

  async function exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request, origin).catch(() => undefined);
    if (call === undefined) {
      request.socket.destroy();
      return;
    }
    const answer = await serve(call).catch((error: unknown) =>
      // A stand-in that throws is a defect of the lab. Say so where the developer will look.
      json(500, { error: 'lab_defect', error_description: String(error) }),
    );
    if (answer === undefined) {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, {
      ...answer.headers,
      'content-length': Buffer.byteLength(answer.body),
    });
    response.end(answer.body);
  }

  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    origin,
    serve(next) {
      serve = next;
    },
    down(next) {
      isDown = next;
      if (isDown) cutAll();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cutAll();
      }),
  };
}

async function readCall(request: IncomingMessage, origin: string): Promise<Call> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new Error(`a request body of more than ${bodyLimit} bytes`);
    chunks.push(chunk);
  }
  return {
    method: request.method ?? 'GET',
    url: new URL(origin + (request.url ?? '/')),
    headers: request.headers,
    body: Buffer.concat(chunks),
    socket: request.socket,
  };
}
