/** The app of the race laboratory, in a process of its own. Options come as JSON in the environment. */
import { RedisStore } from 'connect-redis';
import express, { type NextFunction, type Request, type Response } from 'express';
import session from 'express-session';
import { Redis } from 'ioredis';
import {
  aliyun,
  type OAuthRouterOptions,
  oauthErrorPage,
  oauthRouter,
  oauthSession,
  oidc,
  requireLogin,
} from '../../../src/index.js';
import { gate } from './flow.js';

/** What an app process is told. */
export interface AppOptions {
  readonly redis: string;
  readonly secret: string;
  readonly provider: { readonly factory: 'oidc' | 'aliyun'; readonly options: object };
  /** `own`: express-session and connect-redis as their documentation has them. `client`: ioredis as its documentation has it. */
  readonly session: 'url' | 'client' | 'own';
  readonly router: OAuthRouterOptions;
}

declare module 'express-session' {
  interface SessionData {
    note?: string;
  }
}

const options: AppOptions = JSON.parse(process.env.APP_OPTIONS as string);

// So that the provider knows which process asks.
const { fetch } = globalThis;
globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('x-process', String(process.pid));
  return fetch(input, { ...init, headers });
};

const app = express();
let router: ReturnType<typeof oauthRouter>;
const provider = makeProvider(options.provider);
if (options.session === 'own') {
  const client = ownClient();
  const store = new RedisStore({ client });
  app.use(session({ secret: options.secret, store, resave: false, saveUninitialized: false }));
  router = oauthRouter(provider, { ...options.router, redis: client, encryptionKeys: [options.secret] });
} else {
  const redis = options.session === 'client' ? ownClient() : options.redis;
  app.use(oauthSession({ redis, secret: options.secret }));
  router = oauthRouter(provider, options.router);
}
app.use(router);

const held = new Map<string, ReturnType<typeof gate>>();

app.get('/me', requireLogin, (req, res) => {
  res.json({ sub: req.oauth.user?.sub, note: req.session.note });
});
app.get(
  '/token',
  requireLogin,
  forward(async (req, res) => {
    res.json({ sub: req.oauth.user?.sub, accessToken: await req.oauth.getAccessToken() });
  }),
);
// Reads its session when it begins, and writes it when it is let go on.
app.get(
  '/slow/:key',
  forward(async (req, res) => {
    const key = String(req.params.key);
    const waiting = gate();
    held.set(key, waiting);
    await waiting.opened;
    held.delete(key);
    req.session.note = key;
    res.json({ key });
  }),
);
app.get('/held/:key', (req, res) => {
  res.json({ held: held.has(req.params.key) });
});
app.post('/release/:key', (req, res) => {
  held.get(req.params.key)?.open();
  res.status(204).end();
});
// Ends the login; the session goes on.
app.post(
  '/end',
  forward(async (req, res) => {
    await req.oauth.logout({ provider: provider.name });
    res.json({});
  }),
);
app.get('/heap', (_req, res) => {
  globalThis.gc?.();
  res.json({ heapUsed: process.memoryUsage().heapUsed });
});
app.use(oauthErrorPage());

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify(server.address())}\n`);
});
// Whatever becomes of the runner, nothing is left behind.
process.stdin.on('end', () => process.exit()).resume();

function makeProvider({ factory, options }: AppOptions['provider']) {
  return factory === 'oidc'
    ? oidc(options as Parameters<typeof oidc>[0])
    : aliyun(options as Parameters<typeof aliyun>[0]);
}

function ownClient(): Redis {
  const client = new Redis(options.redis);
  client.on('error', () => {});
  return client;
}

function forward(handle: (req: Request, res: Response) => Promise<void>) {
  return (req: Request, res: Response, next: NextFunction) => {
    handle(req, res).catch(next);
  };
}
