import type { User } from '../login/user.js';
import type { AssertionSubject } from '../provider.js';
import type { TokenSet } from '../tokens/token-set.js';
import type { Login } from './options.js';

/** Names a provider. What leaving it out means is said at each method. */
export interface WhichLogin {
  /** The name of the provider. */
  provider?: string | undefined;
}

/** What {@link RequestOAuth.getAccessToken} takes. */
export interface AccessTokenOptions extends WhichLogin {
  /**
   * Seconds for which the token must still be good. A shorter lifetime of the provider's is not stretched, and what
   * cannot be renewed is used up: without a refresh token, the access token serves until it expires.
   */
  minTtl?: number | undefined;
  /** Refresh even if the token seems good. Does nothing where there is no way to a new one. Default `false`. */
  forceRefresh?: boolean | undefined;
}

/** What {@link RequestOAuth.loginUrl} takes. */
export interface LoginUrlOptions extends WhichLogin {
  /** The path of this app to come back to. Anything else becomes `afterLogin`. */
  returnTo?: string | undefined;
}

/** What {@link RequestOAuth.redirectToLogin} takes. */
export interface RedirectToLoginOptions extends LoginUrlOptions {
  /**
   * Further parameters of the authorization request (`prompt`, `max_age`, `login_hint`, …); none may be one of ours.
   * What `max_age` and `acr_values` ask for, the id_token must meet. With `prompt: 'none'` the browser comes back to
   * `returnTo` even when the provider would have to ask the user something: logged in or out, as it was before.
   */
  params?: Record<string, string> | undefined;
}

/** What {@link RequestOAuth.logout} takes. */
export interface LogoutOptions extends WhichLogin {
  /**
   * End all sessions of the same user, on all devices, and this session in any case: of the login that `provider`
   * names, or of every login of this session. Default `false`.
   */
  everywhere?: boolean | undefined;
}

/** A session of a user, on whatever device. */
export interface LoginSession {
  /** Names the session, and is of no other use: the hash of the login's id that events carry as `login`. */
  readonly id: string;
  /** The name of the provider. */
  readonly provider: string;
  /** Milliseconds since the epoch. */
  readonly loggedInAt: number;
  /** When the session ends in any case, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Whether it is the session of this request. */
  readonly current: boolean;
}

/** A user, as {@link OAuthRouter.sessionsOf} and {@link OAuthRouter.logoutUser} take one. */
export interface UserOfProvider {
  /** The name of the provider. */
  provider: string;
  /** The `sub` of the user at this provider. */
  sub: string;
}

/**
 * `req.oauth`: the logins of the session to which a request belongs. On Express 4, which ignores promises, pass what its
 * methods reject with to `next`: `req.oauth.getAccessToken().then(…).catch(next)`.
 */
export interface RequestOAuth {
  /** Whether somebody is logged in. */
  readonly loggedIn: boolean;
  /** The user of the login that came first in this session. */
  readonly user: User | undefined;
  /** One login per provider, the first one first. */
  readonly logins: readonly Login[];
  /** The login at a provider, or the first one. */
  login(provider?: string): Login | undefined;
  /**
   * The access token, refreshed if it must be: of the login at `provider`, or of the first one.
   *
   * @throws LoginRequiredError when there is no login, or it has ended.
   * @throws ProviderUnavailableError, ProviderRejectedError, ProviderProtocolError when a refresh was needed and
   *   failed. The login stays.
   * @throws StoreUnavailableError
   *
   * @example
   * const token = await req.oauth.getAccessToken({ minTtl: 120 });
   */
  getAccessToken(options?: AccessTokenOptions): Promise<string>;
  /**
   * All tokens of the login at `provider`, or of the first one, with an access token that is good. Throws as
   * `getAccessToken`.
   *
   * @example
   * const { accessToken, expiresAt } = await req.oauth.getTokens({ provider: 'pds' });
   */
  getTokens(options?: WhichLogin): Promise<TokenSet>;
  /**
   * WHATWG fetch with the token of the login at `provider`, or of the first one, attached as the provider wants it.
   * After a 401 it refreshes and tries once more, unless the body can be read once only. The token never travels over
   * plain http (loopback aside), along a redirect to another origin, or to an origin outside the provider's
   * `apiOrigins`. Throws as `getAccessToken`, and `ConfigurationError` for such a URL.
   *
   * @example
   * const files = await req.oauth.fetch('https://api.example.com/files');
   */
  fetch(url: string | URL, init?: RequestInit, options?: WhichLogin): Promise<Response>;
  /**
   * Where to send a browser to log in: a path of this app. A `returnTo` that is not such a path is left out. Without
   * `provider`: the login at the only one, or the page on which the user chooses.
   *
   * @example
   * res.send(`<a href="${escapeHtml(req.oauth.loginUrl({ returnTo: '/cart' }))}">Log in</a>`);
   */
  loginUrl(options?: LoginUrlOptions): string;
  /**
   * Opens a login and answers this request with the redirect to the provider. Without `provider` the only one is meant;
   * of several the user chooses on a page, and `params` are refused.
   *
   * @throws ConfigurationError for `params` that are ours, and for a provider without a login page (with `loginPage` and
   *   without `params` the browser goes there).
   * @throws ProviderUnavailableError, ProviderProtocolError, ProviderRejectedError from discovery and from pushing the
   *   request.
   * @throws StoreUnavailableError
   *
   * @example
   * await req.oauth.redirectToLogin({ returnTo: '/pay', params: { prompt: 'login' } });
   */
  redirectToLogin(options?: RedirectToLoginOptions): Promise<void>;
  /**
   * Ends the login at `provider`, or all of them and the session: revokes at the provider, deletes the tokens. Whatever
   * the provider answers, the login has ended. With `everywhere` the user's sessions on other devices end first, and
   * this one last: after a failure in the middle the same call finishes the rest.
   *
   * @returns where to send the browser: `afterLogout`, or the provider's end-session page.
   * @throws StoreUnavailableError
   *
   * @example
   * res.redirect(303, (await req.oauth.logout({ everywhere: true })).redirectTo);
   */
  logout(options?: LogoutOptions): Promise<{ redirectTo: string }>;
  /**
   * The sessions of the same user, on all devices, the newest first: of the login that `provider` names, or of every
   * login of this session. Sessions that have ended are not among them.
   *
   * @throws LoginRequiredError when there is no login, or it has ended.
   * @throws StoreUnavailableError
   *
   * @example
   * const others = (await req.oauth.sessions()).filter(({ current }) => !current);
   */
  sessions(options?: WhichLogin): Promise<LoginSession[]>;
  /**
   * Logs in a user whom the app itself has authenticated, at a provider that takes signed assertions [RFC 7523].
   * The session gets a new id, as at any login.
   *
   * @throws ConfigurationError when the provider takes no assertions, or not for such a subject.
   * @throws LoginRequiredError `login_ended` when the login was ended by others while it began.
   * @throws AuthorizationDeniedError, ProviderRejectedError, ProviderProtocolError, ProviderUnavailableError,
   *   StoreUnavailableError
   *
   * @example
   * const { user } = await req.oauth.loginWithAssertion('pds-jwt', { sub: account.pdsUserId });
   */
  loginWithAssertion(provider: string, subject: AssertionSubject): Promise<Login>;
}

declare global {
  namespace Express {
    interface Request {
      /** The logins of this session. There once `oauthRouter` is mounted. */
      oauth: RequestOAuth;
    }
  }
}
