import { OptionReader } from '../config.js';
import type { Provider } from '../provider.js';
import {
  type CommonOptions,
  readCommon,
  readEndpointOverrides,
  refuseParams,
  secretInBody,
} from './common.js';
import { defineProvider } from './define.js';

/** Options of {@link aliyun}. */
export interface AliyunOptions extends CommonOptions {
  /** The application's id. */
  clientId: string;
  /** The application's secret. Left out for a native app, which has none. */
  clientSecret?: string | undefined;
  /** `cn`: aliyun.com. `intl`: alibabacloud.com. An application exists on one of the two. Default `cn`. */
  site?: 'cn' | 'intl' | undefined;
  /** Scopes, such as `openid aliuid profile /acs/ccc`. Default `openid`. */
  scope?: string | readonly string[] | undefined;
  /** `offline`: with a refresh token. `online`: without. Default `offline`. */
  accessType?: 'offline' | 'online' | undefined;
  /** `admin_consent` asks for consent again, even if it was given before. */
  prompt?: 'admin_consent' | undefined;
  /** Ids (`aid`) of the Alibaba Cloud accounts whose users may log in; others get 403. Needs the scope `aliuid`. Default: all. */
  allowedAccounts?: string | readonly string[] | undefined;
}

const sites = {
  cn: { issuer: 'https://oauth.aliyun.com', authorization: 'https://signin.aliyun.com/oauth2/v1/auth' },
  intl: {
    issuer: 'https://oauth.alibabacloud.com',
    authorization: 'https://signin.alibabacloud.com/oauth2/v1/auth',
  },
} as const;

/**
 * Alibaba Cloud RAM OAuth, for web applications and native ones (without a secret).
 * Documented at https://help.aliyun.com/document_detail/93696.html.
 *
 * Where it deviates: the authorization endpoint lives on another host than the issuer; the secret goes into the body;
 * id_tokens are RS256, whatever the sample in the documents shows, and are not said to carry a nonce; a refresh
 * answer brings neither a refresh token nor an id_token; revocation knows `token` and the client's credentials only.
 *
 * @throws ConfigurationError naming the option and the fix.
 *
 * @example
 * app.use(oauthRouter(aliyun({ clientId: '…', clientSecret: '…' })));
 */
export function aliyun(options: AliyunOptions): Provider {
  const read = new OptionReader('aliyun', options);
  const site = sites[read.oneOf('site', ['cn', 'intl'], 'cn')];
  const overrides = readEndpointOverrides(read);
  const issuer = overrides.issuer ?? site.issuer;
  const scope = read.words('scope', ['openid']);
  if (!scope.includes('openid')) {
    throw read.conflict(
      "the option 'scope' lacks 'openid', without which nobody can log in. Add it, with spaces between scopes.",
    );
  }
  const allowed = read.strings('allowedAccounts', 'give the ids of Alibaba Cloud accounts, as strings');
  if (allowed && !scope.includes('aliuid')) {
    throw read.conflict("the option 'allowedAccounts' needs 'aliuid' in the option 'scope'. Add it.");
  }
  const common = readCommon(read);
  const prompt =
    read.any('prompt') === undefined
      ? {}
      : { prompt: read.oneOf('prompt', ['admin_consent'], 'admin_consent') };
  const access_type = read.oneOf('accessType', ['offline', 'online'], 'offline');
  refuseParams(read, common, { access_type: 'accessType', prompt: 'prompt' });
  const provider = defineProvider({
    title: 'Alibaba Cloud',
    ...common,
    name: read.string('name', 'give a name for the routes', 'aliyun'),
    clientId: read.string('clientId', "give the application's id from the RAM console"),
    clientAuthentication: secretInBody(read),
    endpoints: {
      issuer,
      authorization: site.authorization,
      token: `${issuer}/v1/token`,
      revocation: `${issuer}/v1/revoke`,
      jwks: `${issuer}/v1/keys`,
      userinfo: `${issuer}/v1/userinfo`,
      ...overrides,
    },
    scope,
    authorizationParams: { ...common.authorizationParams, access_type, ...prompt },
    idToken: { algs: ['RS256'], nonce: 'if-present' },
    identity: {
      source: 'id_token',
      // Display only: both can be changed by the user, and a role session has neither.
      name: ['name', 'login_name', 'upn'],
      userinfo: 'never',
      ...(allowed && {
        refuse: (claims) => (isListed(claims.aid, allowed) ? undefined : 'account_not_allowed'),
      }),
    },
    // The revocation endpoint takes refresh tokens; access tokens die with them.
    revoke: 'refresh_token_only',
    dialect: {
      request: { omit: ['token_type_hint'] },
      // By either name the refresh token is dead.
      error: { requestId: ['requestId'], map: { invalid_token: 'invalid_grant' } },
    },
  });
  read.end();
  return provider;
}

function isListed(aid: unknown, allowed: readonly string[]): boolean {
  return typeof aid === 'string' && allowed.includes(aid);
}
