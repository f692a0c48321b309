import { randomUUID } from 'node:crypto';
import { Browser, type Page } from './browser.js';
import { CLIENT_ID, type ScriptedProvider } from './provider.js';
import type { Tried } from './stage.js';

/** The event that makes a token a logout token [OpenID Connect Back-Channel Logout 1.0, 2.4]. */
export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** The claims of a logout token that is as it should be. */
export function logoutClaims({ url }: ScriptedProvider): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  const events = { [LOGOUT_EVENT]: {} };
  return { iss: url, aud: CLIENT_ID, iat: now, exp: now + 120, jti: randomUUID(), sub: 'alice', events };
}

/** Sends it as the provider's server does, which is no browser of anybody's. */
export function postLogoutToken({ app, dialect }: Tried, logout_token: unknown): Promise<Page> {
  const body = new URLSearchParams({ logout_token: String(logout_token) }).toString();
  return new Browser(app.url).ask(`/auth/backchannel-logout/${dialect.name}`, { method: 'POST', body });
}
