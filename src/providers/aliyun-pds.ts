import { OptionReader } from '../config.js';
import type { Dialect } from '../dialect.js';
import type { IdentityMapping, Provider } from '../provider.js';
import {
  type CommonOptions,
  readCommon,
  readEndpointOverrides,
  refuseParams,
  secretInBody,
} from './common.js';
import { defineProvider } from './define.js';

/** Options of {@link aliyunPds}. */
export interface AliyunPdsOptions extends CommonOptions {
  /** The id of the domain: the first part of `{domainId}.api.aliyunpds.com`. */
  domainId: string;
  /** The application's id (AppId). */
  clientId: string;
  /** The application's secret (AppSecret). Left out for a Native app, which has none. */
  clientSecret?: string | undefined;
  /** How the user logs in: `default` shows a page with every way. Default `default`. */
  loginType?: PdsLoginType | (string & {}) | undefined;
  /** Takes a `loginType` that the documents do not list. Default `false`. */
  allowOwnLoginType?: boolean | undefined;
  /** Whether the consent page is left out. Default: the provider's. */
  hideConsent?: boolean | undefined;
  /** The language of the login page, such as `zh_CN`. Default: the provider's. */
  lang?: string | undefined;
  /** Default `all`: the application's scopes cannot be narrowed at login. */
  scope?: string | readonly string[] | undefined;
}

const loginTypes = ['default', 'ding', 'ding_sns', 'ram', 'wechat', 'wechat_app'] as const;

/** The ways to log in that the documents list. */
export type PdsLoginType = (typeof loginTypes)[number];

/** Where answers of PDS deviate: errors are `{ code, message }`, and an expiry has four spellings. */
export const pdsDialect: Dialect = {
  // The account API's own form; it wants no secret.
  revocation: {
    encoding: 'json',
    rename: { token: 'refresh_token', client_id: 'app_id' },
    omit: ['token_type_hint', 'client_secret'],
  },
  answer: { expiresIn: ['expires_in', 'expire_in'], expiresAt: ['expire_time', 'expires_time'] },
  error: {
    code: ['code', 'error'],
    requestId: ['request_id', 'requestId', 'x-ca-request-id'],
    map: {
      'InvalidParameter.RefreshToken': 'invalid_grant',
      RefreshTokenExpired: 'invalid_grant',
      'InvalidParameter.ClientSecret': 'invalid_client',
    },
  },
};

/** The token answer says who the user is. A user id means something within its domain only. */
export const pdsIdentity: Partial<IdentityMapping> = {
  source: 'token_answer',
  userinfo: 'never',
  subject: ['domain_id', 'user_id'],
  name: ['nick_name', 'user_name'],
  email: [],
  picture: ['avatar'],
  refuse: ({ status }) => (status === 'enabled' ? undefined : 'user_not_enabled'),
};

/** Where a domain is served. The id becomes part of a host name, so nothing but a label of one passes. */
export function pdsOrigin(read: OptionReader): string {
  const fix = "give the id of the domain, such as 'bj29': letters, digits and hyphens";
  const domainId = read.string('domainId', fix);
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(domainId)) throw read.unfit('domainId', domainId, fix);
  return `https://${domainId.toLowerCase()}.api.aliyunpds.com`;
}

/**
 * Alibaba PDS (Drive and Photo Service), for WebServer apps and Native ones (without a secret).
 * Documented at https://help.aliyun.com/zh/pds/drive-and-photo-service-dev/.
 *
 * Where it deviates: no OpenID Connect, and the token answer says who the user is; a user who is not `enabled` gets
 * 403; no PKCE unless `pkce: true`; no revocation unless `endpoints.revocation` names that of the account API.
 *
 * @throws ConfigurationError naming the option and the fix.
 *
 * @example
 * app.use(oauthRouter(aliyunPds({ domainId: 'bj29', clientId: '…', clientSecret: '…' })));
 */
export function aliyunPds(options: AliyunPdsOptions): Provider {
  const read = new OptionReader('aliyunPds', options);
  const origin = pdsOrigin(read);
  const own = read.boolean('allowOwnLoginType', false);
  const login_type = own
    ? read.string('loginType', 'give a login type', 'default')
    : read.oneOf('loginType', loginTypes, 'default');
  const hideConsent = read.any('hideConsent') === undefined ? undefined : read.boolean('hideConsent', false);
  const lang = read.optionalString('lang', "give a language, such as 'zh_CN'");
  const common = readCommon(read);
  refuseParams(read, common, { login_type: 'loginType', hide_consent: 'hideConsent', lang: 'lang' });
  const provider = defineProvider({
    title: 'Alibaba PDS',
    pkce: false,
    ...common,
    name: read.string('name', 'give a name for the routes', 'pds'),
    clientId: read.string('clientId', 'give the AppId from the PDS console'),
    clientAuthentication: secretInBody(read),
    endpoints: {
      authorization: `${origin}/v2/oauth/authorize`,
      token: `${origin}/v2/oauth/token`,
      ...readEndpointOverrides(read),
    },
    scope: read.words('scope', ['all']),
    authorizationParams: {
      ...common.authorizationParams,
      login_type,
      ...(hideConsent !== undefined && { hide_consent: String(hideConsent) }),
      ...(lang !== undefined && { lang }),
    },
    identity: pdsIdentity,
    revoke: 'refresh_token_only',
    dialect: pdsDialect,
  });
  read.end();
  return provider;
}
