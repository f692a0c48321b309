import type { KeyObject } from 'node:crypto';

/**
 * What a provider is: data, and where it deviates from the standards, a dialect. `wire/` makes it run.
 */

/** The URLs of a provider. A provider may have more of its own beyond these. */
export interface Endpoints {
  /** The issuer identifier [RFC 8414 2]: compared exactly, and the place of discovery. */
  issuer?: string;
  /** Where the browser is sent to log in [RFC 6749 3.1]. */
  authorization?: string;
  /** Where codes and refresh tokens are redeemed [RFC 6749 3.2]. */
  token?: string;
  /** What says who the user is [OpenID Connect Core 5.3]. */
  userinfo?: string;
  /** Where logout revokes tokens [RFC 7009]. Without it they live on until they expire. */
  revocation?: string;
  /** The keys that sign id_tokens [RFC 7517 5]. */
  jwks?: string;
  /** Where RP-initiated logout sends the browser [OpenID Connect RP-Initiated Logout 1.0]. */
  endSession?: string;
  /** Pushed authorization requests [RFC 9126]. */
  pushedAuthorization?: string;
  [beyond: string]: string | undefined;
}

/** URLs of which each may be left to the provider. */
export type EndpointOverrides = { [Key in keyof Endpoints]?: Endpoints[Key] | undefined };

/**
 * How the app proves at the token endpoint who it is [RFC 6749 2.3]. `announced`: as `post` where the metadata announces
 * `client_secret_post` and not `client_secret_basic`, else as `basic`.
 */
export type ClientAuthentication =
  | { readonly method: 'none' }
  | { readonly method: 'post' | 'basic' | 'announced'; readonly clientSecret: string }
  | ({ readonly method: 'private_key_jwt' } & ClientKey);

/**
 * A key as JSON [RFC 7517, RFC 7518 6]. A type of our own, since that of `node:crypto` is not in every version of its
 * types; keys of theirs and of jose's fit, and an alias, unlike an interface, fits where they want it.
 */
export type Jwk = {
  kty?: string;
  kid?: string;
  alg?: string;
  use?: string;
  key_ops?: string[];
  ext?: boolean;
  crv?: string;
  x?: string;
  y?: string;
  d?: string;
  n?: string;
  e?: string;
  p?: string;
  q?: string;
  dp?: string;
  dq?: string;
  qi?: string;
};

/** A private key of the app: PKCS#8 PEM, JWK [RFC 7517] or `KeyObject`. */
export type PrivateKey = string | Jwk | KeyObject;

/**
 * The key by which the app signs who it is [RFC 7523 2.2, OpenID Connect Core 9], in the place of a secret: RSA of 2048
 * bits or more, EC P-256, P-384 or P-521, or Ed25519.
 */
export interface ClientKey {
  readonly privateKey: PrivateKey;
  /** Names the key to the provider, in the assertion's header. Default: the `kid` of a JWK. */
  readonly keyId?: string | undefined;
  /**
   * The signature algorithm. Default: the `alg` of a JWK, else the first one of the key that the provider's metadata
   * announces: `RS256` before `PS256`, `EdDSA` before `Ed25519`.
   */
  readonly alg?: string | undefined;
}

/** A {@link ClientKey} that was read and checked. */
export interface SigningClient {
  readonly method: 'private_key_jwt';
  readonly privateKey: KeyObject;
  readonly keyId?: string;
  /** Algorithms that will do, the preferred one first. */
  readonly algs: readonly string[];
}

/** How id_tokens of this provider are judged [OpenID Connect Core 3.1.3.7]. */
export interface IdTokenPolicy {
  /** Signature algorithms that are taken. Empty: the asymmetric ones that the metadata announces. */
  readonly algs: readonly string[];
  /** `if-present`: the provider may leave the nonce out; a foreign one is refused all the same. */
  readonly nonce: 'required' | 'if-present';
  /** Further audiences, besides the client id, that an id_token may name. */
  readonly audiences: readonly string[];
}

