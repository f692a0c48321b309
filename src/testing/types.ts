import type { LabClients, LabWebAndNative, OidcClients, PdsClients } from './client-types.js';
import type {
  LabSettings,
  OidcSettings,
  OpenPlatformSettings,
  PdsSettings,
  WelinkSettings,
} from './setting-types.js';

export type {
  LabClient,
  LabClients,
  LabJwtClient,
  LabWebAndNative,
  LabWebClient,
  OidcClients,
  PdsClients,
} from './client-types.js';
export type {
  LabSettings,
  OidcSettings,
  OpenPlatformSettings,
  PdsSettings,
  PkceSettings,
  WelinkSettings,
} from './setting-types.js';

/** The stand-ins that the lab has, each with its own clients and settings. */
export interface LabProviders {
  readonly aliyun: LabProvider<LabSettings, LabWebAndNative>;
  readonly oidc: LabProvider<OidcSettings, OidcClients>;
  readonly pds: LabProvider<PdsSettings, PdsClients>;
  readonly welink: LabProvider<WelinkSettings>;
  readonly 'open-platform': LabProvider<OpenPlatformSettings>;
  readonly douyin: LabProvider;
  readonly dingtalk: LabProvider;
  readonly feishu: LabProvider;
}

/** The names of the stand-ins. */
export type LabProviderName = keyof LabProviders;

/** Where a request can go, in words that mean the same for every provider; faults are set by these names. */
export type LabEndpoint =
  | 'authorization'
  | 'token'
  | 'userinfo'
  | 'admin'
  | 'revocation'
  | 'jwks'
  | 'discovery'
  | 'api'
  | 'endSession'
  | 'pushedAuthorization';

/** Options of {@link startLab}. */
export interface LabOptions {
  /** Which stand-ins to start. Default: all of them; `oidc` where the package oidc-provider is installed. */
  providers?: readonly LabProviderName[] | undefined;
  /**
   * The port of the first provider; the others take the ports after it, in the order of `providers`, and further hosts
   * of a provider (the sign-in host of `aliyun`) the ports after those. Default 0: any free port.
   */
  port?: number | undefined;
  /** The address to listen on. Default `127.0.0.1`. */
  host?: string | undefined;
  /**
   * The host name in its URLs, where that is not the address it listens on: in a container it listens on `0.0.0.0`, and
   * browser and app reach it as `localhost`. Default: `host`.
   */
  publicHost?: string | undefined;
  /** Settings that every provider starts with, in place of its own. */
  defaults?: Partial<LabSettings> | undefined;
}

