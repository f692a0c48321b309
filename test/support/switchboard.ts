import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that the test can make slow, cut without a word, or lead elsewhere. */
export interface Switchboard {
  readonly url: string;
  /** The port to which new connections lead. */
  target: number;
  /** Milliseconds by which every answer is late, from now on. */
  delay: number;
  /** How many connections were made. */
  readonly connections: number;
  /** From now on nothing comes through the connections that there are, and none of them closes. */
  holdAll(): void;
  close(): Promise<void>;
}

export async function startSwitchboard(port: number): Promise<Switchboard> {
  const sockets = new Set<Socket>();
  let held = new WeakSet<Socket>();
  let count = 0;
  const server = createServer((near) => {
    count += 1;
    const far = connect(board.target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    near.on('data', (bytes) => {
      if (!held.has(near)) far.write(bytes);
    });
    // Late by one timer for each piece: timers of the same length keep their order.
    far.on('data', (bytes) => {
      const pass = () => {
        if (!held.has(near) && !near.destroyed) near.write(bytes);
      };
      if (board.delay > 0) setTimeout(pass, board.delay).unref();
      else pass();
    });
    near.on('close', () => far.destroy());
    far.on('close', () => {
      if (!held.has(near)) near.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const board = {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: port,
    delay: 0,
    get connections() {
      return count;
    },
    holdAll() {
      held = new WeakSet(sockets);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return board;
}
