import type { Request } from 'express';
import { ConfigurationError, LoginRequiredError } from '../errors.js';
import type { Provider } from '../provider.js';
import type { LoginRecord } from '../tokens/login-record.js';
import { timeLeft } from '../tokens/token-set.js';
import type { TokenNeed } from '../tokens/token-source.js';
import type { ProviderClient } from '../wire/client.js';
import type { Login } from './options.js';
import { type Runtime, type Services, unknownProvider } from './runtime.js';
import type { SessionLogin, SessionLogins } from './session-data.js';
import { updateLogin } from './session-logins.js';
import { loginsIn } from './session-request.js';

/** A router as one request met it. */
export interface Mounted {
  readonly runtime: Runtime;
  readonly services: Services;
  /** The path under which the app, or a part of it, is mounted; usually empty. */
  readonly mountPath: string;
}

/** The logins of the session to which a request belongs, and the routers that know their providers. */
export class RequestLogins {
  readonly #req: Request;
  readonly #mounted: Mounted[] = [];

  constructor(req: Request) {
    this.#req = req;
  }

  /** Adds a router; an app may have several, with different providers under different paths. */
  attach(mounted: Mounted): void {
    const { runtime } = mounted;
    for (const { runtime: other } of this.#mounted) {
      if (other === runtime) return;
      if (other.config.basePath === runtime.config.basePath) {
        throw new ConfigurationError(
          'conflicting_options',
          `Two oauthRouters use the basePath '${runtime.config.basePath}'. Give one of them another.`,
        );
      }
      const twice = runtime.config.providers.find(({ name }) => other.client(name));
      if (twice) {
        throw new ConfigurationError(
          'conflicting_options',
          `Two oauthRouters have a provider named '${twice.name}'. Give one of them another \`name\`.`,
        );
      }
    }
    this.#mounted.push(mounted);
  }

  /** A login that counts, with the name of its provider. */
  find(provider?: string): [provider: string, login: SessionLogin] | undefined {
    const logins = loginsIn(this.#req);
    if (provider !== undefined) {
      this.mountedFor(provider);
      const login = this.#counted(provider, logins);
      return login && [provider, login];
    }
    // No array is made of them: this runs on every guarded request.
    for (const name in logins) {
      const login = this.#counted(name, logins);
      if (login) return [name, login];
    }
    return undefined;
  }

  /** The record of a login with a token that can be used now; the session learns what became of the login. */
  async obtain(provider: string, login: SessionLogin, need: Partial<TokenNeed> = {}): Promise<LoginRecord> {
    const { config } = this.mountedFor(provider).runtime;
    const { tokens } = this.services(provider);
    try {
      const record = await tokens.obtain(login.id, { leeway: config.leeway, ...need });
      if (record.tokens.expiresAt !== login.expiresAt) this.#note(provider, login.id, record);
      return record;
    } catch (error) {
      if (error instanceof LoginRequiredError) await this.forget(provider, login);
      throw error;
    }
  }

  /** Whether a router was told to close. */
  get closing(): boolean {
    return this.#mounted.some(({ runtime }) => runtime.closing);
  }

  /**
   * Whether all that logins need can be used now.
   *
   * @throws StoreUnavailableError when it cannot.
   */
  async probe(): Promise<void> {
    await Promise.all(this.#mounted.map(({ services }) => services.probe()));
  }

  /** Whether the session alone says that a login exists. */
  trustsSession(provider: string): boolean {
    return this.services(provider).trustsSession;
  }

  /** Whether a login whose session cannot be trusted still has its record, and until when its token is good. */
  async verify(provider: string, login: SessionLogin): Promise<SessionLogin | undefined> {
    const found = await this.services(provider).records.peek(login.id);
    if (!found) return undefined;
    const { expiresAt: _copy, ...rest } = login;
    return { ...rest, ...(found.expiresAt !== undefined && { expiresAt: found.expiresAt }) };
  }

  /** The logins that really exist: a session that cannot be trusted is checked against their records. */
  async verifiedLogins(): Promise<Login[]> {
    return (await this.verifiedEntries()).map(([provider, login]) => toLogin(provider, login));
  }

  /** The same, as the session has them: all of them, or the one at a provider. */
  async verifiedEntries(provider?: string): Promise<[string, SessionLogin][]> {
    const found = provider === undefined ? this.entries() : [this.find(provider)];
    const verified = await Promise.all(
      found.map(async (entry): Promise<[string, SessionLogin][]> => {
        if (!entry) return [];
        const [name, login] = entry;
        // A token that has expired may have been the last one: only the record knows.
        const trusted = this.trustsSession(name) && timeLeft(login, Date.now()) > 0;
        const known = trusted ? login : await this.verify(name, login);
        return known ? [[name, known]] : [];
      }),
    );
    return verified.flat();
  }

  /** Takes a login that has ended out of the session. */
  forget(provider: string, login: SessionLogin): Promise<void> {
    return updateLogin(this.#req, provider, login.id, () => undefined);
  }

  leeway(provider: string): number {
    return this.mountedFor(provider).runtime.config.leeway;
  }

  /** Copies what a refresh changed into the session. Nobody waits: a copy that is missed is made by the next request. */
  #note(provider: string, id: string, { tokens }: LoginRecord): void {
    const { expiresAt, scope } = tokens;
    updateLogin(this.#req, provider, id, (login) => {
      if (login.expiresAt === expiresAt && String(login.scope) === String(scope)) return login;
      const { expiresAt: _old, ...rest } = login;
      return { ...rest, ...(expiresAt !== undefined && { expiresAt }), scope };
    }).catch(() => {});
  }

  /** The logins that count: of a provider that is configured, at the issuer that it has now. */
  entries(): [string, SessionLogin][] {
    const logins = loginsIn(this.#req);
    return Object.entries(logins).filter(([name]) => this.#counted(name, logins));
  }

  #counted(provider: string, logins: SessionLogins): SessionLogin | undefined {
    const login = Object.hasOwn(logins, provider) ? logins[provider] : undefined;
    return login && this.clientOf(provider)?.provider.issuerId === login.issuer ? login : undefined;
  }

  mountedFor(provider: string | undefined): Mounted {
    const first = this.#mounted[0] as Mounted;
    if (provider === undefined) return first;
    const found = this.#mounted.find(({ runtime }) => runtime.client(provider));
    return found ?? unknownProvider(provider, this.#providers());
  }

  clientOf(provider: string): ProviderClient | undefined {
    for (const { runtime } of this.#mounted) {
      const client = runtime.client(provider);
      if (client) return client;
    }
    return undefined;
  }

  client(provider: string): ProviderClient {
    return this.clientOf(provider) ?? unknownProvider(provider, this.#providers());
  }

  #providers(): readonly Provider[] {
    return this.#mounted.flatMap(({ runtime }) => runtime.config.providers);
  }

  services(provider: string): Services {
    return this.mountedFor(provider).services;
  }

  /**
   * The services of the router that knows a provider, though the request has not come to it: a router before it answers. Those
   * of the first one for a provider that is no longer configured.
   */
  servicesBehind(provider: string): Services {
    if (this.clientOf(provider)) return this.services(provider);
    const { services } = this.mountedFor(undefined);
    return services.sibling(provider) ?? services;
  }
}

/** A login as apps see it. */
export function toLogin(provider: string, { sub, user, scope, expiresAt, loggedInAt }: SessionLogin): Login {
  return { provider, sub, user, scope, ...(expiresAt !== undefined && { expiresAt }), loggedInAt };
}
