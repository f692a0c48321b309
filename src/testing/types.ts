/** The stand-ins that the lab has. */
export type LabProviderName = 'aliyun' | 'oidc';

/** Where a request can go, in words that mean the same for every provider; faults are set by these names. */
export type LabEndpoint =
  | 'authorization'
  | 'token'
  | 'userinfo'
  | 'revocation'
  | 'jwks'
  | 'discovery'
  | 'api'
  | 'endSession';

/** How a provider behaves. Change a member of {@link LabProvider.settings} and the next request meets it. */
export interface LabSettings {
  /** Seconds that an access token lives, counted from when it is issued. Default 3600. */
  accessTokenLifetime: number;
  /** Seconds that a refresh token lives, counted from when it is issued. Default 2592000, which is 30 days. */
  refreshTokenLifetime: number;
  /** Seconds in which an authorization code must be redeemed. Default 600. */
  codeLifetime: number;
  /** Whether a refresh answers with a new refresh token and uses the old one up. Default `true`, for `aliyun` `false`. */
  rotateRefreshTokens: boolean;
  /** Whether using a used-up refresh token again also ends every token of that login. Default `true`. */
  reuseRevokesFamily: boolean;
  /** Seconds for which a refresh token still works after it was rotated. Default 0. */
  reuseGrace: number;
  /** Whether `expires_in` is `"3600"` instead of `3600`. Default `false`. */
  expiresInAsString: boolean;
  /** Whether the id_token repeats the `nonce` of the authorization request. Default `true`, for `aliyun` `false`. */
  echoNonce: boolean;
  /** Whether a refresh answers with an id_token as well. Default `true`, for `aliyun` `false`. */
  idTokenOnRefresh: boolean;
}

/** Options of {@link startLab}. */
export interface LabOptions {
  /** Which stand-ins to start. Default: all of them. */
  providers?: readonly LabProviderName[];
  /**
   * The port of the first provider; the others take the ports after it, in the order of `providers`, and further hosts
   * of a provider (the sign-in host of `aliyun`) the ports after those. Default 0: any free port.
   */
  port?: number;
  /** The address to listen on. Default `127.0.0.1`. */
  host?: string;
  /** Settings that every provider starts with, in place of its own. */
  defaults?: Partial<LabSettings>;
}

/** A client that is registered at a provider of the lab. */
export interface LabClient {
  /** The `client_id`. */
  readonly clientId: string;
  /** How this client proves itself at the token endpoint, as RFC 7591 names it. */
  readonly tokenEndpointAuthMethod: 'client_secret_basic' | 'client_secret_post' | 'none';
}

/** A client with a secret. */
export interface LabWebClient extends LabClient {
  /** The `client_secret`. */
  readonly clientSecret: string;
}

/** Somebody who can log in at a provider of the lab. No password is asked for. */
export interface LabUser {
  /** The name by which {@link LabProvider.signIn} knows this user, such as `alice`. */
  readonly id: string;
  /** The name shown on the login page. */
  readonly name: string;
  /** What sets this user apart, in a few words, shown on the login page. */
  readonly note: string;
  /** The subject that clients get to see. */
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
  /** Default 500. */
  status?: number;
  /** A string is sent as it is, anything else as JSON. Default: an error in the provider's own form. */
  body?: unknown;
  /** Further headers, such as `retry-after`. */
  headers?: Readonly<Record<string, string>>;
}

/** One provider of the lab. */
export interface LabProvider {
  /** `aliyun`, `oidc`. */
  readonly name: string;
  /** The name on its pages. */
  readonly title: string;
  /** Its main origin, `http://127.0.0.1:…`. */
  readonly origin: string;
  /** Its URLs, by the names that the `endpoints` option of a provider factory takes. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** The clients registered there; `native` has no secret. */
  readonly clients: { readonly web: LabWebClient; readonly native: LabClient };
  /** Who can log in; the first one is who {@link LabProvider.signIn} plays by default. */
  readonly users: readonly LabUser[];
  /** How it behaves; change a member at any time. */
  readonly settings: LabSettings;
  /** A protected API of the provider: a GET with `Authorization: Bearer …` is answered with JSON about the user. */
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

  /** Allows a redirect URI for both clients, by exact comparison. None is allowed to begin with. */
  registerRedirectUri(uri: string): void;
  /** The same for where a logout may lead to. Without effect where the provider has no end-session endpoint. */
  registerPostLogoutRedirectUri(uri: string): void;

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
   * @throws Error if the provider shows an error page; the message repeats it
   */
  signIn(authorizationUrl: string | URL, options?: { user?: string; approve?: boolean }): Promise<URL>;
  /** Plays a user at the end-session endpoint who confirms, and returns the redirect back to the client. */
  signOut(endSessionUrl: string | URL): Promise<URL>;
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
  provider(name: string): LabProvider;
  /** Stops all servers and cuts their connections. */
  close(): Promise<void>;
}
