import type { Request, Response } from 'express';
import { kind } from '../config.js';
import { ConfigurationError, errorCodes, LoginRequiredError } from '../errors.js';
import { hashLoginId } from '../events.js';
import { loginByAssertion } from '../login/assertion.js';
import type { User } from '../login/user.js';
import { providerLogoutUrl } from '../logout/logout.js';
import type { AssertionSubject } from '../provider.js';
import { apiFetch } from '../tokens/api-fetch.js';
import type { LoginRecord } from '../tokens/login-record.js';
import type { TokenSet } from '../tokens/token-set.js';
import { acceptLogin } from './accept-login.js';
import { loginUrl, redirectToLogin } from './login-redirect.js';
import { checkOptions } from './method-options.js';
import type { Login } from './options.js';
import { publicOrigin } from './request-facts.js';
import { RequestLogins, toLogin } from './request-logins.js';
import { lender, openState, stateOf } from './request-state.js';
import type { Entry, SessionLogin } from './session-data.js';
import { endSession, updateLogin } from './session-logins.js';
import type {
  AccessTokenOptions,
  LoginSession,
  LoginUrlOptions,
  LogoutOptions,
  RedirectToLoginOptions,
  RequestOAuth,
  WhichLogin,
} from './types.js';
import { endEverywhere, endSessionLogins, listSessions } from './user-sessions.js';

const requestLogins = Symbol('express-oauth-login');

const lendOAuth = lender({
  oauth: {
    get: ({ oauth }) => oauth,
    replaced: (state) => {
      state.oauth = undefined;
    },
  },
});

/** The logins of a request, which gets its `req.oauth` where it has none. */
export function openLogins(req: Request, res: Response): RequestLogins {
  const state = openState(req);
  if (state.oauth instanceof RequestContext) return state.oauth[requestLogins];
  const oauth = new RequestContext(req, res);
  state.oauth = oauth;
  lendOAuth(req);
  return oauth[requestLogins];
}

/**
 * What guards and routes know of a request beyond `req.oauth`.
 *
 * @throws ConfigurationError when no router has run before: a guard without one refuses, and lets nobody through.
 */
export function loginsOf(req: Request): RequestLogins {
  const oauth = stateOf(req)?.oauth;
  if (oauth instanceof RequestContext) {
    // An app of another copy of Express, called as a function, has given the request another prototype.
    if (req.oauth !== oauth) lendOAuth(req);
    return oauth[requestLogins];
  }
  throw new ConfigurationError(
    'session_missing',
    `There is no req.oauth here (it is ${kind(req.oauth)}). Mount oauthRouter(…) before the guards and guarded routes, at the root of the app: app.use(oauthRouter(…)) without a path, which is what \`basePath\` is for.`,
  );
}

/** `req.oauth`. Nothing is read or computed before somebody asks. */
class RequestContext implements RequestOAuth {
  readonly #req: Request;
  readonly #res: Response;
  readonly [requestLogins]: RequestLogins;

  constructor(req: Request, res: Response) {
    this.#req = req;
    this.#res = res;
    this[requestLogins] = new RequestLogins(req);
  }

  get loggedIn(): boolean {
    return this.#first() !== undefined;
  }

  get user(): User | undefined {
    return this.#first()?.user;
  }

  get logins(): readonly Login[] {
    return this[requestLogins].entries().map(([provider, login]) => toLogin(provider, login));
  }

  login(provider?: string): Login | undefined {
    const found = this[requestLogins].find(provider);
    return found && toLogin(...found);
  }

  async getAccessToken(options: AccessTokenOptions = {}): Promise<string> {
    const known = { provider: 'string', minTtl: 'seconds', forceRefresh: 'boolean' } as const;
    const { provider, minTtl, forceRefresh = false } = checkOptions('getAccessToken', options, known);
    const [name, login] = this.#required(provider);
    const need = minTtl === undefined ? {} : { minTtl };
    if (!forceRefresh) return (await this[requestLogins].obtain(name, login, need)).tokens.accessToken;
    const { records } = this[requestLogins].services(name);
    const notVersion = (await records.peek(login.id))?.version ?? 0;
    return (await this[requestLogins].obtain(name, login, { ...need, notVersion })).tokens.accessToken;
  }

