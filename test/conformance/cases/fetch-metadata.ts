import type { Case } from '../support/cases.js';

/** A request, as a browser describes it. */
export interface Described extends Case {
  readonly method?: 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The status of the answer. */
  readonly status: number;
}

type Row = readonly [id: string, does: string, headers: Record<string, string>];

const cross = { 'sec-fetch-site': 'cross-site' };
const neighbour = { 'sec-fetch-site': 'same-site' };
const ours = { 'sec-fetch-site': 'same-origin' };
const visit = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const fetched = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
const silently = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' };
const evil = { origin: 'https://evil.example' };

/** What no person sees. */
const behindTheBack: readonly Row[] = [
  ...['image', 'script', 'style', 'font', 'audio', 'video', 'track', 'worker', 'manifest', 'report'].map(
    (dest): Row => [
      dest,
      `loads it as ${dest}`,
      { ...cross, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': dest },
    ],
  ),
  ...['iframe', 'frame', 'embed', 'object', 'fencedframe'].map(
    (dest): Row => [
      dest,
      `shows it in a frame (${dest})`,
      { ...ours, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': dest },
    ],
  ),
  ['prefetch', 'fetches it ahead of the user', { ...ours, ...visit, 'sec-purpose': 'prefetch' }],
  ['prerender', 'renders it ahead of the user', { ...ours, ...visit, 'sec-purpose': 'prefetch;prerender' }],
  ['purpose', 'fetches it ahead, in the words of an older browser', { purpose: 'prefetch' }],
  ['x-moz', 'fetches it ahead, in the words of another', { 'x-moz': 'prefetch' }],
  ['fetch-cross-site', 'fetches it from another site', { ...cross, ...fetched, ...evil }],
  ['beacon-cross-site', 'sends it from another site as a beacon', { ...cross, ...silently, ...evil }],
  ['fetch-same-site', 'fetches it from a neighbouring host', { ...neighbour, ...fetched }],
];

/** What comes from elsewhere, whether or not a person sees it. */
const fromElsewhere: readonly Row[] = [
  ['cross-site', 'posts a form from another site', { ...cross, ...visit, ...evil }],
  ['same-site', 'posts a form from a neighbouring host', { ...neighbour, ...visit }],
  ['cross-site-our-origin', 'posts from another site, with our origin', { ...cross, origin: 'OURS' }],
  ['fetch', 'fetches from another site', { ...cross, ...fetched, ...evil }],
  ['origin', 'posts from another site, in an older browser', evil],
  ['origin-null', 'posts from a sandbox, or a page without a referrer', { origin: 'null' }],
  ['origin-port', 'posts from another port of our host', { origin: 'http://127.0.0.1:1' }],
  ['origin-scheme', 'posts from our host under another scheme', { origin: 'SECURE' }],
  ['origin-suffix', 'posts from a host that begins like ours', { origin: 'OURS.evil.example' }],
  ['origin-prefix', 'posts from a host that ends like ours', { origin: 'https://evil.example#OURS' }],
  ['origin-list', 'posts with two origins', { origin: 'OURS, https://evil.example' }],
  ['origin-case', 'posts with an origin that is none', { origin: 'HTTP://' }],
];

const source = 'Fetch Metadata';
const rows = (
  list: readonly Row[],
  prefix: string,
  rest: Omit<Described, keyof Case | 'headers'>,
): Described[] =>
  list.map(([id, does, headers]) => ({ id: `${prefix}-${id}`, does, source, headers, ...rest }));

const form = 'state=x&code=x';

/** Requests that must change nothing. */
export const refusedRequests: readonly Described[] = [
  ...rows(behindTheBack, 'login', { path: '/auth/login/oidc', status: 403 }),
  ...rows(behindTheBack, 'chooser', { path: '/auth/login', status: 403 }),
  ...rows(behindTheBack, 'form-post', {
    method: 'POST',
    path: '/auth/callback/oidc',
    body: form,
    status: 403,
  }),
  ...rows(fromElsewhere, 'logout', { method: 'POST', path: '/auth/logout', status: 403 }),
  // A page that asks: nothing has happened yet.
  ...rows(behindTheBack, 'logout-link', { path: '/auth/logout', status: 200 }),
  ...rows(
    [
      ['cross-site', 'links to it from another site', { ...cross, ...visit }],
      ['same-site', 'links to it from a neighbouring host', { ...neighbour, ...visit }],
      ['typed', 'has the user type it, or open a bookmark', { 'sec-fetch-site': 'none', ...visit }],
      ['old', 'links to it, in an older browser', {}],
    ],
    'logout-link',
    { path: '/auth/logout', status: 200 },
  ),
];

/** Requests that an honest browser sends. */
export const acceptedRequests: readonly Described[] = [
  ...rows(
    [
      ['link', 'comes from a link on another site', { ...cross, ...visit }],
      ['typed', 'was typed, or is a bookmark', { 'sec-fetch-site': 'none', ...visit }],
      ['ours', 'comes from our own page', { ...ours, ...visit }],
      ['old', 'comes from an older browser', {}],
    ],
    'login',
    { path: '/auth/login/oidc', status: 302 },
  ),
  ...rows(
    [
      ['provider', "is posted by the provider's page", { ...cross, ...visit, ...evil }],
      ['old', "is posted by the provider's page, in an older browser", { origin: 'null' }],
    ],
    'form-post',
    { method: 'POST', path: '/auth/callback/oidc', body: form, status: 303 },
  ),
  ...rows(
    [
      ['form', 'is posted by our own page', { ...ours, ...visit, origin: 'OURS' }],
      ['fetch', 'is fetched by our own page', { ...ours, ...fetched }],
      ['old', 'is posted by our own page, in an older browser', { origin: 'OURS' }],
      ['program', 'comes from no browser', {}],
    ],
    'logout',
    { method: 'POST', path: '/auth/logout', status: 303 },
  ),
  ...rows([['link', 'is a link on our own page', { ...ours, ...visit }]], 'logout-link', {
    path: '/auth/logout',
    status: 303,
  }),
];
