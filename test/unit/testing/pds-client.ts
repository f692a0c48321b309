import { randomUUID } from 'node:crypto';
import { importPKCS8, SignJWT } from 'jose';

import type { LabProviders } from '../../../src/testing/index.js';
import { type Fields, postForm, postJson, read, redirectUri, success, urlOf } from './wire.js';

type Pds = LabProviders['pds'];

export function authorizationUrl(provider: Pds, parameters: Fields = {}): URL {
  return urlOf(provider.endpoints.authorization, {
    client_id: provider.clients.web.clientId,
    redirect_uri: redirectUri,
    scope: 'all',
    response_type: 'code',
    login_type: 'default',
    state: 'st/ate &x',
    ...parameters,
  });
}

export async function codeFor(provider: Pds, parameters: Fields = {}, user = 'admin'): Promise<string> {
  const callback = await provider.signIn(authorizationUrl(provider, parameters), { user });
  return callback.searchParams.get('code') ?? '';
}

export function redeem(provider: Pds, code: string, form: Fields = {}): Promise<Response> {
  return postForm(provider.endpoints.token, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    client_id: provider.clients.web.clientId,
    client_secret: provider.clients.web.clientSecret,
    ...form,
  });
}

export function refresh(
  provider: Pds,
  refreshToken: string | undefined,
  form: Fields = {},
): Promise<Response> {
  return postForm(provider.endpoints.token, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: provider.clients.web.clientId,
    client_secret: provider.clients.web.clientSecret,
    ...form,
  });
}

export function revoke(
  provider: Pds,
  refreshToken: string | undefined,
  body: object = {},
): Promise<Response> {
  const { clientId } = provider.clients.web;
  return postJson(provider.endpoints.revocation, { app_id: clientId, refresh_token: refreshToken, ...body });
}

export function getUser(provider: Pds, token: string | undefined, body: object = {}): Promise<Response> {
  return postJson(provider.api, body, token === undefined ? {} : { authorization: `Bearer ${token}` });
}

export async function tokensFor(provider: Pds, user = 'admin'): Promise<Record<string, string>> {
  return success(redeem(provider, await codeFor(provider, {}, user)));
}

/** Status and code of an error in the provider's form. */
export async function refusal(answer: Promise<Response>): Promise<[number, unknown]> {
  const response = await answer;
  const { status, body } = await read(response);
  if (Object.keys(body).join() !== 'code,message') throw new Error(`not an error: ${JSON.stringify(body)}`);
  if (!response.headers.has('x-ca-request-id')) throw new Error('no request id');
  return [status, body.code];
}

export function assertionClaims(provider: Pds): Record<string, unknown> {
  return {
    iss: provider.clients.jwt.clientId,
    sub: 'DING-lab00001',
    sub_type: 'user',
    aud: provider.details.domainId,
    jti: randomUUID(),
    exp: Math.floor(Date.now() / 1000) + 60,
  };
}

export async function assertion(
  provider: Pds,
  claims: Record<string, unknown> = {},
  { pem = provider.clients.jwt.privateKeyPem, alg = 'RS256', kid }: Record<string, string> = {},
): Promise<string> {
  return new SignJWT({ ...assertionClaims(provider), ...claims })
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
    .sign(await importPKCS8(pem, alg));
}

export function assert(provider: Pds, assertion: string, form: Fields = {}): Promise<Response> {
  return postForm(provider.endpoints.token, {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    client_id: provider.clients.jwt.clientId,
    assertion,
    ...form,
  });
}
