import type { Request, Response } from 'express';
import { ConfigurationError, LoginRequiredError } from '../errors.js';
import { startLogin } from '../login/login.js';
import { parseReturnTo } from '../login/return-to.js';
import type { User } from '../login/user.js';
import { endLogins, providerLogoutUrl } from '../logout/logout.js';
import { apiFetch } from '../tokens/api-fetch.js';
import type { LoginRecord } from '../tokens/login-record.js';
import type { TokenSet } from '../tokens/token-set.js';
import type { TokenNeed } from '../tokens/token-source.js';
import type { ProviderClient } from '../wire/client.js';
import { ensureBrowser } from './browser-cookie.js';
import type { Login } from './options.js';
import { noStore, publicOrigin } from './request-facts.js';
import { type Runtime, type Services, unknownProvider } from './runtime.js';
import { readLogins, type SessionLogin } from './session-data.js';
import { endSession, updateLogin } from './session-logins.js';
import type {
  AccessTokenOptions,
  LoginUrlOptions,
  RedirectToLoginOptions,
  RequestOAuth,
  WhichLogin,
} from './types.js';

/** A router as one request met it. */
interface Mounted {
  readonly runtime: Runtime;
  /** The path under which the app, or a part of it, is mounted; usually empty. */
  readonly mountPath: string;
}

/** `req.oauth`. Nothing is read or computed before somebody asks. */
export class RequestContext implements RequestOAuth {
  readonly #req: Request;
  readonly #res: Response;
  readonly #mounted: Mounted[] = [];

  constructor(req: Request, res: Response) {
    this.#req = req;
    this.#res = res;
  }

  /** Adds a router; an app may have several, with different providers under different paths. */
  attach(runtime: Runtime, mountPath: string): void {
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
    this.#mounted.push({ runtime, mountPath });
  }

  get loggedIn(): boolean {
    return this.#first() !== undefined;
  }

  get user(): User | undefined {
    return this.#first()?.user;
  }

  get logins(): readonly Login[] {
    return this.#entries().map(([provider, login]) => toLogin(provider, login));
  }

  login(provider?: string): Login | undefined {
    const found = this.find(provider);
    return found && toLogin(...found);
  }

  async getAccessToken(options: AccessTokenOptions = {}): Promise<string> {
    const { provider, minTtl, forceRefresh = false, ...unknown } = options;
    refuseUnknown('getAccessToken', unknown);
    const [name, login] = this.#required(provider);
    const need = minTtl === undefined ? {} : { minTtl };
    if (!forceRefresh) return (await this.obtain(name, login, need)).tokens.accessToken;
    const { records } = this.#services(name);
    const notVersion = (await records.peek(login.id))?.version ?? 0;
    return (await this.obtain(name, login, { ...need, notVersion })).tokens.accessToken;
  }