/** How a provider's facts about the user become a `User`. */
export interface IdentityMapping {
  /** Where the facts come from. */
  readonly source: 'id_token' | 'token_answer' | 'userinfo';
  /** `auto`: called when a scope that was granted promises claims which the id_token lacks. */
  readonly userinfo: 'auto' | 'always' | 'never';
  /** The claims that make the subject, joined by `:`. Each must be there. */
  readonly subject: readonly string[];
  /** Claims in which a name, an address, a picture may be; the first that is there counts. */
  readonly name: readonly string[];
  readonly email: readonly string[];
  readonly picture: readonly string[];
  /** The calls that say who the user is, one after the other; their answers add up. Default: one GET of `userinfo`. */
  readonly calls: readonly UserCall[];
  /** A policy on the facts. An answer other than `undefined` is the reason for which this user is refused. */
  readonly refuse?: (claims: Readonly<Record<string, unknown>>) => string | undefined;
}

/** An {@link IdentityMapping} as options give it: in part, and a list of one as a string. */
export type IdentityOptions = {
  readonly [Member in keyof IdentityMapping]?:
    | IdentityMapping[Member]
    | (Member extends 'subject' | 'name' | 'email' | 'picture' ? string : never)
    | undefined;
};

/** One call that says something about the user. The token travels as it does to the provider's API. */
export interface UserCall {
  /** The key of the URL among the provider's endpoints. Default `userinfo`. */
  readonly endpoint?: string | undefined;
  /** `POST` sends `params` as JSON, `GET` in the query. Default `GET`. */
  readonly method?: 'GET' | 'POST' | undefined;
  /** A value `{name}` stands for that member of the token answer. */
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** The path to the member that holds the facts. */
  readonly envelope?: readonly string[] | undefined;
  /** When the answer is a success. Default: a status of 2xx and no member `error`. */
  readonly success?: SuccessRule | undefined;
  /** Codes of the provider that do not mean that the call failed, but that this user is refused. */
  readonly denied?: readonly string[] | undefined;
}

/** An answer is a success only if the member at this path, as a string, is one of these. */
export interface SuccessRule {
  /** The names of members, from the outermost to the innermost. */
  readonly path: readonly string[];
  /** What it may be: `'0'` stands for the number 0, too. */
  readonly values: readonly string[];
}

/** How the access token travels to the provider's API. */
export type TokenPlacement =
  | {
      /** The name of the header. */
      readonly header: string;
      /** What stands before the token, `Bearer ` by default; empty for a raw token. */
      readonly prefix: string;
    }
  /** In the query, for the few that know no other way: URLs end up in logs. */
  | { readonly query: string };

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

