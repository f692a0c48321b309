import { type Endpoints, openPlatform } from 'express-oauth-login';

/** DingTalk, described as an open platform: https://open.dingtalk.com/document/orgapp/tutorial-obtaining-user-personal-information */
export const dingtalk = (options: { clientId: string; clientSecret: string; endpoints?: Endpoints }) =>
  openPlatform({
    name: 'dingtalk',
    title: 'DingTalk',
    ...options,
    scope: ['openid', 'corpid'],
    authorizationParams: { prompt: 'consent' },
    endpoints: {
      authorization: 'https://login.dingtalk.com/oauth2/auth',
      token: 'https://api.dingtalk.com/v1.0/oauth2/userAccessToken',
      userinfo: 'https://api.dingtalk.com/v1.0/contact/users/me',
      ...options.endpoints,
    },
    tokenPlacement: { header: 'x-acs-dingtalk-access-token', prefix: '' },
    identity: {
      source: 'userinfo',
      userinfo: 'always',
      subject: ['unionId'],
      name: ['nick'],
      picture: ['avatarUrl'],
    },
    dialect: {
      authorization: { rename: {}, scopeDelimiter: ' ' },
      callback: { rename: { authCode: 'code' } },
      request: {
        encoding: 'json',
        omit: ['redirect_uri'],
        rename: {
          client_id: 'clientId',
          client_secret: 'clientSecret',
          grant_type: 'grantType',
          refresh_token: 'refreshToken',
        },
      },
      answer: { accessToken: ['accessToken'], refreshToken: ['refreshToken'], expiresIn: ['expireIn'] },
      error: {
        code: ['code'],
        requestId: ['requestid'],
        map: {
          'invalidParameter.authCode.notFound': 'invalid_grant',
          'invalidParameter.refreshToken.notFound': 'invalid_grant',
        },
      },
    },
  });
