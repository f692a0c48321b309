/** How a provider behaves. Change a member of {@link LabProvider.settings} and the next request meets it. */
export interface LabSettings {
  /**
   * Seconds that an access token lives, counted from when it is issued. Default 3600; for `pds`, `dingtalk` and `feishu`
   * 7200, for `welink` 28800, for `douyin` 1296000.
   */
  accessTokenLifetime: number;
  /** Seconds that a refresh token lives, counted from when it is issued. Default 2592000, which is 30 days. */
  refreshTokenLifetime: number;
  /** Seconds in which an authorization code must be redeemed. Default 600, for `welink` and `feishu` 300. */
  codeLifetime: number;
  /**
   * Whether a refresh answers with a new refresh token and uses the old one up. Default `true`; `false` for `aliyun` and
   * `pds`, which answer without one then, and for `douyin`, which repeats the old one. Without effect at `welink`, which
   * has no refresh tokens, and at `open-platform`, which has `refreshReturns` instead.
   */
  rotateRefreshTokens: boolean;
  /** Whether using a used-up refresh token again also ends every token of that login. Default `true`. */
  reuseRevokesFamily: boolean;
  /** Seconds for which a refresh token still works after it was rotated. Default 0. */
  reuseGrace: number;
  /**
   * Whether `expires_in` is `"3600"` instead of `3600`. Default `false`, for `welink` `true`; a refresh at `douyin` always
   * has a string.
   */
  expiresInAsString: boolean;
  /** Where there are id_tokens: whether one repeats the `nonce` of the authorization request. Default `true`, for `aliyun` `false`. */
  echoNonce: boolean;
  /** Where there are id_tokens: whether a refresh answers with one as well. Default `true`, for `aliyun` `false`. */
  idTokenOnRefresh: boolean;
}

/** What providers can be told whose documents know nothing of PKCE. */
export interface PkceSettings {
  /**
   * Whether the authorization endpoint takes `code_challenge`, `code_challenge_method` and `nonce`, and the token endpoint
   * checks `code_verifier`. Default `false`: they are refused, as the documents do not know them.
   */
  acceptPkce: boolean;
}

/** How `oidc` behaves. */
export interface OidcSettings extends LabSettings {
  /** Whether clients must push their authorization requests [RFC 9126], which the metadata says then. Default `false`. */
  requirePar: boolean;
  /** Whether clients get tokens only with a proof of possession, bound to its key [RFC 9449]. Default `false`. */
  requireDpop: boolean;
  /** Whether a proof must hold a nonce, each endpoint's own. Default `false`. */
  requireDpopNonce: boolean;
  /**
   * Whether users who are asked for it by `acr_values` or `claims` log in as `urn:lab:acr:two-factor`, and not only as
   * `urn:lab:acr:password`. Default `true`.
   */
  secondFactor: boolean;
}

/** How `pds` behaves. */
export interface PdsSettings extends LabSettings, PkceSettings {
  /**
   * How a token answer says when the access token expires: the first two in seconds, the others as a point in time. The
   * documents use all four names. Default `'all'`.
   */
  expirySpelling: 'expires_in' | 'expire_in' | 'expire_time' | 'expires_time' | 'all';
}

/** How `welink` behaves. */
export interface WelinkSettings extends LabSettings, PkceSettings {
  /** Whether the token endpoint also takes its parameters from the query, with an empty body. Default `false`. */
  acceptQuery: boolean;
  /** The name of the member that says whether somebody is an admin; the documents use both. Default `'isAdmin'`. */
  adminSpelling: 'isAdmin' | 'isadmin';
  /** Whether that member is `"true"` instead of `true`. Default `false`. */
  adminAsString: boolean;
}

/** How `open-platform` behaves. */
export interface OpenPlatformSettings extends LabSettings, PkceSettings {
  /**
   * What a refresh answers with: the same two tokens, the access token living on; a new access token and the same refresh
   * token, which gets no older for it; or two new ones. Default `'new-token'`.
   */
  refreshReturns: 'same-token' | 'new-token' | 'new-both';
}
