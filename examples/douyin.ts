import { type Endpoints, openPlatform } from 'express-oauth-login';

/** Douyin, described as an open platform: https://developer.open-douyin.com/docs/resource/zh-CN/dop/develop/openapi/account-permission/get-access-token */
export const douyin = (options: { clientId: string; clientSecret: string; endpoints?: Endpoints }) =>
  openPlatform({
    name: 'douyin',
    title: 'Douyin',
    ...options,
    scope: ['user_info'],
    endpoints: {
      authorization: 'https://open.douyin.com/platform/oauth/connect/',
      token: 'https://open.douyin.com/oauth/access_token/',
      refresh: 'https://open.douyin.com/oauth/refresh_token/',
      userinfo: 'https://open.douyin.com/oauth/userinfo/',
      ...options.endpoints,
    },
    tokenPlacement: { header: 'access-token', prefix: '' },
    identity: {
      userinfo: 'always',
      calls: [
        {
          method: 'POST',
          params: { access_token: '{access_token}', open_id: '{open_id}' },
          envelope: ['data'],
          success: { path: ['data', 'error_code'], values: ['0'] },
        },
      ],
    },
    dialect: {
      authorization: { rename: { client_id: 'client_key' } },
      request: { rename: { client_id: 'client_key' } },
      refresh: { endpoint: 'refresh', rename: { client_id: 'client_key' }, omit: ['client_secret'] },
      answer: { envelope: ['data'], success: { path: ['data', 'error_code'], values: ['0'] } },
      error: { code: ['data.error_code'], requestId: ['data.log_id'], map: { '10010': 'invalid_grant' } },
    },
  });
