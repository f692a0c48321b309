import { isLoopbackHost } from '../config.js';
import { ConfigurationError } from '../errors.js';
import type { TokenPlacement } from '../provider.js';
import { isReadOnce, type ProofKey, type Proofs } from '../wire/dpop.js';

/** Redirects are followed this many times, as WHATWG fetch does [Fetch 4.4]. */
const REDIRECTS = 20;

/** A token, and the version of the record it came from. */
export interface VersionedToken {
  readonly accessToken: string;
  readonly version: number;
  /** The key to which the token is bound, where it is. */
  readonly proofKey?: ProofKey;
}

/** What a call of a provider's API needs to know. */
export interface ApiAccess {
  readonly placement: TokenPlacement;
  readonly apiOrigins: readonly string[] | undefined;
  readonly proofs: Proofs;
  /** A token; a fresh one when the API refused the one of that version. */
  token(refused?: number): Promise<VersionedToken>;
}

/** WHATWG fetch with the token attached; see `RequestOAuth.fetch`. */
export async function apiFetch(
  access: ApiAccess,
  url: string | URL,
  init: RequestInit = {},
): Promise<Response> {
  if (!URL.canParse(String(url))) {
    throw new ConfigurationError(
      'invalid_option',
      'req.oauth.fetch takes an absolute URL, such as https://api.example.com/path: a path alone does not say whose API it is.',
    );
  }
  const target = new URL(url);
  checkTarget(target, access.apiOrigins);
  const token = await access.token();
  const response = await fetchWithToken(carrier(access, token), target, init);
  if (response.status !== 401 || isReadOnce(init.body)) return response;
  const fresh = await access.token(token.version);
  if (fresh.accessToken === token.accessToken) return response;
  await response.body?.cancel();
  return fetchWithToken(carrier(access, fresh), target, init);
}

/** A fetch that attaches the token to every request. */
type Carrier = (url: URL, init: RequestInit) => Promise<Response>;

function carrier({ placement, proofs }: ApiAccess, { accessToken, proofKey }: VersionedToken): Carrier {
  if (proofKey) {
    const bound = proofs.bind(fetch, proofKey, accessToken);
    return (url, init) => bound(url.href, init);
  }
  return (url, init) => {
    const headers = new Headers(init.headers);
    return fetch(place(placement, accessToken, url, headers), { ...init, headers });
  };
}

function checkTarget(url: URL, apiOrigins: readonly string[] | undefined): void {
  const loopback = url.protocol === 'http:' && isLoopbackHost(url.hostname);
  if (url.protocol !== 'https:' && !loopback) {
    throw new ConfigurationError(
      'insecure_transport',
      'req.oauth.fetch sends tokens over https only. Use an https URL, or plain fetch without the token.',
    );
  }
  if (apiOrigins && !apiOrigins.includes(url.origin)) {
    throw new ConfigurationError(
      'invalid_option',
      `req.oauth.fetch: ${url.origin} is not among the provider's apiOrigins. Add it there, or use plain fetch without the token.`,
    );
  }
}

/** Follows redirects itself: fetch drops `Authorization` on the way to another origin, but no header of another name. */
async function fetchWithToken(carry: Carrier, first: URL, init: RequestInit): Promise<Response> {
  let url = first;
  let next: RequestInit = init;
  let abroad = false;
  for (let count = 0; ; count += 1) {
    const headers = new Headers(next.headers);
    // What is dropped on the way to another origin stays dropped, wherever the redirects lead then [Fetch 4.4].
    abroad ||= url.origin !== first.origin;
    if (abroad) for (const name of ['authorization', 'cookie']) headers.delete(name);
    const request: RequestInit = { ...next, headers, redirect: 'manual' };
    const response = await (abroad ? fetch(url, request) : carry(url, request));
    const location = response.headers.get('location');
    const redirected = [301, 302, 303, 307, 308].includes(response.status) && location !== null;
    if (!redirected || init.redirect === 'manual') return response;
    await response.body?.cancel();
    if (init.redirect === 'error' || count === REDIRECTS || !URL.canParse(location, url.href)) {
      throw new TypeError('fetch failed: unexpected redirect');
    }
    url = new URL(location, url);
    next = afterRedirect(next, response.status);
  }
}

/** A redirect may turn a POST into a GET without a body [Fetch 4.4]. */
function afterRedirect(init: RequestInit, status: number): RequestInit {
  const method = (init.method ?? 'GET').toUpperCase();
  const toGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') || (status < 303 && method === 'POST');
  if (toGet) {
    const { body: _body, method: _method, ...rest } = init;
    const headers = new Headers(rest.headers);
    for (const name of ['content-type', 'content-length', 'content-encoding', 'content-language'])
      headers.delete(name);
    return { ...rest, headers };
  }
  if (isReadOnce(init.body)) throw new TypeError('fetch failed: a stream cannot be sent twice');
  return init;
}

function place(placement: TokenPlacement, accessToken: string, url: URL, headers: Headers): URL {
  if ('header' in placement) {
    headers.set(placement.header, `${placement.prefix}${accessToken}`);
    return url;
  }
  const target = new URL(url);
  target.searchParams.set(placement.query, accessToken);
  return target;
}