/** Whom an assertion is about [RFC 7523], for providers that take one from an app which knows its users. */
export interface AssertionSubject {
  /** The user's id at the provider. */
  readonly sub: string;
  /** `service` stands for the app itself, with all its rights. Default `user`. */
  readonly subType?: 'user' | 'service' | undefined;
  /** Create the user if there is none. Default: the provider's. */
  readonly autoCreate?: boolean | undefined;
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

/** A provider, as `defineProvider` takes it. */
export interface ProviderDefinition {
  /** The `:provider` of the routes: lower-case letters, digits and hyphens, at most 32. */
  name: string;
  /** What the chooser page calls it. Default: the name. */
  title?: string | undefined;
  /** The client id under which the app is registered. */
  clientId: string;
  /** How the app proves who it is. Default `{ method: 'none' }`: a public client. */
  clientAuthentication?: ClientAuthentication | undefined;
  /** Read the metadata of `endpoints.issuer` [RFC 8414, OpenID Connect Discovery 1.0]. Default `false`. */
  discovery?: boolean | undefined;
  /** Its URLs: https, or http on loopback. With `discovery` the `issuer` is enough. */
  endpoints: Endpoints;
  /** The scopes to ask for, as a list or with spaces between them. Default: none. */
  scope?: string | readonly string[] | undefined;
  /** PKCE with S256 [RFC 7636]. Default `true`; off only for a provider whose documents do not know it. */
  pkce?: boolean | undefined;
  /** Further parameters of the authorization request; none may be one of ours. */
  authorizationParams?: Readonly<Record<string, string>> | undefined;
  /** The registered redirect URI, when it is not the callback route's own URL. */
  redirectUri?: string | undefined;
  /** How the callback comes back. Default `query`. */
  responseMode?: 'query' | 'form_post' | undefined;
  /**
   * Push the authorization request, so that the browser carries a reference alone [RFC 9126]. Default `auto`: where the
   * metadata requires it.
   */
  par?: boolean | 'auto' | undefined;
  /** Bind the tokens to a key that each login has of its own [RFC 9449]. Default `false`. */
  dpop?: boolean | undefined;
  /** Absent: the provider issues no id_token, and one that comes is ignored. */
  idToken?: { readonly [Member in keyof IdTokenPolicy]?: IdTokenPolicy[Member] | undefined } | undefined;
  /** How the provider's facts become a user. Default: OpenID Connect's claims, of the id_token or else of userinfo. */
  identity?: IdentityOptions | undefined;
  /** Which token logout revokes. Default `refresh_token`, and the access token where there is none. */
  revoke?: 'refresh_token' | 'refresh_token_only' | undefined;
  /** How the access token travels to the API. Default: `Authorization: Bearer`. */
  tokenPlacement?:
    | { header?: string | undefined; prefix?: string | undefined }
    | { query: string }
    | undefined;
  /** Signs an assertion about a user whom the app itself has authenticated [RFC 7523]. */
  assertion?: ((subject: AssertionSubject) => Promise<string>) | undefined;
  /** Origins to which `req.oauth.fetch` may carry the token. Default: any https origin, and loopback. */
  apiOrigins?: readonly string[] | undefined;
  /** Where the provider deviates from the standards. Default: nowhere. */
  dialect?: Dialect | undefined;
}

/** A provider that is ready for use: complete, checked and frozen. Made by `defineProvider` and the factories. */
export interface Provider
  extends Omit<
    ProviderDefinition,
    'apiOrigins' | 'clientAuthentication' | 'idToken' | 'identity' | 'scope' | 'tokenPlacement'
  > {
  /** What the chooser page calls it. */
  readonly title: string;
  /** How the app proves who it is; a key has been parsed. */
  readonly clientAuthentication: Exclude<ClientAuthentication, ClientKey> | SigningClient;
  /** Whether the metadata of the issuer is read. */
  readonly discovery: boolean;
  /** The URLs that were given. */
  readonly endpoints: Readonly<Endpoints>;
  /** The scopes to ask for. */
  readonly scope: readonly string[];
  /** Whether PKCE is used. */
  readonly pkce: boolean;
  /** Further parameters of the authorization request. */
  readonly authorizationParams: Readonly<Record<string, string>>;
  /** How the callback comes back. */
  readonly responseMode: 'query' | 'form_post';
  /** Whether authorization requests are pushed. */
  readonly par: boolean | 'auto';
  /** Whether tokens are bound to a key. */
  readonly dpop: boolean;
  /** How id_tokens are judged; `undefined` where there are none. */
  readonly idToken: IdTokenPolicy | undefined;
  /** How the provider's facts become a user. */
  readonly identity: IdentityMapping;
  /** Which token logout revokes. */
  readonly revoke: 'refresh_token' | 'refresh_token_only';
  /** How the access token travels to the API. */
  readonly tokenPlacement: TokenPlacement;
  /** Origins to which the token may travel; `undefined`: any https origin, and loopback. */
  readonly apiOrigins: readonly string[] | undefined;
  /** Where the provider deviates from the standards. */
  readonly dialect: Dialect;
  /** What ties a login to this provider: a login made at another issuer counts as no login. */
  readonly issuerId: string;
}

/** The parameters of an authorization request that are ours alone. */
export const ownAuthorizationParams: readonly string[] = Object.freeze([
  'client_id',
  'client_secret',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'dpop_jkt',
  'request',
  'request_uri',
]);

/** The first parameter name that a caller may not set: one of ours, or the dialect's name for one of ours. */
export function reservedParam(names: Iterable<string>, dialect: Dialect): string | undefined {
  const reserved = new Set([
    ...ownAuthorizationParams,
    ...Object.values(dialect.authorization?.rename ?? {}),
  ]);
  for (const name of names) if (reserved.has(name)) return name;
  return undefined;
}

const checked = new WeakSet<object>();

/** Marks a provider as complete and checked; for `defineProvider` alone. */
export function markChecked(provider: Provider): Provider {
  checked.add(Object.freeze(provider));
  return provider;
}

/** Whether a value came from `defineProvider`, or a factory, which is the same. */
export function isProvider(value: unknown): value is Provider {
  return typeof value === 'object' && value !== null && checked.has(value);
}

/** Whether users log in on a page of the provider, and not by the app's own word. */
export function hasLoginPage({ assertion }: Provider): boolean {
  return assertion === undefined;
}
