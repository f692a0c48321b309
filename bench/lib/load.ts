import { connect, type Socket } from 'node:net';

export interface Load {
  readonly url: string;
  readonly path: string;
  /** `Cookie` headers that take turns; an empty one is left out. */
  readonly cookies: readonly string[];
  readonly requests: number;
  /** Connections that are kept alive, each with one request under way at any time. */
  readonly connections: number;
  /** The bodies of the answers, in the order of the cookies. */
  readonly expected?: readonly string[];
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/**
 * Sends so many requests, as fast as they are answered, and returns the milliseconds that each took. It knows only as
 * much HTTP as these servers speak, to take as little of the machine as it can.
 *
 * @throws Error if an answer is not 200 or not what was expected: fast refusals are no feat.
 */
export async function load(plan: Load): Promise<Float64Array> {
  const took = new Float64Array(plan.requests);
  const requests = plan.cookies.map((cookie) => encodeRequest(plan, cookie));
  let next = 0;
  const work = async () => {
    const connection = await Connection.open(plan.url);
    try {
      for (let index = next++; index < plan.requests; index = next++) {
        const who = index % requests.length;
        const begin = performance.now();
        const body = await connection.send(requests[who] as Buffer);
        took[index] = performance.now() - begin;
        const expected = plan.expected?.[who];
        if (expected !== undefined && body !== expected) {
          throw new Error(`${plan.url}${plan.path} answered ${body}, where ${expected} was due`);
        }
      }
    } finally {
      connection.close();
    }
  };
  await Promise.all(Array.from({ length: plan.connections }, work));
  return took;
}

function encodeRequest({ url, path }: Load, cookie: string): Buffer {
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${new URL(url).host}`, 'Accept: application/json'];
  if (cookie !== '') lines.push(`Cookie: ${cookie}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #answered: { resolve: (body: string) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk as Buffer));
    socket.on('close', () => this.#answered?.reject(new Error('The connection was closed')));
    socket.on('error', (error) => this.#answered?.reject(error));
  }

  static open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  send(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#answered = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#answered = undefined;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(END_OF_HEAD);
    if (end === -1) return;
    const head = this.#received.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    const status = head.slice(9, 12);
    if (status !== '200' || length === undefined) {
      this.#answered?.reject(new Error(`An answer of 200 with a Content-Length was due, this came: ${head}`));
      return;
    }
    const start = end + END_OF_HEAD.length;
    if (this.#received.length < start + Number(length)) return;
    const body = this.#received.toString('utf8', start, start + Number(length));
    this.#received = this.#received.subarray(start + Number(length));
    this.#answered?.resolve(body);
  }
}
