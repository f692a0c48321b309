import type { Dialect, WireRequest } from '../provider.js';

/** Puts the names of a dialect in the place of the standard ones in an authorization URL. */
export function toAuthorizationUrl(standard: URL, dialect: Dialect): URL {
  const { rename = {}, omit = [], scopeDelimiter = ' ' } = dialect.authorization ?? {};
  const url = new URL(standard);
  url.search = '';
  for (const [name, value] of standard.searchParams) {
    if (omit.includes(name)) continue;
    url.searchParams.append(
      rename[name] ?? name,
      name === 'scope' ? value.replaceAll(' ', scopeDelimiter) : value,
    );
  }
  // URLSearchParams writes a space as `+`, which some platforms take literally.
  url.search = url.search.replaceAll('+', '%20');
  return dialect.hooks?.authorizationUrl?.(url) ?? url;
}

/** Puts the standard names in the place of a dialect's in the parameters of a callback. */
export function fromCallback(params: URLSearchParams, dialect: Dialect): URLSearchParams {
  const rename = dialect.callback?.rename ?? {};
  const renamed = new URLSearchParams(
    [...params].map(([name, value]): [string, string] => [rename[name] ?? name, value]),
  );
  return dialect.hooks?.callback?.(renamed) ?? renamed;
}

/** Puts a standard form request into the form of a dialect. */
export function toWireRequest(standard: WireRequest, dialect: Dialect): { url: string; init: RequestInit } {
  const { rename = {}, omit = [], encoding = 'form' } = dialect.request ?? {};
  const renamed: WireRequest = {
    ...standard,
    params: standard.params
      .filter(([name]) => !omit.includes(name))
      .map(([name, value]) => [rename[name] ?? name, value]),
  };
  const request = dialect.hooks?.request?.(renamed) ?? renamed;
  const { method, params } = request;
  const headers: Record<string, string> = { ...request.headers };
  const form = new URLSearchParams(params.map(([name, value]): [string, string] => [name, value]));
  if (encoding === 'query') {
    const url = new URL(request.url);
    for (const [name, value] of form) url.searchParams.append(name, value);
    delete headers['content-type'];
    return { url: url.href, init: { method, headers } };
  }
  if (encoding === 'json') {
    headers['content-type'] = 'application/json';
    return { url: request.url, init: { method, headers, body: JSON.stringify(Object.fromEntries(form)) } };
  }
  headers['content-type'] = 'application/x-www-form-urlencoded';
  return { url: request.url, init: { method, headers, body: form.toString() } };
}

/** The member at a path of own properties; `undefined` where the path ends early. */
export function at(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const name of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined;
    here = (here as Record<string, unknown>)[name];
  }
  return here;
}

/** The first of several members that is there: neither absent nor null. */
export function firstOf(body: unknown, names: readonly string[]): unknown {
  for (const name of names) {
    const value = at(body, [name]);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}