/** Somebody who can log in at a provider of the lab. No password is asked for. */
export interface LabUser {
  /** The name by which {@link LabProvider.signIn} knows this user, such as `alice`. */
  readonly id: string;
  /** The name shown on the login page. */
  readonly name: string;
  /** What sets this user apart, in a few words, shown on the login page. */
  readonly note: string;
  /**
   * The subject that clients get to see; for `pds` it is `domain_id:user_id`, as user ids are unique per domain only.
   */
  readonly sub: string;
  /** Every claim that the provider can tell of this user, by the provider's own names. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A request that a provider got, as it came. See {@link maskSecrets} before showing it to anybody. */
export interface LabRequest {
  /** Counts up, per provider. */
  readonly id: number;
  /** When it came, in milliseconds since the epoch. */
  readonly at: number;
  /** The name of the provider. */
  readonly provider: string;
  /** What was asked for. Pages for users are `login-page`. */
  readonly endpoint: LabEndpoint | 'login-page' | 'other';
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** The fields of a form body. */
  readonly form?: Readonly<Record<string, string>>;
  /** A JSON body. */
  readonly json?: unknown;
  /** The `grant_type`, where there is one. */
  readonly grant?: string;
  /** The status of the answer; 0 as long as there is none, and for good when the connection was cut. */
  readonly status: number;
  /** The answer, if it was JSON; also the one that was lost when the connection was cut. */
  readonly answer?: unknown;
}

/** What an endpoint answers instead of doing its work. */
export interface LabFault {
  /** For how many requests. Default 1. */
  times?: number;
  /** Default: the provider's own: 500; 503 at `welink` and `dingtalk`. */
  status?: number;
  /** A string is sent as it is, anything else as JSON. Default: an error in the provider's own form. */
  body?: unknown;
  /** Further headers, such as `retry-after`. */
  headers?: Readonly<Record<string, string>>;
  /**
   * Whether it comes from the gateway before the provider, which has a form of its own at `pds`: the body is empty, and
   * the error is in headers. Default `false`.
   */
  gateway?: boolean;
}

/** One provider of the lab. */
export interface LabProvider<
  Settings extends LabSettings = LabSettings,
  Clients extends LabClients = LabClients,
> {
  /** As in {@link LabProviders}. */
  readonly name: string;
  /** The name on its pages. */
  readonly title: string;
  /** Its main origin, `http://127.0.0.1:…`. */
  readonly origin: string;
  /** Its URLs, by the names that the `endpoints` option of a provider factory takes. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** The clients registered there; `native` has no secret. */
  readonly clients: Clients;
  /** Who can log in; the first one is who {@link LabProvider.signIn} plays by default. */
  readonly users: readonly LabUser[];
  /** How it behaves; change a member at any time. */
  readonly settings: Settings;
  /**
   * What else one has to know to use it: at `pds` the `domainId`, and the `nativeSecret` that a refresh for the native app
   * may carry.
   */
  readonly details: Readonly<Record<string, string>>;
  /**
   * A protected API of the provider: a GET with an access token is answered with JSON about the user, and without a good
   * one with an error of the provider, which is a 401 everywhere but at `douyin`, where it is a 200. The token goes where
   * this provider wants it: `Authorization: Bearer …` at most of them, the bare token in `x-wlk-Authorization` at
   * `welink`, in `x-acs-dingtalk-access-token` at `dingtalk`, in `access-token` at `douyin`. `pds` has no GET: this is its
   * userinfo endpoint, a POST of `{}`, and faults for it are those of `userinfo`.
   */
  readonly api: string;
  /** What it got, oldest first: the last 10 000 requests. */
  readonly requests: readonly LabRequest[];

  /** The requests to the token endpoint so far, all of them or those of one grant type. */
  tokenRequests(grant?: string): readonly LabRequest[];
  /** Resolves as soon as the next request to this endpoint has arrived, which is before it is answered. */
  nextRequest(endpoint: LabEndpoint): Promise<LabRequest>;
  /** Tells of every request when its answer is ready, just before that is sent. Returns the way to stop it. */
  onRequest(listener: (request: LabRequest) => void): () => void;
  /** Forgets the requests so far. */
  clearRequests(): void;

  /**
   * Allows a redirect URI for all clients, by exact comparison. None is allowed to begin with. For the native app of `pds`,
   * one with `127.0.0.1` or `[::1]` stands for every port.
   */
  registerRedirectUri(uri: string): void;
  /** The same for where a logout may lead to. Without effect where the provider has no end-session endpoint. */
  registerPostLogoutRedirectUri(uri: string): void;
  /**
   * Where logout tokens go when somebody signs out at the provider [OpenID Connect Back-Channel Logout 1.0]: one URI for
   * all clients, the last one registered. Users who sign in from then on have a `sid` in their id_tokens and logout
   * tokens, unless `sessionRequired` is `false`: then a logout token names the user alone. Without effect where the
   * provider is not `oidc`.
   */
  registerBackchannelLogoutUri(uri: string, options?: { sessionRequired?: boolean }): void;

  /** Answers the next requests with an error, without processing them. */
  fail(endpoint: LabEndpoint, fault?: LabFault): void;
  /** Processes the next requests at once but holds the answers back for so many milliseconds. */
  slow(endpoint: LabEndpoint, milliseconds: number, times?: number): void;
  /** Processes the next requests, so that tokens are issued and used up, and cuts the connection instead of answering. */
  drop(endpoint: LabEndpoint, times?: number): void;
  /**
   * Changes the next successful JSON answers. The function returns what to send (a string goes out as it is), or
   * nothing if it changed its argument.
   */
  alter(endpoint: LabEndpoint, change: (answer: Record<string, unknown>) => unknown, times?: number): void;
  /** Cuts every connection before a request is read, until it is called with `false`. */
  down(isDown: boolean): void;
  /** Takes back all faults that are still to come; {@link LabProvider.down} included. */
  clearFaults(): void;

  /** Refuses all access tokens issued so far. */
  expireAccessTokens(): void;
  /** Refuses all refresh tokens issued so far. */
  revokeAll(): void;

  /**
   * Plays a user with a new browser: follows the login and consent pages and returns the redirect to the client, which
   * is not fetched. Fields of a `form_post` answer come as query parameters.
   *
   * @throws Error if the provider shows an error page; the message repeats it. At `pds` that is also what follows when
   *   the user does not approve.
   */
  signIn(authorizationUrl: string | URL, options?: { user?: string; approve?: boolean }): Promise<URL>;
  /**
   * Plays a user at the end-session endpoint who confirms, and returns the redirect back to the client.
   *
   * @param options.user uses the browser in which this user signed in last, so that the session there ends; the clients
   *   have been told when this resolves. Default: a new browser.
   */
  signOut(endSessionUrl: string | URL, options?: { user?: string }): Promise<URL>;
}

/** The running stand-ins. */
export interface Lab {
  /** The providers by name. */
  readonly providers: Readonly<Record<string, LabProvider>>;
  /**
   * The provider of this name.
   *
   * @throws Error if the lab was started without it
   */
  provider<Name extends LabProviderName>(name: Name): LabProviders[Name];
  provider(name: string): LabProvider;
  /** Stops all servers and cuts their connections. */
  close(): Promise<void>;
}
