import type { AdapterPayload, JWK } from 'oidc-provider';

import type { LabClient, LabJwtClient, LabWebClient } from '../types.js';
import type { OidcGround } from './ground.js';

/** A client without any redirect URI is malformed to the OpenID Provider; this one leads nowhere. */
const nowhere = 'https://redirect-uri-is-not-registered.invalid/';

const loopback = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)([:/]|$)/;

/** The clients in the form of OpenID Connect Dynamic Client Registration, with the redirect URIs registered by now. */
export function clientMetadata({
  clients: { web, native, jwt },
  registrations,
  settings,
}: OidcGround): (clientId: string) => AdapterPayload | undefined {
  const describe = (
    client: LabClient | LabWebClient | LabJwtClient,
    accepts: (uri: string) => boolean,
  ): AdapterPayload => {
    const backchannel = registrations.backchannelLogout;
    const redirectUris = [...registrations.redirectUris].filter(accepts);
    return {
      client_id: client.clientId,
      client_name: client.clientId,
      ...authentication(client),
      require_pushed_authorization_requests: settings.requirePar,
      dpop_bound_access_tokens: settings.requireDpop,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: redirectUris.length > 0 ? redirectUris : [nowhere],
      post_logout_redirect_uris: [...registrations.postLogoutRedirectUris].filter(accepts),
      ...(backchannel && {
        backchannel_logout_uri: backchannel.uri,
        backchannel_logout_session_required: backchannel.sessionRequired,
      }),
    };
  };
  return (clientId) => {
    for (const client of [web, jwt]) {
      if (clientId !== client.clientId) continue;
      return { ...describe(client, (uri) => /^https?:/.test(uri)), application_type: 'web' };
    }
    if (clientId !== native.clientId) return undefined;
    // A single URI that a native client may not have would make the whole client malformed.
    const accepts = (uri: string) => !uri.startsWith('http:') || loopback.test(uri);
    return { ...describe(native, accepts), application_type: 'native' };
  };
}

function authentication(client: LabClient | LabWebClient | LabJwtClient): Partial<AdapterPayload> {
  if ('publicJwk' in client) {
    return { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [client.publicJwk as JWK] } };
  }
  return {
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    ...('clientSecret' in client && { client_secret: client.clientSecret }),
  };
}
