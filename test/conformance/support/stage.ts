import { type ServedApp, type ServedAppOptions, serveApp } from '../../support/app.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { Browser, type Page } from './browser.js';
import { type DialectUnderTest, dialects } from './dialects.js';
import { type Script, ScriptedProvider } from './provider.js';
import { addRenewal } from './renewal.js';

/** What is tried: a provider that goes by a script, a browser that changes the callback, or both. */
export interface Attempt {
  readonly script?: Script;
  /** More in the query of the login route. */
  readonly login?: string;
  /** Changes the parameters of the callback, under their standard names. */
  readonly callback?: (params: URLSearchParams) => void;
  /** Changes the query of the callback, as it goes over the wire. */
  readonly query?: (query: string) => string;
  /** An app that has just started: for what an app that knows its provider would not ask again. */
  readonly fresh?: true;
  /** Options of the provider's factory, which make an app of its own. */
  readonly options?: object;
  /** An app that was started before. */
  readonly app?: ServedApp;
}

/** How it went. */
export interface Tried {
  readonly app: ServedApp;
  readonly browser: Browser;
  readonly provider: ScriptedProvider;
  readonly dialect: DialectUnderTest;
  /** The parameters that went to the provider, under their standard names. */
  readonly sent: URLSearchParams;
  /** The parameters of the callback, under their standard names: as the provider would send them, unless changed. */
  readonly params: URLSearchParams;
  /** The last answer that the browser got. */
  readonly page: Page;
}

/** A login before its callback. */
export interface Begun extends Tried {
  /** The path of the callback route. */
  readonly path: string;
}

/** One real app on a real Redis, and for each dialect a scripted provider at which it logs users in. */
export class Stage {
  readonly app: ServedApp;
  readonly redis: RedisServer;
  readonly #providers: ReadonlyMap<string, ScriptedProvider>;
  readonly #fresh: ServedApp[] = [];

  private constructor(app: ServedApp, redis: RedisServer, providers: Map<string, ScriptedProvider>) {
    this.app = app;
    this.redis = redis;
    this.#providers = providers;
  }

  static async start(): Promise<Stage> {
    const [redis, ...providers] = await Promise.all([
      startRedis({ own: true }),
      ...dialects.map(async (one) => [one.name, await ScriptedProvider.start(one)] as const),
    ]);
    const named = new Map(providers);
    const all = dialects.map(({ name, factory }) => factory(named.get(name) as ScriptedProvider));
    return new Stage(await serve(redis, { providers: all }), redis, named);
  }

  provider({ name }: DialectUnderTest): ScriptedProvider {
    return this.#providers.get(name) as ScriptedProvider;
  }

  /** An app with this dialect alone, which has just started. */
  async freshApp(
    dialect: DialectUnderTest,
    options: object = {},
    rest: Partial<ServedAppOptions> = {},
  ): Promise<ServedApp> {
    const provider = dialect.factory(this.provider(dialect), options);
    const app = await serve(this.redis, { providers: [provider], ...rest });
    this.#fresh.push(app);
    return app;
  }

  /** Nothing is left of what was tried before. */
  async reset(): Promise<void> {
    for (const app of this.#fresh.splice(0)) await app.close();
    for (const provider of this.#providers.values()) provider.reset();
    this.app.events.length = 0;
    await this.redis.flush();
  }

  async close(): Promise<void> {
    await this.reset();
    await this.app.close();
    for (const provider of this.#providers.values()) await provider.close();
    await this.redis.stop();
  }

  /** Sends a browser to the provider. */
  async begin(
    dialect: DialectUnderTest,
    { script = {}, ...attempt }: Attempt = {},
    known?: { app: ServedApp; browser: Browser },
  ): Promise<Begun> {
    const provider = this.provider(dialect);
    provider.script = script;
    const { app, browser } = known ?? (await this.#arrive(dialect, attempt));
    const query = `returnTo=${encodeURIComponent(RETURN_TO)}${attempt.login ?? ''}`;
    const page = await browser.get(`/auth/login/${dialect.name}?${query}`);
    const sent = standardNames(new URL(page.headers.location ?? 'none:').searchParams, dialect);
    const path = `/auth/callback/${dialect.name}`;
    return { app, browser, provider, dialect, sent, page, path, params: provider.authorize(sent) };
  }

  /** A whole login, as far as it goes. */
  async attempt(dialect: DialectUnderTest, attempt: Attempt = {}): Promise<Tried> {
    const begun = await this.begin(dialect, attempt);
    if (begun.page.status !== 302) return begun;
    attempt.callback?.(begun.params);
    const query = callbackQuery(begun);
    return this.finish(begun, attempt.query?.(query) ?? query);
  }

  /** Somebody who is logged in, at a provider that is honest so far. */
  async loggedIn(dialect: DialectUnderTest, attempt: Attempt = {}): Promise<Tried> {
    const tried = await this.attempt(dialect, attempt);
    if (tried.page.status !== 303) throw new Error(`nobody is logged in: ${tried.page.text}`);
    return tried;
  }

  /** The callback of a login that was begun. */
  async finish(begun: Begun, query: string = callbackQuery(begun)): Promise<Tried> {
    return { ...begun, page: await begun.browser.get(`${begun.path}?${query}`) };
  }

  async #arrive(dialect: DialectUnderTest, { fresh, options, app: started }: Attempt) {
    const starts = fresh || options !== undefined;
    const app = starts ? await this.freshApp(dialect, options) : (started ?? this.app);
    return { app, browser: new Browser(app.url) };
  }
}

export const RETURN_TO = '/me?after=login';

/** The query of a callback, under the provider's own names. */
export function callbackQuery({ dialect: { names = {} }, params }: Begun): string {
  return renamed(params, names).toString();
}

/** A stage for one test file, honest and empty before each test. */
export function useStage(): () => Stage {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start();
  });
  beforeEach(() => stage.reset());
  afterAll(() => stage.close());
  return () => stage;
}

function serve(redis: RedisServer, options: ServedAppOptions): Promise<ServedApp> {
  return serveApp({
    session: { redis: redis.url },
    ...options,
    routes(app) {
      addRenewal(app);
      options.routes?.(app);
    },
  });
}

function standardNames(params: URLSearchParams, { names = {} }: DialectUnderTest): URLSearchParams {
  const standard = Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [theirs, ours]));
  return renamed(params, standard);
}

function renamed(params: URLSearchParams, names: Readonly<Record<string, string>>): URLSearchParams {
  return new URLSearchParams(
    [...params].map(([name, value]): [string, string] => [names[name] ?? name, value]),
  );
}
