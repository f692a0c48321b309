import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { type App, startApp } from './app.js';
import type { AppOptions } from './app-process.js';
import { Browser } from './browser.js';
import type { Strictness } from './families.js';
import { times } from './flow.js';
import { type StrictProvider, startStrictProvider } from './strict-provider.js';

export interface WorldOptions {
  /** App processes that are there from the beginning. */
  readonly processes: number;
  /** App processes that are started ahead, for those that are killed. */
  readonly spares?: number;
  readonly strictness?: Partial<Strictness>;
  readonly session?: AppOptions['session'];
  readonly router?: AppOptions['router'];
  /** Another provider than the strict one. */
  readonly provider?: AppOptions['provider'];
}

/** A Redis, a strict provider and app processes: everything real, everything breakable. */
export class World {
  readonly provider: StrictProvider;
  readonly apps: App[] = [];
  redis: RedisServer;
  readonly #folder: string;
  readonly #options: WorldOptions;
  readonly #started: App[] = [];
  readonly #spares: Promise<App>[] = [];
  #users = 0;

  private constructor(provider: StrictProvider, redis: RedisServer, folder: string, options: WorldOptions) {
    this.provider = provider;
    this.redis = redis;
    this.#folder = folder;
    this.#options = options;
  }

  static async open(options: WorldOptions): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'races-'));
    const provider = await startStrictProvider(options.strictness);
    const world = new World(provider, await startRedis(persistent(folder)), folder, options);
    world.apps.push(...(await Promise.all(times(options.processes, () => world.#start()))));
    world.#spares.push(...times(options.spares ?? 0, () => world.#start()));
    return world;
  }

  /** Opens a world, uses it, and clears it away whatever happens. */
  static async with<T>(options: WorldOptions, use: (world: World) => Promise<T>): Promise<T> {
    const world = await World.open(options);
    try {
      return await use(world);
    } finally {
      await world.close();
    }
  }

  /** An app process to be spent; the next one is started already. */
  takeSpare(): Promise<App> {
    const spare = this.#spares.shift() ?? this.#start();
    if (this.#options.spares) this.#spares.push(this.#start());
    return spare;
  }

  /** A user who has never been here. */
  newUser(): Browser {
    this.#users += 1;
    return new Browser(`user-${this.#users}`);
  }

  /** Users who have logged in, through all processes in turn. */
  async logInUsers(count: number): Promise<Browser[]> {
    const users = times(count, () => this.newUser());
    // A few at a time: each login is a walk through the provider.
    for (let begin = 0; begin < count; begin += 20) {
      const some = users.slice(begin, begin + 20);
      await Promise.all(some.map((user, index) => user.logIn(this.apps[index % this.apps.length] as App)));
    }
    return users;
  }

  /** Takes the lock of the only login there is away from its holder, as the end of its lease would. */
  async endLease(): Promise<void> {
    const locks = (await this.redis.keys()).filter((key) => key.endsWith(':lock'));
    const client = new Redis(this.redis.url);
    await client.del(locks);
    client.disconnect();
    if (locks.length !== 1) throw new Error(`there should be one lock, not ${locks.length}`);
  }

  /** Ends Redis in an orderly way. What it holds is on disk. */
  async stopRedis(): Promise<void> {
    await this.redis.stop();
  }

  /** Starts Redis again, on the same port, with what is on disk. */
  async startRedisAgain(): Promise<void> {
    this.redis = await startRedis({ ...persistent(this.#folder), port: this.redis.port });
  }

  async close(): Promise<void> {
    // Those that are still starting.
    await Promise.allSettled(this.#spares);
    await Promise.all(this.#started.map((app) => app.close()));
    await Promise.all([this.provider.close(), this.redis.stop()]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<App> {
    const { issuer, client } = this.provider;
    const options = {
      name: 'op',
      issuer,
      clientId: client.id,
      clientSecret: client.secret,
      scope: 'openid offline_access',
    };
    const app = await startApp(
      {
        redis: '',
        secret: 'the session secret of the race laboratory',
        provider: this.#options.provider ?? { factory: 'oidc', options },
        session: this.#options.session ?? 'url',
        router: this.#options.router ?? {},
      },
      () => this.redis.port,
    );
    this.#started.push(app);
    return app;
  }
}

/** What a Redis that holds logins needs to survive a restart. */
function persistent(folder: string) {
  return { own: true, args: ['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always'] };
}
