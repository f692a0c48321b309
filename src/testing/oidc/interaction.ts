import type Provider from 'oidc-provider';

import { toNode } from '../embed.js';
import { type Answer, type Call, formFields, redirect } from '../http.js';
import { consentPage, loginPage, messagePage } from '../pages.js';
import { reach } from './acr.js';
import type { OidcGround } from './ground.js';

/** The login and consent pages of the OpenID Provider. */
export async function interact(call: Call, provider: Provider, ground: OidcGround): Promise<Answer> {
  const { title, users, settings } = ground;
  const { request, response } = toNode(call);
  const details = await provider.interactionDetails(request, response).catch(() => undefined);
  if (details === undefined) {
    const message = 'Start again from the app you came from.';
    return messagePage({ title, status: 400, heading: 'This page has expired', message });
  }
  const finish = async (result: Parameters<Provider['interactionResult']>[2]) =>
    redirect(await provider.interactionResult(request, response, result), 303);

  const { prompt, params, session } = details;
  const form = formFields(call);
  const action = call.url.pathname;

  if (prompt.name === 'login') {
    const user = users.find(({ id }) => id === form.get('user'));
    if (user === undefined) return loginPage({ title, users, action });
    const acr = reach(params, settings.secondFactor);
    if (acr === undefined) {
      return finish({ error: 'unmet_authentication_requirements', error_description: 'no second factor' });
    }
    return finish({ login: { accountId: user.sub, acr } });
  }

  const user = users.find(({ sub }) => sub === session?.accountId);
  const client = String(params.client_id);
  if (user === undefined) throw new Error(`a consent page without a user, for ${client}`);
  if (call.method !== 'POST') {
    return consentPage({ title, client, user, scopes: String(params.scope).split(' '), action });
  }
  if (form.get('decision') !== 'approve') {
    return finish({ error: 'access_denied', error_description: 'the user said no' });
  }
  const known = details.grantId ? await provider.Grant.find(details.grantId) : undefined;
  const grant = known ?? new provider.Grant({ accountId: user.sub, clientId: client });
  grant.addOIDCScope(String(params.scope));
  return finish({ consent: { grantId: await grant.save() } });
}
