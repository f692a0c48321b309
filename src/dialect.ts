/**
 * Where a provider deviates from the standards: declarative, pure, and at most four hooks. Everything is optional;
 * what is absent is standard. A dialect repairs form. It never invents a subject, a nonce or an id_token.
 */
export interface Dialect {
  /** The authorization request. */
  readonly authorization?:
    | {
        /** Standard parameter name → the provider's. */
        readonly rename?: Readonly<Record<string, string>> | undefined;
        /** Standard parameters that are not sent. */
        readonly omit?: readonly string[] | undefined;
        /** What stands between scopes. Default: a space. */
        readonly scopeDelimiter?: string | undefined;
      }
    | undefined;
  /** What comes back to the redirect URI. */
  readonly callback?:
    | {
        /** The provider's parameter name → the standard one. */
        readonly rename?: Readonly<Record<string, string>> | undefined;
      }
    | undefined;
  /** Requests to the token and revocation endpoints. */
  readonly request?: RequestRules | undefined;
  /** Takes the place of `request` for refreshes. */
  readonly refresh?: RequestRules | undefined;
  /** Takes the place of `request` for revocations. */
  readonly revocation?: RequestRules | undefined;
  /** Answers of the token endpoint. */
  readonly answer?:
    | {
        /** The path to the member that holds the answer. */
        readonly envelope?: readonly string[] | undefined;
        /** When the answer is a success. Default: a status of 2xx and no member `error`. */
        readonly success?: SuccessRule | undefined;
        /** Members with the access token; the first that is there counts. Default `access_token`. */
        readonly accessToken?: readonly string[] | undefined;
        /** The same for the refresh token. Default `refresh_token`. */
        readonly refreshToken?: readonly string[] | undefined;
        /** Members with a lifetime in seconds, number or numeric string; the first that is there counts. */
        readonly expiresIn?: readonly string[] | undefined;
        /** Members with a point in time, ISO 8601; asked when there is no lifetime. */
        readonly expiresAt?: readonly string[] | undefined;
        /** The same for the refresh token. A lifetime of 0 means that it does not expire. */
        readonly refreshExpiresIn?: readonly string[] | undefined;
        /** What stands between granted scopes; a list is taken as well. Default: a space. */
        readonly scopeDelimiter?: string | undefined;
      }
    | undefined;
  /** How its errors read. */
  readonly error?:
    | {
        /** Members that may hold the error code, with dots for members of members; the first that is there counts. */
        readonly code?: readonly string[] | undefined;
        /** Members, and headers in lower case, that may hold the provider's id of the request. */
        readonly requestId?: readonly string[] | undefined;
        /** The provider's code → the standard one. */
        readonly map?: Readonly<Record<string, StandardError>> | undefined;
      }
    | undefined;
  /** Pure functions, for what cannot be said in data. Each returns what takes the place of its argument. */
  readonly hooks?:
    | {
        /** The URL to which the browser goes, when the rules above have been followed. */
        readonly authorizationUrl?: ((url: URL) => URL) | undefined;
        /** The parameters that came back, under their standard names: what it returns is checked as any callback is. */
        readonly callback?: ((params: URLSearchParams) => URLSearchParams) | undefined;
        /** A request to the token or revocation endpoint, before it is encoded. */
        readonly request?: ((request: WireRequest) => WireRequest) | undefined;
        /** The answer to one, before anything else reads it. */
        readonly response?: ((response: WireResponse) => WireResponse) | undefined;
      }
    | undefined;
}

/** How a request to the token or revocation endpoint differs from the standard one. */
export interface RequestRules {
  /** Standard parameter name → the provider's. */
  readonly rename?: Readonly<Record<string, string>> | undefined;
  /** Standard parameters that are not sent. */
  readonly omit?: readonly string[] | undefined;
  /** Further parameters, the same in every request. */
  readonly add?: Readonly<Record<string, string>> | undefined;
  /** Default `form`. */
  readonly encoding?: 'form' | 'json' | 'query' | undefined;
  /** Default `POST`. `GET` carries no body: without the encoding `query` it is a `ConfigurationError`. */
  readonly method?: 'POST' | 'GET' | undefined;
  /** The key of another URL among the provider's endpoints. */
  readonly endpoint?: string | undefined;
}

/** An answer is a success only if the member at this path, as a string, is one of these; no object or array is. */
export interface SuccessRule {
  /** The names of members, from the outermost to the innermost. */
  readonly path: readonly string[];
  /** What it may be: `'0'` stands for the number 0, too. */
  readonly values: readonly string[];
  /** Whether an answer without that member is a success, too: some platforms leave a code of 0 out. Default false. */
  readonly absent?: boolean | undefined;
}

/** A request on its way to the provider, in parts that a dialect can change. */
export interface WireRequest {
  /** What it is for. */
  readonly endpoint: 'token' | 'revocation' | 'pushedAuthorization';
  /** The `grant_type`, for requests to the token endpoint. */
  readonly grant?: string;
  /** The HTTP method. */
  readonly method: string;
  /** Where it goes, without the parameters. */
  readonly url: string;
  /** Headers, their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parameters, as they are encoded afterwards. Credentials are among them where they are no header. */
  readonly params: readonly (readonly [name: string, value: string])[];
}

/** A provider's answer, read and parsed. `body` is `undefined` when it was not JSON. */
export interface WireResponse {
  /** The HTTP status. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** The JSON, as it came. */
  readonly body: unknown;
}

/** The standard error codes to which a provider's own can be mapped [RFC 6749 4.1.2.1, 5.2]. */
export type StandardError =
  | 'access_denied'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_request'
  | 'invalid_scope'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'unauthorized_client'
  | 'unsupported_grant_type';
