import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import request from 'supertest';
import {
  aliyun,
  type OAuthEvent,
  type OAuthRouterOptions,
  type OAuthSessionOptions,
  oauthErrorPage,
  oauthRouter,
  oauthSession,
  oidc,
  type Provider,
  requireLogin,
} from '../../src/index.js';
import type { Lab, LabProvider } from '../../src/testing/index.js';

export const SECRET = 'a secret of thirty-two characters';

/** A provider of the lab, as an app would configure it. */
export function providerOf(lab: Lab, name: string, options: object = {}): Provider {
  const { endpoints, clients } = lab.provider(name);
  const { clientId, clientSecret } = clients.web;
  if (name === 'aliyun') {
    const scope = 'openid aliuid profile /acs/ccc';
    return aliyun({ clientId, clientSecret, endpoints, scope, ...options });
  }
  return oidc({
    name,
    issuer: endpoints.issuer as string,
    clientId,
    clientSecret,
    scope: 'openid profile email offline_access',
    authorizationParams: { prompt: 'consent' },
    ...options,
  });
}

export interface TestApp {
  readonly url: string;
  readonly events: OAuthEvent[];
  /** A browser of its own: one cookie jar. */
  visitor(): Visitor;
  close(): Promise<void>;
}

export interface AppOptions {
  lab: Lab;
  providers?: Provider[];
  session?: Partial<OAuthSessionOptions>;
  router?: OAuthRouterOptions;
  /** Puts something else in the place of `oauthSession`. */
  useSession?: (app: Express) => void;
  /** Adds routes after the router. */
  routes?: (app: Express) => void;
}

/** An app on a free port, with the routes that most tests want. */
export async function startApp({ lab, ...options }: AppOptions): Promise<TestApp> {
  const app = express();
  const events: OAuthEvent[] = [];
  const session = oauthSession({ secret: SECRET, ...options.session });
  const providers = options.providers ?? [providerOf(lab, 'aliyun')];
  const router = oauthRouter(providers, { onEvent: (event) => events.push(event), ...options.router });
  if (options.useSession) options.useSession(app);
  else app.use(session);
  app.use(router);
  app.get('/', (_req, res) => {
    res.send('home');
  });
  app.get('/me', requireLogin, (req, res) => {
    res.json({ user: req.oauth.user, logins: req.oauth.logins });
  });
  app.get('/token', requireLogin, async (req, res, next) => {
    try {
      res.json(await req.oauth.getTokens());
    } catch (error) {
      next(error);
    }
  });
  app.get('/call/:provider', requireLogin, async (req, res, next) => {
    try {
      const provider = String(req.params.provider);
      const answer = await req.oauth.fetch(lab.provider(provider).api, undefined, { provider });
      res.status(answer.status).json(await answer.json());
    } catch (error) {
      next(error);
    }
  });
  options.routes?.(app);
  app.use(oauthErrorPage());
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const name of Object.keys(lab.providers)) {
    lab.provider(name).registerRedirectUri(`${url}/auth/callback/${name}`);
    lab.provider(name).registerPostLogoutRedirectUri(`${url}/`);
  }
  return {
    url,
    events,
    visitor: () => new Visitor(url, lab),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await router.close();
      await session.close();
    },
  };
}

/** The next token that the provider issues has expired when it arrives. */
export function issueExpired(provider: LabProvider): void {
  provider.alter('token', (answer) => ({ ...answer, expires_in: 0 }));
}

/** Waits until something is so, by asking again and again. */
export async function waitFor(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Someone with a browser. */
export class Visitor {
  readonly agent: ReturnType<typeof request.agent>;
  readonly #lab: Lab;

  constructor(url: string, lab: Lab) {
    this.agent = request.agent(url);
    this.#lab = lab;
  }

  get(path: string, headers: Record<string, string> = {}) {
    return this.agent.get(path).set(headers);
  }

  post(path: string, headers: Record<string, string> = {}) {
    return this.agent.post(path).set(headers);
  }

  /** Begins a login and plays the user at the provider. Returns the path of the callback, which is not yet visited. */
  async authorize(
    provider: string,
    { user, returnTo }: { user?: string; returnTo?: string } = {},
  ): Promise<string> {
    const query = returnTo === undefined ? '' : `?returnTo=${encodeURIComponent(returnTo)}`;
    const started = await this.get(`/auth/login/${provider}${query}`).expect(302);
    const callback = await this.#lab
      .provider(provider)
      .signIn(started.headers.location as string, user === undefined ? {} : { user });
    return callback.pathname + callback.search;
  }

  /** A whole login. */
  async logIn(provider: string, options: { user?: string; returnTo?: string } = {}) {
    return this.get(await this.authorize(provider, options)).expect(303);
  }
}