  async getTokens(options: WhichLogin = {}): Promise<TokenSet> {
    const { provider } = checkOptions('getTokens', options, { provider: 'string' });
    return (await this[requestLogins].obtain(...this.#required(provider))).tokens;
  }

  async fetch(url: string | URL, init?: RequestInit, options: WhichLogin = {}): Promise<globalThis.Response> {
    const { provider } = checkOptions('fetch', options, { provider: 'string' });
    const [name, login] = this.#required(provider);
    const { provider: at, proofs } = this[requestLogins].client(name);
    const token = async (refused?: number) => {
      const need = refused === undefined ? {} : { refusedVersion: refused };
      const { tokens, version, proofKey } = await this[requestLogins].obtain(name, login, need);
      return { accessToken: tokens.accessToken, version, ...(proofKey && { proofKey }) };
    };
    return apiFetch({ placement: at.tokenPlacement, apiOrigins: at.apiOrigins, proofs, token }, url, init);
  }

  loginUrl(options: LoginUrlOptions = {}): string {
    const known = { provider: 'string', returnTo: 'anything' } as const;
    return loginUrl(this[requestLogins], checkOptions('loginUrl', options, known));
  }

  async redirectToLogin(options: RedirectToLoginOptions = {}): Promise<void> {
    const known = { provider: 'string', returnTo: 'anything', params: 'object' } as const;
    const checked = checkOptions('redirectToLogin', options, known);
    await redirectToLogin(this.#req, this.#res, this[requestLogins], checked);
  }

  async logout(options: LogoutOptions = {}): Promise<{ redirectTo: string }> {
    const known = { provider: 'string', everywhere: 'boolean' } as const;
    const { provider, everywhere = false } = checkOptions('logout', options, known);
    const { origin, afterLogout } = this[requestLogins].mountedFor(provider).runtime.config;
    const home = new URL(afterLogout, publicOrigin(this.#req, origin));
    const ended = everywhere ? await endEverywhere(this.#req, this[requestLogins], provider) : [];
    ended.push(...(await this.#end(everywhere ? undefined : provider)));
    const clientOf = (name: string) => this[requestLogins].clientOf(name);
    const url = await providerLogoutUrl(clientOf, ended, home.href);
    return { redirectTo: url?.href ?? afterLogout };
  }

  /** Ends one login, or the session with all of them: those of other routers too. */
  async #end(provider: string | undefined): Promise<LoginRecord[]> {
    const end = (logins: readonly Entry[]) => endSessionLogins(this[requestLogins], logins);
    if (provider === undefined) {
      const { services } = this[requestLogins].mountedFor(undefined);
      return endSession(this.#req, this.#res, services, end);
    }
    const found = this[requestLogins].find(provider);
    if (!found) return [];
    await updateLogin(this.#req, provider, found[1].id, () => undefined);
    return end([found]);
  }

  async sessions(options: WhichLogin = {}): Promise<LoginSession[]> {
    const { provider } = checkOptions('sessions', options, { provider: 'string' });
    const found = await listSessions(this.#req, this[requestLogins], provider);
    if (found) return found;
    throw this.#nobody(provider);
  }

  async loginWithAssertion(provider: string, subject: AssertionSubject): Promise<Login> {
    const mounted = this[requestLogins].mountedFor(provider);
    const { emit } = mounted.runtime;
    const client = this[requestLogins].client(provider);
    const startedAt = Date.now();
    const duration = () => Date.now() - startedAt;
    try {
      const login = await acceptLogin(mounted, client, this.#req, await loginByAssertion(client, subject));
      emit({ type: 'login.completed', provider, login: hashLoginId(login.id), duration: duration() });
      return toLogin(provider, login);
    } catch (error) {
      emit({ type: 'login.failed', provider, ...errorCodes(error), duration: duration() });
      throw error;
    }
  }

  #first(): SessionLogin | undefined {
    return this[requestLogins].find()?.[1];
  }

  #required(provider?: string): [string, SessionLogin] {
    const found = this[requestLogins].find(provider);
    if (found) return found;
    throw this.#nobody(provider);
  }

  #nobody(provider: string | undefined): LoginRequiredError {
    return new LoginRequiredError('login_required', 'Nobody is logged in.', {
      loginUrl: loginUrl(this[requestLogins], { provider }),
    });
  }
}
