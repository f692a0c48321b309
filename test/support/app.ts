import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import request from 'supertest';
import { dingtalk } from '../../examples/dingtalk.js';
import { douyin } from '../../examples/douyin.js';
import { feishu } from '../../examples/feishu.js';
import {
  aliyun,
  aliyunPds,
  type OAuthEvent,
  type OAuthRouterOptions,
  type OAuthSessionOptions,
  type OpenPlatformOptions,
  oauthErrorPage,
  oauthRouter,
  oauthSession,
  oidc,
  openPlatform,
  type Provider,
  requireLogin,
  welink,
} from '../../src/index.js';
import type { Lab, LabProvider } from '../../src/testing/index.js';

export const SECRET = 'a secret of thirty-two characters';

type Client = { clientId: string; clientSecret: string };

const factories: Record<string, (lab: LabProvider, client: Client, options: object) => Provider> = {
  aliyun: ({ endpoints }, client, options) =>
    aliyun({ ...client, endpoints, scope: 'openid aliuid profile /acs/ccc', ...options }),
  oidc: ({ endpoints }, client, options) =>
    oidc({
      name: 'oidc',
      issuer: endpoints.issuer as string,
      ...client,
      scope: 'openid profile email offline_access',
      authorizationParams: { prompt: 'consent' },
      ...options,
    }),
  pds: ({ endpoints, details }, client, options) =>
    aliyunPds({ ...client, domainId: details.domainId as string, endpoints, ...options }),
  welink: ({ endpoints }, client, options) => welink({ ...client, endpoints, ...options }),
  'open-platform': ({ endpoints, name }, client, options) =>
    openPlatform({
      name,
      ...client,
      endpoints: endpoints as OpenPlatformOptions['endpoints'],
      scope: ['user_info', 'calendar'],
      ...options,
    }),
  dingtalk: ({ endpoints }, client) => dingtalk({ ...client, endpoints }),
  feishu: ({ endpoints }, client) => feishu({ ...client, endpoints }),
  douyin: ({ endpoints }, client) => douyin({ ...client, endpoints }),
};

/** A provider of the lab, as an app would configure it. */
export function providerOf(lab: Lab, name: string, options: object = {}): Provider {
  const provider = lab.provider(name);
  const { clientId, clientSecret } = provider.clients.web;
  const factory = factories[name];
  if (!factory) throw new Error(`no factory for ${name}`);
  return factory(provider, { clientId, clientSecret }, options);
}

export interface ServedApp {
  readonly url: string;
  readonly events: OAuthEvent[];
  close(): Promise<void>;
}

export interface TestApp extends ServedApp {
  /** A browser of its own: one cookie jar. */
  visitor(): Visitor;
}

export interface ServedAppOptions {
  providers: Provider[];
  session?: Partial<OAuthSessionOptions>;
  router?: OAuthRouterOptions;
  /** Sets the app up, before anything is mounted. */
  prepare?: (app: Express) => void;
  /** Puts something else in the place of `oauthSession`. */
  useSession?: (app: Express) => void;
  /** Adds routes after the router. */
  routes?: (app: Express) => void;
}

export interface AppOptions extends Partial<ServedAppOptions> {
  lab: Lab;
}

/** An app on a free port, with the routes that most tests want. */
export async function serveApp(options: ServedAppOptions): Promise<ServedApp> {
  const app = express();
  options.prepare?.(app);
  const events: OAuthEvent[] = [];
  const session = oauthSession({ secret: SECRET, ...options.session });
  const router = oauthRouter(options.providers, {
    onEvent: (event) => events.push(event),
    ...options.router,
  });
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
  options.routes?.(app);
  app.use(oauthErrorPage());
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    events,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await router.close();
      await session.close();
    },
  };
}

/** An app whose providers are those of the lab, which know its URLs. */
export async function startApp({ lab, ...options }: AppOptions): Promise<TestApp> {
  const served = await serveApp({
    ...options,
    providers: options.providers ?? [providerOf(lab, 'aliyun')],
    routes(app) {
      app.get('/call/:provider', requireLogin, async (req, res, next) => {
        try {
          const provider = String(req.params.provider);
          const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
          const init = provider.startsWith('pds') ? post : undefined;
          const answer = await req.oauth.fetch(lab.provider(provider.replace('-jwt', '')).api, init, {
            provider,
          });
          res.status(answer.status).json(await answer.json());
        } catch (error) {
          next(error);
        }
      });
      options.routes?.(app);
    },
  });
  const { url } = served;
  for (const name of Object.keys(lab.providers)) {
    lab.provider(name).registerRedirectUri(`${url}/auth/callback/${name}`);
    lab.provider(name).registerPostLogoutRedirectUri(`${url}/`);
  }
  return { ...served, visitor: () => new Visitor(url, lab) };
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

  /** The `Cookie` header that the app gets, to send it from elsewhere. */
  get cookie(): string {
    const { jar } = this.agent as unknown as {
      jar: { getCookies(access: object): { toValueString(): string } };
    };
    return jar.getCookies({ path: '/', domain: '127.0.0.1', secure: false, script: false }).toValueString();
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
