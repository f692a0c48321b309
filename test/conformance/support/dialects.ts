import { aliyun, aliyunPds, oauth2, oidc, openPlatform, type Provider, welink } from '../../../src/index.js';
import { CLIENT_ID, CLIENT_SECRET, type ScriptedProvider, type WireForm } from './provider.js';

/** A provider's way to speak: how an app configures it, and what its honest answers look like. */
export interface DialectUnderTest extends WireForm {
  readonly name: string;
  readonly factory: (at: ScriptedProvider, options?: object) => Provider;
  /** The subject of whoever logs in. */
  readonly sub: string;
  /** Whether logins stand on an id_token. */
  readonly signsIdTokens: boolean;
  /** Whether the provider is asked who the user is. */
  readonly asksUserinfo: boolean;
  /** Standard names of parameters of the authorization request and the callback → the provider's. */
  readonly names?: Readonly<Record<string, string>>;
}

const client = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
const person = { sub: 'alice', name: 'Alice', email: 'alice@example.com' };
const withoutIdToken = ({ id_token: _none, ...standard }: Members) => standard;
const renamed = (members: Members, names: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [names[name] ?? name, value]));

type Endpoints = { authorization: string; token: string; userinfo: string };
type Members = Record<string, unknown>;

const list: DialectUnderTest[] = [
  {
    name: 'oidc',
    factory: ({ url }, options) => oidc({ name: 'oidc', issuer: url, ...client, ...options }),
    token: (standard) => standard,
    userinfo: person,
    sub: 'alice',
    signsIdTokens: true,
    asksUserinfo: true,
  },
  {
    name: 'aliyun',
    factory: ({ endpoints }, options) => aliyun({ ...client, endpoints, ...options }),
    token: (standard) => standard,
    userinfo: person,
    sub: 'alice',
    signsIdTokens: true,
    asksUserinfo: false,
  },
  {
    name: 'pds',
    factory: ({ endpoints }, options) => aliyunPds({ domainId: 'bj1', ...client, endpoints, ...options }),
    token: (standard) => ({
      ...withoutIdToken(standard),
      domain_id: 'bj1',
      user_id: 'alice',
      nick_name: 'Alice',
      status: 'enabled',
    }),
    userinfo: {},
    sub: 'bj1:alice',
    signsIdTokens: false,
    asksUserinfo: false,
  },
  {
    name: 'welink',
    factory: ({ endpoints, url }, options) =>
      welink({ ...client, endpoints: { ...endpoints, admin: `${url}/admin` }, ...options }),
    token: ({ id_token: _none, refresh_token: _neither, expires_in, ...standard }) => ({
      code: '60001',
      message: 'success',
      ...standard,
      expires_in: typeof expires_in === 'number' ? String(expires_in) : expires_in,
    }),
    userinfo: { code: '0', message: 'ok', userId: 'alice' },
    sub: 'alice',
    signsIdTokens: false,
    asksUserinfo: true,
  },
  {
    name: 'open-platform',
    factory: ({ endpoints }, options) =>
      openPlatform({
        name: 'open-platform',
        ...client,
        endpoints: endpoints as Endpoints,
        scope: ['user_info', 'calendar'],
        ...options,
      }),
    token: (standard) => ({
      open_id: 'alice',
      scope: 'user_info,calendar',
      refresh_expires_in: 2592000,
      ...withoutIdToken(standard),
    }),
    userinfo: {},
    sub: 'alice',
    signsIdTokens: false,
    asksUserinfo: false,
    names: { redirect_uri: 'redirect_url' },
  },
  {
    // Everything has another name, as at no platform that is known.
    name: 'renamed',
    factory: ({ endpoints }, options) =>
      openPlatform({
        name: 'renamed',
        ...client,
        endpoints: endpoints as Endpoints,
        scope: ['a', 'b'],
        pkce: true,
        dialect: {
          authorization: { rename: { redirect_uri: 'redirect_url', client_id: 'appid', state: 'echo' } },
          callback: { rename: { auth_code: 'code', echo: 'state' } },
          request: { rename: { client_id: 'appid', client_secret: 'secret' }, encoding: 'json' },
          answer: {
            envelope: ['data'],
            accessToken: ['accessToken'],
            refreshToken: ['refreshToken'],
            expiresIn: ['expireIn'],
            success: { path: ['code'], values: ['0'] },
          },
          error: { code: ['code'], map: { '4001': 'invalid_grant' } },
        },
        ...options,
      }),
    token: (standard) => ({
      code: 0,
      data: {
        ...renamed(withoutIdToken(standard), {
          access_token: 'accessToken',
          refresh_token: 'refreshToken',
          expires_in: 'expireIn',
        }),
        open_id: 'alice',
      },
    }),
    userinfo: {},
    sub: 'alice',
    signsIdTokens: false,
    asksUserinfo: false,
    names: { redirect_uri: 'redirect_url', client_id: 'appid', state: 'echo', code: 'auth_code' },
  },
  {
    name: 'oauth2',
    factory: ({ endpoints }, options) =>
      oauth2({ name: 'oauth2', ...client, endpoints: endpoints as Endpoints, ...options }),
    token: withoutIdToken,
    userinfo: person,
    sub: 'alice',
    signsIdTokens: false,
    asksUserinfo: true,
  },
];

export const dialects: readonly DialectUnderTest[] = list;
export const openIdDialects = list.filter(({ signsIdTokens }) => signsIdTokens);
