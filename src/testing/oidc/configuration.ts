import { randomBytes } from 'node:crypto';
import { exportJWK } from 'jose';
import type { Configuration, JWK, KoaContextWithOIDC } from 'oidc-provider';

import { type Answer, json } from '../http.js';
import { messagePage, pageHeaders, signOutPage } from '../pages.js';
import { signingKeys } from '../signing.js';
import { acrs } from './acr.js';
import type { OidcGround } from './ground.js';
import type { Store } from './store.js';

const kid = 'lab-oidc';

/** How the OpenID Provider is set up. */
export async function configure(
  { title, settings, users }: OidcGround,
  store: Store,
): Promise<Configuration> {
  const { privateKey } = await signingKeys(kid);
  const signingKey = { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' };
  const seconds = (name: 'accessTokenLifetime' | 'refreshTokenLifetime' | 'codeLifetime') => () =>
    Math.max(1, settings[name]);

  return {
    adapter: (model) => store.adapter(model),
    jwks: { keys: [signingKey as JWK] },
    // Cookies do not know ports, so the names must differ from those of everything else on this machine.
    cookies: {
      keys: [randomBytes(24).toString('base64url')],
      names: { session: 'lab-oidc-session', interaction: 'lab-oidc-page', resume: 'lab-oidc-resume' },
    },
    clockTolerance: 0,
    acrValues: Object.values(acrs),
    claims: { acr: null, openid: ['sub'], profile: ['name', 'picture'], email: ['email', 'email_verified'] },
    scopes: ['openid', 'offline_access'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    rotateRefreshToken: () => settings.rotateRefreshTokens,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => settings.requireDpopNonce },
      pushedAuthorizationRequests: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => show(ctx, signOutPage({ title, ...readForm(form) })),
        postLogoutSuccessSource: (ctx) =>
          show(ctx, messagePage({ title, heading: 'Signed out', message: 'You may close this page.' })),
      },
    },
    // The apps under test run on this machine, to which the package's own dispatcher would not connect.
    fetch(url, options = {}) {
      const { dispatcher: _guarded, ...rest } = options as RequestInit & { dispatcher?: unknown };
      return globalThis.fetch(url, rest);
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => {
      const user = users.find((candidate) => candidate.sub === sub);
      return user && { accountId: sub, claims: () => ({ sub, ...user.claims }) };
    },
    renderError: (ctx, { error, error_description: description = '' }) => {
      const heading = 'This request cannot be answered';
      show(ctx, messagePage({ title, status: ctx.status, heading, message: `${error}: ${description}` }));
    },
    ttl: {
      AccessToken: seconds('accessTokenLifetime'),
      AuthorizationCode: seconds('codeLifetime'),
      RefreshToken: seconds('refreshTokenLifetime'),
      IdToken: 3600,
      Interaction: 3600,
      Session: 14 * 24 * 3600,
      Grant: 365 * 24 * 3600,
    },
  };
}

/** The fields of the form that the OpenID Provider made, for a page of ours. */
function readForm(form: string): { action: string; hidden: Record<string, string> } {
  const action = /action="([^"]*)"/.exec(form)?.[1] ?? '';
  const xsrf = /name="xsrf" value="([^"]*)"/.exec(form)?.[1] ?? '';
  return { action, hidden: { xsrf } };
}

function show(ctx: KoaContextWithOIDC, page: Answer): void {
  ctx.set(pageHeaders);
  ctx.status = page.status;
  ctx.body = page.body;
}

/** How an OpenID Provider says that it is in trouble. */
export function failure(): Answer {
  return json(500, { error: 'server_error', error_description: 'the provider is in trouble' });
}
