export type {
  ClientAuthentication,
  ClientKey,
  Jwk,
  PrivateKey,
  SigningClient,
} from './client-authentication.js';
export type {
  Dialect,
  RequestRules,
  StandardError,
  SuccessRule,
  WireRequest,
  WireResponse,
} from './dialect.js';
export {
  AuthorizationDeniedError,
  ConfigurationError,
  isOAuthLoginError,
  LoginRequiredError,
  OAuthLoginError,
  type OAuthLoginErrorCode,
  type OAuthLoginErrorDetails,
  ProviderProtocolError,
  ProviderRejectedError,
  ProviderUnavailableError,
  StoreUnavailableError,
  TransactionError,
} from './errors.js';
export type { EventListener, OAuthEvent, OAuthEventError, OAuthEventOutcome } from './events.js';
export { type OAuthErrorPageOptions, oauthErrorPage } from './express/error-page.js';
export {
  type AutoRefreshOptions,
  autoRefresh,
  type Guard,
  type GuardHandler,
  requireLogin,
} from './express/guards.js';
export { type HealthReport, oauthHealth } from './express/health.js';
export type { RequireLoginOptions } from './express/login-rules.js';
export type { Login, OAuthRouterOptions, OnLogin } from './express/options.js';
export { type OAuthRouter, oauthRouter } from './express/router.js';
export { type OAuthSession, type OAuthSessionOptions, oauthSession } from './express/session.js';
export type { SessionLogin, SessionLogins } from './express/session-data.js';
export type {
  AccessTokenOptions,
  LoginSession,
  LoginUrlOptions,
  LogoutOptions,
  RedirectToLoginOptions,
  RequestOAuth,
  UserOfProvider,
  WhichLogin,
} from './express/types.js';
export type { User } from './login/user.js';
export type {
  AssertionSubject,
  EndpointOverrides,
  Endpoints,
  IdentityMapping,
  IdentityOptions,
  IdTokenPolicy,
  Provider,
  ProviderDefinition,
  TokenPlacement,
  UserCall,
} from './provider.js';
export { type AliyunOptions, aliyun } from './providers/aliyun.js';
export { type AliyunPdsOptions, aliyunPds, type PdsLoginType } from './providers/aliyun-pds.js';
export { type AliyunPdsJwtOptions, aliyunPdsJwt } from './providers/aliyun-pds-jwt.js';
export type { CommonOptions, StandardOptions } from './providers/common.js';
export { defineProvider } from './providers/define.js';
export { type OAuth2Options, oauth2 } from './providers/oauth2.js';
export { type OidcOptions, oidc } from './providers/oidc.js';
export { type OpenPlatformOptions, openPlatform } from './providers/open-platform.js';
export { type WelinkOptions, welink } from './providers/welink.js';
export type { RedisClient, RedisOption } from './stores/redis/client.js';
export type { TokenSet } from './tokens/token-set.js';
