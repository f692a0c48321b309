import { isPlainObject } from '../config.js';
import { AuthorizationDeniedError, ProviderProtocolError, ProviderRejectedError } from '../errors.js';
import type { Endpoints, Provider, TokenPlacement, UserCall } from '../provider.js';
import { readSuccess } from './answer.js';
import { at } from './dialect.js';
import { type ProviderFetch, parseJson } from './http.js';

/**
 * Asks the provider who the user is: the calls of its identity, one after the other. Where two answers name the same
 * thing the earlier one counts.
 *
 * @returns `undefined` where the provider has no such endpoint.
 * @throws AuthorizationDeniedError when the provider says that this user may not log in.
 */
export async function callForUser(
  provider: Provider,
  endpoints: Readonly<Endpoints>,
  fetch: ProviderFetch,
  accessToken: string,
  raw: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown> | undefined> {
  let facts: Record<string, unknown> | undefined;
  for (const call of provider.identity.calls) {
    const url = endpoints[call.endpoint ?? 'userinfo'];
    if (url === undefined) continue;
    const request = userRequest(call, url, provider.tokenPlacement, accessToken, raw);
    const { status, headers, text } = await fetch(request.url, request.init);
    const response = { status, headers, body: parseJson(text) };
    facts = { ...readFacts(call, response, provider), ...facts };
  }
  return facts;
}

function userRequest(
  { method = 'GET', params = {} }: UserCall,
  url: string,
  placement: TokenPlacement,
  accessToken: string,
  raw: Readonly<Record<string, unknown>>,
): { url: string; init: RequestInit } {
  const target = new URL(url);
  const headers: Record<string, string> = { accept: 'application/json' };
  if ('query' in placement) target.searchParams.set(placement.query, accessToken);
  else headers[placement.header] = `${placement.prefix}${accessToken}`;
  const filled = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, fill(value, raw)]));
  if (method === 'GET') {
    for (const [name, value] of Object.entries(filled)) target.searchParams.set(name, value);
    return { url: target.href, init: { method, headers } };
  }
  headers['content-type'] = 'application/json';
  return { url: target.href, init: { method, headers, body: JSON.stringify(filled) } };
}

/** `{name}` stands for that member of the token answer. */
function fill(value: string, raw: Readonly<Record<string, unknown>>): string {
  const name = /^\{(\w+)\}$/.exec(value)?.[1];
  if (name === undefined) return value;
  const member = at(raw, [name]);
  if (typeof member === 'string' || typeof member === 'number') return String(member);
  throw new ProviderProtocolError('provider_protocol', `The provider's token answer lacks ${name}.`);
}

function readFacts(
  { envelope = [], success, denied = [] }: UserCall,
  response: Parameters<typeof readSuccess>[0],
  { dialect }: Provider,
): Record<string, unknown> {
  try {
    const facts = at(readSuccess(response, dialect.error ? { error: dialect.error } : {}, success), envelope);
    if (isPlainObject(facts)) return facts;
  } catch (error) {
    if (error instanceof ProviderRejectedError && denied.includes(error.providerCode ?? '')) {
      const { providerCode, requestId } = error;
      throw new AuthorizationDeniedError('user_not_allowed', 'This user may not log in here.', {
        cause: error,
        ...(providerCode !== undefined && { providerCode }),
        ...(requestId !== undefined && { requestId }),
      });
    }
    throw error;
  }
  throw new ProviderProtocolError('provider_protocol', "The provider's answer does not say who the user is.");
}
