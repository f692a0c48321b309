import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { oauthRouter, oauthSession } from 'express-oauth-login';
import { startLab } from 'express-oauth-login/testing';
import { createApp } from './app.js';
import { createFeed } from './feed.js';
import { choices, labProviders } from './providers.js';
import { renderEvent, renderRequest } from './views/entries.js';

export interface DemoOptions {
  /** 0: any free port. */
  port: number;
  /** A Redis URL for sessions and tokens. Left out: the memory of this process. */
  redis?: string | undefined;
  /** The address to listen on, for the demo and its lab. Default `127.0.0.1`. */
  host?: string;
  /** The first port of the lab; its other origins take those that follow. Default 0: any free ports. */
  labPort?: number;
  /** Seconds that an access token of the lab lives. Default 30. */
  tokenLifetime?: number;
}

export interface Demo {
  readonly url: string;
  /** What to tell whoever started it. */
  readonly banner: string;
  /** Resolves when nothing is open any more. */
  close(): Promise<void>;
}

/** How many entries the panel remembers. */
const FEED_LIMIT = 200;

/** Starts the provider lab and the demo that logs in at it. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { port, redis, host = '127.0.0.1', labPort = 0, tokenLifetime = 30 } = options;
  const lab = await startLab({
    providers: labProviders,
    port: labPort,
    host,
    // In a container it listens everywhere; the browser outside and the server inside reach it as localhost.
    publicHost: host === '0.0.0.0' ? 'localhost' : host,
    defaults: { accessTokenLifetime: tokenLifetime },
  }).catch((error: unknown) => explainTaken(error, 'LAB_PORT', labPort));

  const server = createServer();
  try {
    await listen(server, port, host);
  } catch (error) {
    await lab.close();
    return explainTaken(error, 'PORT', port);
  }
  const actualPort = (server.address() as AddressInfo).port;
  const origins = [`http://localhost:${actualPort}`, `http://127.0.0.1:${actualPort}`];

  const feed = createFeed(FEED_LIMIT);
  const providers = choices(lab);
  for (const { name, at } of providers) {
    for (const origin of origins) {
      at.registerRedirectUri(`${origin}/auth/callback/${name}`);
      at.registerPostLogoutRedirectUri(`${origin}/`);
    }
  }
  for (const at of Object.values(lab.providers)) {
    at.onRequest((request) => feed.add(renderRequest(request)));
  }

  // Tokens of the lab die with it, so nothing is lost with a secret that is made anew at every start.
  const session = oauthSession({ redis, secret: randomBytes(32).toString('base64url') });
  const leeway = Math.min(10, tokenLifetime / 3);
  const oauth = oauthRouter(
    providers.map(({ provider }) => provider),
    { leeway, keepSessionData: ['renewals'], onEvent: (event) => feed.add(renderEvent(event)) },
  );
  const store = redis === undefined ? 'memory' : `Redis at ${new URL(redis).host}`;
  server.on('request', createApp({ session, oauth, providers, feed, origins, store, leeway }));

  const url = origins[0] as string;
  const where = redis === undefined ? 'memory (set REDIS_URL for Redis)' : store;
  const labSites = Object.values(lab.providers)
    .map(({ name, origin }) => `${name} ${origin}`)
    .join(', ');
  return {
    url,
    banner: `Demo at ${url} — sessions in ${where} — provider lab: ${labSites}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      feed.close();
      server.closeIdleConnections();
      // Requests may finish; keep-alive connections must not hold up the end.
      const deadline = setTimeout(() => server.closeAllConnections(), 2000);
      await closed;
      clearTimeout(deadline);
      await oauth.close();
      await session.close();
      await lab.close();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
}

function explainTaken(error: unknown, name: string, port: number): never {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  const { port: taken = port } = error as { port?: number };
  throw new Error(`Port ${taken} is taken. Choose another one: ${name}=${port + 1} npm run demo`, {
    cause: error,
  });
}
