import type { LabProvider } from '../../../src/testing/index.js';

/** A client written by hand, so that it can send what no sane client would. */
export const redirectUri = 'http://127.0.0.1:3999/callback?from=lab';
export const verifier = 'a-verifier-that-is-long-enough-to-be-accepted-0123456789';
/** base64url(SHA-256(verifier)) */
export const challenge = 'bn7zFzif50KfG_0SAWtGd4CqWcf6cTlQHB97kuQmVGE';

export type Fields = Record<string, string>;

/** An authorization URL; a parameter that is `undefined` is left out. */
export function authorizationUrl(provider: LabProvider, parameters: Record<string, string | undefined> = {}) {
  const url = new URL(provider.endpoints.authorization ?? '');
  const all = {
    client_id: provider.clients.web.clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    state: 'st/ate &x',
    access_type: 'offline',
    scope: 'openid aliuid profile /acs/ccc',
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

/** Logs in and returns the code. */
export async function codeFor(
  provider: LabProvider,
  parameters: Record<string, string | undefined> = {},
  user = 'alice',
): Promise<string> {
  const callback = await provider.signIn(authorizationUrl(provider, parameters), { user });
  const code = callback.searchParams.get('code');
  if (code === null) throw new Error(`no code: ${callback}`);
  return code;
}

export function post(url: string | undefined, form: Fields, headers: Fields = {}): Promise<Response> {
  return fetch(url ?? '', { method: 'POST', headers, body: new URLSearchParams(form) });
}

export function get(url: string | undefined, token?: string): Promise<Response> {
  return fetch(url ?? '', { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
}

export function webCredentials({ clients: { web } }: LabProvider): Fields {
  return { client_id: web.clientId, client_secret: web.clientSecret };
}

export function redeem(provider: LabProvider, code: string, form: Fields = {}): Promise<Response> {
  return post(provider.endpoints.token, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    ...webCredentials(provider),
    ...form,
  });
}

export function refresh(provider: LabProvider, refreshToken: string): Promise<Response> {
  return post(provider.endpoints.token, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...webCredentials(provider),
  });
}

export function revoke(provider: LabProvider, token: string, form: Fields = {}): Promise<Response> {
  return post(provider.endpoints.revocation, { token, ...webCredentials(provider), ...form });
}

/** Logs in and returns the token answer. */
export async function tokensFor(
  provider: LabProvider,
  parameters: Record<string, string | undefined> = {},
  user = 'alice',
): Promise<Fields> {
  const answer = await redeem(provider, await codeFor(provider, parameters, user));
  return (await answer.json()) as Fields;
}

/** Status and error code of a refusal. */
export async function refusal(answer: Promise<Response>): Promise<[number, unknown]> {
  const response = await answer;
  const body = (await response.json()) as Record<string, unknown>;
  return [response.status, body.error];
}
