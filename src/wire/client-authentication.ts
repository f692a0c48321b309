import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { type ClientAuth, ClientSecretPost, None, type ServerMetadata } from 'openid-client';
import type { SigningClient } from '../client-authentication.js';
import type { Provider } from '../provider.js';

/** Seconds for which an assertion is good: it is made for one request. */
const ASSERTION_LIFETIME = 60;

/** How the app proves at the provider's own endpoints who it is [RFC 6749 2.3, RFC 7523 2.2]. */
export function clientAuthentication(
  provider: Provider,
  metadata: ServerMetadata,
  now: () => number,
): ClientAuth {
  const { clientAuthentication: client, clientId } = provider;
  if (client.method === 'none') return None();
  if (client.method === 'private_key_jwt') return privateKeyJwt(client, provider, metadata, now);
  const { method, clientSecret } = client;
  if (method === 'post' || (method === 'announced' && !announcesBasic(metadata)))
    return ClientSecretPost(clientSecret);
  // openid-client percent-encodes even unreserved characters, which servers that do not decode refuse.
  const credentials = Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64');
  return (_as, _client, _body, headers) => headers.set('authorization', `Basic ${credentials}`);
}

/** `client_secret_basic` is the default where the metadata is silent [RFC 8414 2]. */
function announcesBasic(metadata: ServerMetadata): boolean {
  const methods = metadata.token_endpoint_auth_methods_supported;
  return !methods || methods.includes('client_secret_basic') || !methods.includes('client_secret_post');
}

function formEncode(value: string): string {
  return encodeURIComponent(value).replaceAll('%20', '+');
}

/**
 * An assertion for every request, signed by the app's own key [OpenID Connect Core 9]. It is meant for the issuer,
 * since one for an endpoint could be used at another server that claims the same endpoint; where no issuer is known,
 * for the token endpoint [RFC 7523 3]. openid-client's own holds an `nbf`, by which a server whose clock is behind
 * would refuse it.
 */
function privateKeyJwt(
  { privateKey, keyId, algs }: SigningClient,
  { clientId, endpoints }: Provider,
  metadata: ServerMetadata,
  now: () => number,
): ClientAuth {
  const announced = metadata.token_endpoint_auth_signing_alg_values_supported;
  const alg = algs.find((one) => announced?.includes(one)) ?? (algs[0] as string);
  const audience = endpoints.issuer === undefined ? metadata.token_endpoint : metadata.issuer;
  return async (_as, _client, body) => {
    const issuedAt = Math.floor(now() / 1000);
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg, ...(keyId !== undefined && { kid: keyId }) })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(audience as string)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ASSERTION_LIFETIME)
      .sign(privateKey);
    body.set('client_id', clientId);
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    body.set('client_assertion', assertion);
  };
}
