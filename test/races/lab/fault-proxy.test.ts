import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { FaultProxy } from './fault-proxy.js';

let server: Server;
let proxy: FaultProxy;
/** What the server has got, in all connections. */
let got: string[];
const sockets: Socket[] = [];

beforeEach(async () => {
  got = [];
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      got.push(bytes.toString());
      socket.write(`echo ${bytes}`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultProxy.start(() => (server.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});

function open(): Socket {
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

/** The next bytes, or how the connection ended. */
function next(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString()));
    socket.once('close', () => resolve('closed'));
  });
}

function nothingWithin(milliseconds: number, socket: Socket): Promise<string> {
  const nothing = new Promise<string>((resolve) => setTimeout(() => resolve('nothing'), milliseconds));
  return Promise.race([next(socket), nothing]);
}

it('passes on what comes, both ways', async () => {
  const socket = open();
  socket.write('a');
  expect(await next(socket)).toBe('echo a');
});

it('delays each way', async () => {
  await proxy.set({ delay: 100 });
  const socket = open();
  const begin = Date.now();
  socket.write('a');
  expect(await next(socket)).toBe('echo a');
  expect(Date.now() - begin).toBeGreaterThanOrEqual(195);
});

it('accepts and is silent, also to those who were connected, and passes on what it held when that is over', async () => {
  const before = open();
  before.write('a');
  await next(before);
  await proxy.set('silent');
  const during = open();
  await once(during, 'connect');
  for (const socket of [before, during]) socket.write('b');
  const answers = [before, during].map((socket) => nothingWithin(100, socket));
  expect(await Promise.all(answers)).toEqual(['nothing', 'nothing']);
  expect(got).toEqual(['a']);
  const after = [before, during].map(next);
  await proxy.set();
  expect(await Promise.all(after)).toEqual(['echo b', 'echo b']);
});

it('refuses, cuts those who were connected, and listens on the same port again', async () => {
  const before = open();
  before.write('a');
  await next(before);
  const { port } = proxy;
  const cut = next(before);
  await proxy.set('refused');
  expect(await cut).toBe('closed');
  const [error] = await once(connect(port, '127.0.0.1'), 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.set();
  expect(proxy.port).toBe(port);
  const after = open();
  after.write('b');
  expect(await next(after)).toBe('echo b');
});

it('resets who connects', async () => {
  await proxy.set('reset');
  expect(await next(open())).toBe('closed');
});

it('passes a request on and loses its answer, as often as it is told to', async () => {
  proxy.loseAnswers(1);
  const first = open();
  first.write('a');
  expect(await next(first)).toBe('closed');
  expect(got).toEqual(['a']);
  const second = open();
  second.write('b');
  expect(await next(second)).toBe('echo b');
});

it('cuts what is connected and takes new connections', async () => {
  const before = open();
  before.write('a');
  await next(before);
  const cut = next(before);
  proxy.cut();
  expect(await cut).toBe('closed');
  const after = open();
  after.write('b');
  expect(await next(after)).toBe('echo b');
});
