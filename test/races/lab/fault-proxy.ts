import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { portToKeep } from '../../support/free-port.js';

/** What a proxy does to everything that goes through it. */
export type Fault =
  /** Every byte arrives this much later, in either direction. */
  | { readonly delay: number }
  /** Connections are accepted, and nothing passes until the fault is over: a frozen server, a lost network. */
  | 'silent'
  /** Nobody listens, and whatever was connected is cut. */
  | 'refused'
  /** Connections are accepted, and cut at once. */
  | 'reset';

/** Sees the bytes of one connection before they are passed on, and passes them on itself. */
export interface Tap {
  request(chunk: Buffer, pass: (bytes: Buffer) => void): Promise<void>;
  answer(chunk: Buffer, pass: (bytes: Buffer) => void): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP proxy on a free port of loopback that fails on demand. */
export class FaultProxy {
  readonly #target: () => number;
  readonly #tap: ((cut: () => void) => Tap) | undefined;
  readonly #links = new Set<Link>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #server: Server | undefined;
  #port = 0;
  #fault: Fault | undefined;
  #answersToLose = 0;
  #passing: Promise<void> = Promise.resolve();
  #passAgain = () => {};

  private constructor(target: () => number, tap?: (cut: () => void) => Tap) {
    this.#target = target;
    this.#tap = tap;
  }

  /**
   * @param target the port on loopback to which it leads, asked for at every connection.
   * @param tap makes what watches one connection; its argument cuts that connection.
   */
  static async start(target: () => number, tap?: (cut: () => void) => Tap): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, tap);
    await proxy.#listen();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Sets the fault, or ends it. */
  async set(fault?: Fault): Promise<void> {
    this.#fault = fault;
    this.#passAgain();
    if (fault === 'silent') {
      this.#passing = new Promise((resolve) => {
        this.#passAgain = resolve;
      });
    }
    if (fault === 'refused' || fault === 'reset') this.cut();
    if (fault === 'refused') await this.#deafen();
    else if (!this.#server) await this.#listen();
  }

  /** Cuts every connection that there is now. */
  cut(): void {
    for (const link of this.#links) sever(link);
  }

  /** Passes the next requests on, and cuts the connection when the answer comes. */
  loseAnswers(count: number): void {
    this.#answersToLose = count;
  }

  async close(): Promise<void> {
    this.#fault = 'refused';
    this.#passAgain();
    this.cut();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#deafen();
  }

  async #listen(): Promise<void> {
    // Whoever refuses connections for a while must find the port free afterwards.
    this.#port ||= await portToKeep();
    this.#server = createServer((client) => this.#accept(client)).listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async #deafen(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  #accept(client: Socket): void {
    client.on('error', () => client.destroy());
    if (this.#fault === 'reset' || this.#fault === 'refused') {
      client.resetAndDestroy();
      return;
    }
    const server = dial(this.#target(), '127.0.0.1');
    const link = { client, server };
    this.#links.add(link);
    const over = () => {
      this.#links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', over).on('close', over);
    }
    const tap = this.#tap?.(() => sever(link));
    this.#pump(client, server, tap?.request.bind(tap));
    this.#pump(server, client, tap?.answer.bind(tap), () => {
      if (this.#answersToLose === 0) return false;
      this.#answersToLose -= 1;
      sever(link);
      return true;
    });
  }

  /** One direction of a connection: in order, and each piece only when the fault of the moment lets it pass. */
  #pump(from: Socket, to: Socket, see?: Tap['request'], loses = () => false): void {
    let before: Promise<void> = Promise.resolve();
    const pass = (bytes: Buffer) => {
      if (to.writable) to.write(bytes);
    };
    from.on('data', (chunk: Buffer) => {
      const fault = this.#fault;
      const late = typeof fault === 'object' ? this.#sleep(fault.delay) : undefined;
      before = before
        .then(async () => {
          await late;
          await this.#passing;
          if (loses() || from.destroyed) return;
          if (see) await see(chunk, pass);
          else pass(chunk);
        })
        .catch(() => {
          to.destroy();
        });
    });
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, milliseconds);
      this.#timers.add(timer);
    });
  }
}

function sever({ client, server }: Link): void {
  client.resetAndDestroy();
  server.destroy();
}
