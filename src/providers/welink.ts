import { OptionReader } from '../config.js';
import type { StandardError } from '../dialect.js';
import type { IdentityMapping, Provider } from '../provider.js';
import { type CommonOptions, readCommon, readEndpointOverrides } from './common.js';
import { defineProvider } from './define.js';

/** Options of {@link welink}. */
export interface WelinkOptions extends CommonOptions {
  /** The id of the We code application. */
  clientId: string;
  /** The application's secret. */
  clientSecret: string;
  /** Lets administrators of the enterprise in, and nobody else. Default `false`. */
  requireAdmin?: boolean | undefined;
}

/** https://open.welink.huaweicloud.com/wecode/docs/dev/serverapi/isv/step.html, "OAuth2.0 error answers". */
const errors: Readonly<Record<string, StandardError>> = {
  '60002': 'invalid_request', // the code is too long
  '60003': 'invalid_grant', // there is no code
  '60004': 'invalid_request', // the client id is too long
  '60005': 'invalid_request', // the secret is too long
  '60006': 'invalid_request', // the state is too long
  '60007': 'invalid_grant', // the code has expired
  '60008': 'invalid_grant', // the code is not valid
  '60009': 'invalid_request', // the account is locked, or the code is wrong: the documents say both
  '60010': 'invalid_client', // client id or secret is wrong
  '60011': 'temporarily_unavailable', // busy
  '60012': 'temporarily_unavailable',
  '60013': 'unsupported_grant_type',
  '60019': 'invalid_request', // the redirect URI is not valid
};

/** The success code of every call but the one for tokens. */
const ok = { path: ['code'], values: ['0'] };

/**
 * Huawei WeLink, the login of web back ends.
 * Documented at https://open.welink.huaweicloud.com/wecode/docs/dev/serverapi/isv/step.html.
 *
 * Where it deviates: a token answer is a success if its `code` is `"60001"`; everything is a string; there is no
 * refresh token, so a login ends with its token and a navigation logs in again; who the user is, and whether an
 * administrator, are calls of their own; the token travels raw in `x-wlk-Authorization`; no PKCE unless `pkce: true`.
 *
 * @throws ConfigurationError naming the option and the fix.
 *
 * @example
 * app.use(oauthRouter(welink({ clientId: '…', clientSecret: '…' })));
 */
export function welink(options: WelinkOptions): Provider {
  const read = new OptionReader('welink', options);
  const requireAdmin = read.boolean('requireAdmin', false);
  const provider = defineProvider({
    title: 'Huawei WeLink',
    pkce: false,
    ...readCommon(read),
    name: read.string('name', 'give a name for the routes', 'welink'),
    clientId: read.string('clientId', 'give the We code application id'),
    clientAuthentication: {
      method: 'post',
      clientSecret: read.string('clientSecret', "give the application's secret"),
    },
    endpoints: {
      authorization: 'https://login.welink.huaweicloud.com/sso/oauth2/authorize',
      token: 'https://open.welink.huaweicloud.com/api/oauth2/v1/token',
      userinfo: 'https://open.welink.huaweicloud.com/api/auth/v1/userid',
      admin: 'https://open.welink.huaweicloud.com/api/weopen/v1/isadmin',
      ...readEndpointOverrides(read),
    },
    scope: 'backendlogin',
    identity: requireAdmin ? adminIdentity : userIdentity,
    revoke: 'refresh_token_only',
    tokenPlacement: { header: 'x-wlk-Authorization', prefix: '' },
    dialect: {
      answer: { success: { path: ['code'], values: ['60001'] } },
      error: { code: ['code'], map: errors },
      hooks: { callback: readErrorCode },
    },
  });
  read.end();
  return provider;
}

const userIdentity: Partial<IdentityMapping> = {
  source: 'userinfo',
  userinfo: 'always',
  subject: ['userId'],
  name: ['userId'],
  email: [],
  picture: [],
  calls: [{ success: ok }],
};

const adminIdentity: Partial<IdentityMapping> = {
  ...userIdentity,
  // 58003: not an administrator.
  calls: [{ success: ok }, { endpoint: 'admin', success: ok, denied: ['58003'] }],
  // The documents spell it in two ways, and everything else here is a string: "false" must not count as true.
  refuse: ({ isAdmin, isadmin }) =>
    [isAdmin, isadmin].some((value) => value === true || value === 'true')
      ? undefined
      : 'not_an_administrator',
};

/** An error comes back under the name `code`, with a message beside it: it must not be redeemed as a code. */
function readErrorCode(params: URLSearchParams): URLSearchParams {
  const code = params.get('code') ?? '';
  if (params.has('error') || !(params.has('message') || /^(?:600\d\d|41500)$/.test(code))) return params;
  const standard = new URLSearchParams(params);
  standard.delete('code');
  standard.set('error', code === '' ? 'access_denied' : code);
  return standard;
}
