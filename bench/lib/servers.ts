/** One of the servers that are compared. */
export interface ServerPlan {
  readonly name: string;
  /** As it is called in tables. */
  readonly title: string;
  readonly titleZh: string;
  /** In bench/servers. */
  readonly file: string;
  /** What the file is told about its variant. */
  readonly variant?: Readonly<Record<string, unknown>>;
  /** Where its logins begin and where they come back to; a server without them knows no users. */
  readonly login?: {
    readonly path: string;
    readonly callback: string;
    /** Where to get a CSRF token, for those that want a form posted. */
    readonly csrf?: string;
  };
  /** The npm packages whose versions are told. */
  readonly packages: readonly string[];
}

const byHand = { path: '/login', callback: '/callback' };
const library = { path: '/auth/login/oidc', callback: '/auth/callback/oidc' };
const sessionPackages = ['express-session', 'connect-redis', 'ioredis'];

/** Servers to whom others are compared. */
export const PLAIN = 'express-session';
export const LIMIT = 'hand-written';
export const OURS = 'oauth-session';
export const BY_HAND = 'openid-client';

const plans = [
  {
    name: OURS,
    title: 'this library, `oauthSession`',
    titleZh: '本库，`oauthSession`',
    file: 'library.js',
    login: library,
    packages: [],
  },
  {
    name: 'own-session',
    title: 'this library, the app’s own `express-session`',
    titleZh: '本库，应用自己的 `express-session`',
    file: 'library.js',
    variant: { session: 'own' },
    login: library,
    packages: sessionPackages,
  },
  {
    name: 'bare',
    title: 'bare Express, no session',
    titleZh: '裸 Express，无会话',
    file: 'bare.js',
    packages: ['express'],
  },
  {
    name: LIMIT,
    title: 'hand-written limit: signed cookie, one `GETEX`',
    titleZh: '手写的极限：签名 Cookie，一次 `GETEX`',
    file: 'hand-written.js',
    login: byHand,
    packages: ['cookie', 'cookie-signature', 'ioredis', 'openid-client'],
  },
  {
    name: PLAIN,
    title: '`express-session` + `connect-redis`, one-line guard',
    titleZh: '`express-session` + `connect-redis`，一行守卫',
    file: 'express-session.js',
    login: byHand,
    packages: sessionPackages,
  },
  {
    name: BY_HAND,
    title: 'the same, `openid-client`, tokens in the session',
    titleZh: '同上，`openid-client`，令牌存于会话',
    file: 'express-session.js',
    variant: { tokens: true },
    login: byHand,
    packages: [...sessionPackages, 'openid-client'],
  },
  {
    name: 'openid-client-unsigned',
    title: 'the same, signature of the id_token not checked',
    titleZh: '同上，不验证 id_token 的签名',
    file: 'express-session.js',
    variant: { tokens: true, signatureCheck: false },
    login: byHand,
    packages: [...sessionPackages, 'openid-client'],
  },
  {
    name: 'passport',
    title: '`passport`, on `express-session`',
    titleZh: '`passport`，基于 `express-session`',
    file: 'passport.js',
    login: byHand,
    packages: ['passport', 'passport-oauth2'],
  },
  {
    name: 'express-openid-connect',
    title: '`express-openid-connect`, cookie session',
    titleZh: '`express-openid-connect`，Cookie 会话',
    file: 'express-openid-connect.js',
    login: byHand,
    packages: ['express-openid-connect'],
  },
  {
    name: 'express-openid-connect-redis',
    title: '`express-openid-connect`, Redis session',
    titleZh: '`express-openid-connect`，Redis 会话',
    file: 'express-openid-connect.js',
    variant: { redis: true },
    login: byHand,
    packages: ['express-openid-connect'],
  },
  {
    name: 'better-auth',
    title: '`better-auth`, memory',
    titleZh: '`better-auth`，内存',
    file: 'better-auth.js',
    login: { path: '/login', callback: '/api/auth/callback/oidc' },
    packages: ['better-auth'],
  },
  {
    name: 'better-auth-redis',
    title: '`better-auth`, sessions in Redis',
    titleZh: '`better-auth`，会话存于 Redis',
    file: 'better-auth.js',
    variant: { redis: true },
    login: { path: '/login', callback: '/api/auth/callback/oidc' },
    packages: ['better-auth'],
  },
  {
    name: 'auth-js',
    title: 'Auth.js (`@auth/express`), cookie session',
    titleZh: 'Auth.js（`@auth/express`），Cookie 会话',
    file: 'auth-js.js',
    login: { path: '/auth/signin/oidc', callback: '/auth/callback/oidc', csrf: '/auth/csrf' },
    packages: ['@auth/express'],
  },
] as const satisfies readonly ServerPlan[];

export const serverPlans: readonly ServerPlan[] = plans;

export function planOf(name: string): ServerPlan {
  const plan = serverPlans.find((one) => one.name === name);
  if (!plan) throw new Error(`There is no server ${name}`);
  return plan;
}
