import { type Endpoints, openPlatform } from 'express-oauth-login';

/** Feishu (Lark has other hosts), described as an open platform: https://open.feishu.cn/document/authentication-management/access-token/get-user-access-token */
export const feishu = (options: { clientId: string; clientSecret: string; endpoints?: Endpoints }) =>
  openPlatform({
    name: 'feishu',
    title: 'Feishu',
    ...options,
    pkce: true,
    // A refresh token comes only with offline_access, which the console must grant too.
    scope: ['offline_access', 'contact:user.base:readonly'],
    endpoints: {
      authorization: 'https://accounts.feishu.cn/open-apis/authen/v1/authorize',
      // Version 3: version 2 takes a code_verifier for which there was no challenge.
      token: 'https://accounts.feishu.cn/oauth/v3/token',
      userinfo: 'https://open.feishu.cn/open-apis/authen/v1/user_info',
      ...options.endpoints,
    },
    identity: {
      source: 'userinfo',
      userinfo: 'always',
      subject: ['union_id'],
      name: ['name'],
      picture: ['avatar_url'],
      calls: [{ envelope: ['data'], success: { path: ['code'], values: ['0'] } }],
    },
    dialect: {
      authorization: { rename: {}, scopeDelimiter: ' ' },
      request: { encoding: 'json', omit: [] },
      answer: { success: { path: ['code'], values: ['0'] }, scopeDelimiter: ' ' },
      error: { code: ['error', 'code'] },
      hooks: {
        // The documents insist on the charset.
        request: (request) => ({
          ...request,
          headers: { ...request.headers, 'content-type': 'application/json; charset=utf-8' },
        }),
      },
    },
  });