  async getTokens({ provider, ...unknown }: WhichLogin = {}): Promise<TokenSet> {
    refuseUnknown('getTokens', unknown);
    return (await this.obtain(...this.#required(provider))).tokens;
  }

  async fetch(
    url: string | URL,
    init?: RequestInit,
    { provider, ...unknown }: WhichLogin = {},
  ): Promise<globalThis.Response> {
    refuseUnknown('fetch', unknown);
    const [name, login] = this.#required(provider);
    const { tokenPlacement, apiOrigins } = this.#client(name).provider;
    const token = async (refused?: number) => {
      const need = refused === undefined ? {} : { notVersion: refused };
      const { tokens, version } = await this.obtain(name, login, need);
      return { accessToken: tokens.accessToken, version };
    };
    return apiFetch({ placement: tokenPlacement, apiOrigins, token }, url, init);
  }

  loginUrl({ provider, returnTo, ...unknown }: LoginUrlOptions = {}): string {
    refuseUnknown('loginUrl', unknown);
    const { runtime, mountPath } = this.#mountedFor(provider);
    const { basePath, providers } = runtime.config;
    const only = providers.length === 1 ? providers[0]?.name : undefined;
    const name = provider ?? only;
    const query = returnTo === undefined ? '' : `?returnTo=${encodeURIComponent(returnTo)}`;
    return `${mountPath}${basePath}/login${name === undefined ? '' : `/${name}`}${query}`;
  }

  async redirectToLogin(options: RedirectToLoginOptions = {}): Promise<void> {
    const { provider, returnTo, params, ...unknown } = options;
    refuseUnknown('redirectToLogin', unknown);
    const { runtime, mountPath } = this.#mountedFor(provider);
    const { config } = runtime;
    const name = provider ?? (config.providers.length === 1 ? config.providers[0]?.name : undefined);
    if (name === undefined) {
      if (params === undefined) return this.#res.redirect(302, this.loginUrl(options));
      throw new ConfigurationError(
        'missing_option',
        'redirectToLogin with params needs the name of a `provider`.',
      );
    }
    const client = this.#client(name);
    const origin = publicOrigin(this.#req, config.origin);
    const { transactions } = runtime.services(this.#req);
    const url = await startLogin(client, transactions, {
      browser: ensureBrowser(this.#req, this.#res, origin.startsWith('https:')),
      redirectUri: client.provider.redirectUri ?? `${origin}${mountPath}${config.basePath}/callback/${name}`,
      returnTo: parseReturnTo(returnTo, origin) ?? config.afterLogin,
      ...(params && { params }),
    });
    runtime.emit({ type: 'login.started', provider: name });
    noStore(this.#res);
    this.#res.redirect(302, url.href);
  }

  async logout({ provider, ...unknown }: WhichLogin = {}): Promise<{ redirectTo: string }> {
    refuseUnknown('logout', unknown);
    const { runtime } = this.#mountedFor(provider);
    const { origin, afterLogout } = runtime.config;
    const home = new URL(afterLogout, publicOrigin(this.#req, origin));
    // A session may hold logins of another router too: all of them end.
    const logout = { ...runtime.services(this.#req).logout, client: (name: string) => this.#clientOf(name) };
    let ids: string[];
    if (provider === undefined) {
      ids = await endSession(this.#req);
    } else {
      const found = this.find(provider);
      ids = found ? [found[1].id] : [];
      if (found) await updateLogin(this.#req, provider, found[1].id, () => undefined);
    }
    const ended = await endLogins(logout, ids);
    const url = await providerLogoutUrl(logout, ended, home.href);
    return { redirectTo: url?.href ?? afterLogout };
  }

  /** A login that counts, with the name of its provider. */
  find(provider?: string): [provider: string, login: SessionLogin] | undefined {
    if (provider === undefined) return this.#entries()[0];
    this.#mountedFor(provider);
    return this.#entries().find(([name]) => name === provider);
  }

  /** The record of a login with a token that can be used now; the session learns what became of the login. */
  async obtain(provider: string, login: SessionLogin, need: Partial<TokenNeed> = {}): Promise<LoginRecord> {
    const { config } = this.#mountedFor(provider).runtime;
    const { tokens } = this.#services(provider);
    try {
      const record = await tokens.obtain(login.id, { leeway: config.leeway, ...need });
      if (record.tokens.expiresAt !== login.expiresAt) this.#note(provider, login.id, record);
      return record;
    } catch (error) {
      if (error instanceof LoginRequiredError) await this.forget(provider, login);
      throw error;
    }
  }

  /** Whether the session alone says that a login exists. */
  trustsSession(provider: string): boolean {
    return this.#services(provider).trustsSession;
  }

  /** Whether a login whose session cannot be trusted still has its record, and until when its token is good. */
  async verify(provider: string, login: SessionLogin): Promise<SessionLogin | undefined> {
    const found = await this.#services(provider).records.peek(login.id);
    if (!found) return undefined;
    const { expiresAt: _copy, ...rest } = login;
    return { ...rest, ...(found.expiresAt !== undefined && { expiresAt: found.expiresAt }) };
  }

  /** The logins that really exist: a session that cannot be trusted is checked against their records. */
  async verifiedLogins(): Promise<Login[]> {
    const verified = await Promise.all(
      this.#entries().map(async ([provider, login]) => {
        const found = this.trustsSession(provider) ? login : await this.verify(provider, login);
        return found && toLogin(provider, found);
      }),
    );
    return verified.filter((login) => login !== undefined);
  }

  /** Takes a login that has ended out of the session. */
  forget(provider: string, login: SessionLogin): Promise<void> {
    return updateLogin(this.#req, provider, login.id, () => undefined);
  }

  leeway(provider: string): number {
    return this.#mountedFor(provider).runtime.config.leeway;
  }

  /** Copies what a refresh changed into the session. Nobody waits: a copy that is missed is made by the next request. */
  #note(provider: string, id: string, { tokens }: LoginRecord): void {
    updateLogin(this.#req, provider, id, ({ expiresAt: _old, ...login }) => ({
      ...login,
      ...(tokens.expiresAt !== undefined && { expiresAt: tokens.expiresAt }),
      scope: tokens.scope,
    })).catch(() => {});
  }

  #first(): SessionLogin | undefined {
    return this.#entries()[0]?.[1];
  }

  /** The logins that count: of a provider that is configured, at the issuer that it has now. */
  #entries(): [string, SessionLogin][] {
    return Object.entries(readLogins(this.#req.session)).filter(
      ([name, login]) => this.#clientOf(name)?.provider.issuerId === login.issuer,
    );
  }

  #required(provider?: string): [string, SessionLogin] {
    const found = this.find(provider);
    if (found) return found;
    throw new LoginRequiredError('login_required', 'Nobody is logged in.', {
      loginUrl: this.loginUrl(provider === undefined ? {} : { provider }),
    });
  }

  #mountedFor(provider: string | undefined): Mounted {
    const first = this.#mounted[0] as Mounted;
    if (provider === undefined) return first;
    const found = this.#mounted.find(({ runtime }) => runtime.client(provider));
    return found ?? unknownProvider(provider, first.runtime.config);
  }

  #clientOf(provider: string): ProviderClient | undefined {
    return this.#mounted
      .map(({ runtime }) => runtime.client(provider))
      .find((client) => client !== undefined);
  }

  #client(provider: string): ProviderClient {
    return this.#clientOf(provider) ?? unknownProvider(provider, this.#mountedFor(undefined).runtime.config);
  }

  #services(provider: string): Services {
    return this.#mountedFor(provider).runtime.services(this.#req);
  }
}

function toLogin(provider: string, { sub, user, scope, expiresAt, loggedInAt }: SessionLogin): Login {
  return { provider, sub, user, scope, ...(expiresAt !== undefined && { expiresAt }), loggedInAt };
}

function refuseUnknown(method: string, unknown: object): void {
  const name = Object.keys(unknown)[0];
  if (name === undefined) return;
  throw new ConfigurationError(
    'unknown_option',
    `req.oauth.${method}: there is no option '${name}'. Remove it.`,
  );
}
