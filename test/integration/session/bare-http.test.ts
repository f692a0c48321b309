import { execFile } from 'node:child_process';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { Request, RequestHandler, Response } from 'express';
import request from 'supertest';
import { oauthSession } from '../../../src/index.js';
import { both, cookieOf, dataOf, middlewares, SECRET } from '../../support/session-app.js';

type Handler = (req: Request, res: Response) => void;

/** A server without Express: nothing gives its requests an `originalUrl`. */
async function serve(session: RequestHandler, handle: Handler) {
  const server = createServer((req: IncomingMessage, res: ServerResponse) => {
    session(req as Request, res as Response, (error?: unknown) => {
      if (error) {
        res.statusCode = 500;
        res.end((error as Error).message);
      } else handle(req as Request, res as Response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { server, port, url: `http://127.0.0.1:${port}`, close };
}

const count: Handler = (req, res) => {
  const data = dataOf(req);
  data.n = (data.n ?? 0) + 1;
  res.end(String(data.n));
};

it.each(both)('%s keeps sessions of a server without Express', async (middleware) => {
  const server = await serve(middlewares[middleware](), count);
  const agent = request.agent(server.url);
  expect(cookieOf(await agent.get('/').expect(200, '1'))).toBeDefined();
  await agent.get('/x?y').expect(200, '2');
  await server.close();
});

it.each(both)('%s finds the session of a WebSocket upgrade, which Express never sees', async (middleware) => {
  const session = middlewares[middleware]();
  const server = await serve(session, count);
  const cookie = cookieOf(await request(server.url).get('/')) as string;
  const found = new Promise((resolve) => {
    server.server.on('upgrade', (req: Request, socket) => {
      session(req, {} as Response, () => {
        resolve(dataOf(req).n);
        socket.destroy();
      });
    });
  });
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket', Cookie: cookie };
  httpRequest({ port: server.port, host: '127.0.0.1', headers })
    .on('error', () => {})
    .end();
  expect(await found).toBe(1);
  await server.close();
});

it.each([
  ['no socket and no URL', { socket: undefined, url: undefined }],
  ['an empty URL', { url: '' }],
])('a request with %s has a session', async (_what, facts) => {
  const session = oauthSession({ secret: SECRET });
  const req = { headers: { host: 'localhost' }, ...facts } as unknown as Request;
  await new Promise((resolve) => session(req, {} as Response, resolve));
  expect(req.session.id).toBe(req.sessionID);
});

/** In a process of its own, as nobody catches the error. */
const NOBODY_TAKES_IT = `
  import { createServer, get } from 'node:http';
  import { oauthSession } from './src/index.ts';
  const session = oauthSession({ secret: 'a secret of thirty-two characters' });
  process.on('unhandledRejection', (error) => console.log('uncaught:', error.message));
  const server = createServer((req, res) => session(req, res, (error) => {
    if (error) throw error;
    req.sessionStore.set = (sid, data, done) => done(new Error('down'));
    req.session.n = 1;
    res.write('the beginning');
    res.end('the end');
  }));
  server.listen(0, '127.0.0.1', () => {
    const over = () => { console.log('broken off'); process.exit(); };
    get({ host: '127.0.0.1', port: server.address().port }, (res) => res.resume().on('error', over)).on('error', over);
    setTimeout(() => process.exit(), 10000);
  });
`;

it('an answer that has begun is broken off though nobody takes the error of its save', async () => {
  const args = ['--import', 'tsx', '--input-type=module', '-e', NOBODY_TAKES_IT];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toBe('uncaught: down\nbroken off\n');
}, 30_000);
