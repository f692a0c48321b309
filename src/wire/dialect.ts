import type { Dialect, RequestRules, WireRequest } from '../dialect.js';
import type { Endpoints } from '../provider.js';

/** Puts the names of a dialect in the place of the standard ones in an authorization URL. */
export function toAuthorizationUrl(standard: URL, dialect: Dialect): URL {
  const { rename = {}, omit = [], scopeDelimiter = ' ' } = dialect.authorization ?? {};
  const url = new URL(standard);
  url.search = '';
  for (const [name, value] of standard.searchParams) {
    if (omit.includes(name)) continue;
    url.searchParams.append(
      renamed(name, rename),
      name === 'scope' ? value.replaceAll(' ', scopeDelimiter) : value,
    );
  }
  const final = dialect.hooks?.authorizationUrl?.(url) ?? url;
  // URLSearchParams writes a space as `+`, which some platforms take literally.
  final.search = final.search.replaceAll('+', '%20');
  return final;
}

/** Puts the standard names in the place of a dialect's in the parameters of a callback. */
export function fromCallback(params: URLSearchParams, dialect: Dialect): URLSearchParams {
  const rename = dialect.callback?.rename ?? {};
  const standard = new URLSearchParams();
  for (const [name, value] of params) {
    const own = renamed(name, rename);
    // Some send one thing under both names; two different things are for the caller to refuse.
    if (!standard.getAll(own).includes(value)) standard.append(own, value);
  }
  return dialect.hooks?.callback?.(standard) ?? standard;
}

/** Puts a standard form request into the form of a dialect. */
export function toWireRequest(
  standard: WireRequest,
  dialect: Dialect,
  endpoints: Readonly<Endpoints> = {},
): { url: string; init: RequestInit } {
  const { rename = {}, omit = [], add = {}, encoding = 'form', ...rules } = rulesFor(standard, dialect);
  const own: WireRequest = {
    ...standard,
    method: rules.method ?? standard.method,
    url: (rules.endpoint === undefined ? undefined : endpoints[rules.endpoint]) ?? standard.url,
    params: [
      ...standard.params
        .filter(([name]) => !omit.includes(name))
        .map(([name, value]) => [renamed(name, rename), value] as const),
      ...Object.entries(add),
    ],
  };
  const request = dialect.hooks?.request?.(own) ?? own;
  return encode(request, encoding, standard.headers['content-type']);
}

function rulesFor({ endpoint, grant }: WireRequest, dialect: Dialect): RequestRules {
  const instead =
    endpoint === 'revocation' ? dialect.revocation : grant === 'refresh_token' ? dialect.refresh : undefined;
  return instead ?? dialect.request ?? {};
}

function encode(
  { url, method, headers: given, params }: WireRequest,
  encoding: RequestRules['encoding'],
  standardType: string | undefined,
) {
  const { 'content-type': givenType, ...headers } = given;
  const form = new URLSearchParams(params.map(([name, value]): [string, string] => [name, value]));
  if (encoding === 'query') {
    const target = new URL(url);
    for (const [name, value] of form) target.searchParams.append(name, value);
    return { url: target.href, init: { method, headers } };
  }
  const json = encoding === 'json';
  // A hook may name another type: some platforms insist on a charset.
  const named = givenType === standardType ? undefined : givenType;
  const type = named ?? (json ? 'application/json' : 'application/x-www-form-urlencoded');
  const body = json ? JSON.stringify(Object.fromEntries(form)) : form.toString();
  return { url, init: { method, headers: { ...headers, 'content-type': type }, body } };
}

/** A browser chooses the names in a callback: `constructor` must not be found. */
function renamed(name: string, rename: Readonly<Record<string, string>>): string {
  return (Object.hasOwn(rename, name) ? rename[name] : undefined) ?? name;
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
