import type { ClientAuthentication, ClientKey, SigningClient } from './client-authentication.js';
import type { Dialect, SuccessRule } from './dialect.js';

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

/** Whom an assertion is about [RFC 7523], for providers that take one from an app which knows its users. */
export interface AssertionSubject {
  /** The user's id at the provider. */
  readonly sub: string;
  /** `service` stands for the app itself, with all its rights. Default `user`. */
  readonly subType?: 'user' | 'service' | undefined;
  /** Create the user if there is none. Default: the provider's. */
  readonly autoCreate?: boolean | undefined;
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
