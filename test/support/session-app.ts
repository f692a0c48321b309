import type { AddressInfo } from 'node:net';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import expressSession, { type CookieOptions, type MemoryStore } from 'express-session';
import request from 'supertest';
import { type OAuthSessionOptions, oauthSession } from '../../src/index.js';

export const SECRET = 'a secret of thirty-two characters';

/** What tests keep in sessions. */
export interface Data {
  n?: number;
  list?: number[];
  [name: string]: unknown;
}

export const dataOf = (req: Request) => req.session as unknown as Data;

export interface SessionApp {
  readonly url: string;
  /** What reached the error handler. */
  readonly errors: Error[];
  /** A browser of its own. */
  agent(): ReturnType<typeof request.agent>;
  close(): Promise<void>;
}

/** The middleware under test, and the one whose behaviour it promises. */
export const middlewares = {
  oauthSession: (cookie: CookieOptions = {}, secret: string | string[] = SECRET) =>
    oauthSession({ secret, ...(Object.keys(cookie).length > 0 && { cookie, name: 'sid' }) }),
  'express-session': (cookie: CookieOptions = {}, secret: string | string[] = SECRET) =>
    expressSession({
      name: 'sid',
      secret,
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: 'lax', ...cookie },
      store: new (expressSession as unknown as { MemoryStore: new () => MemoryStore }).MemoryStore(),
    }),
};

export type Middleware = keyof typeof middlewares;

export const both = Object.keys(middlewares) as Middleware[];

const open: SessionApp[] = [];

/** Closes all apps that a file of tests has started. */
export async function closeSessionApps(): Promise<void> {
  await Promise.all(open.splice(0).map((app) => app.close()));
}

/** An app with a session middleware, and nothing else but its routes. */
export async function startSessionApp(
  use: express.RequestHandler | OAuthSessionOptions,
  routes: (app: Express) => void,
): Promise<SessionApp> {
  const app = express();
  const errors: Error[] = [];
  app.set('trust proxy', true);
  app.use(typeof use === 'function' ? use : oauthSession(use));
  routes(app);
  app.use((error: Error & { status?: number }, _req: Request, res: Response, next: NextFunction) => {
    errors.push(error);
    if (res.headersSent) next(error);
    else res.status(error.status ?? 500).send(error.message);
  });
  const server = await new Promise<import('node:http').Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const started: SessionApp = {
    url,
    errors,
    agent: () => request.agent(url),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  open.push(started);
  return started;
}

/** The cookie of an answer, without its attributes; `undefined` where none was set. */
export function cookieOf(answer: { headers: Record<string, unknown> }): string | undefined {
  const set = (answer.headers['set-cookie'] as string[] | undefined)?.find((one) => /sid=/.test(one));
  return set?.split(';')[0];
}
