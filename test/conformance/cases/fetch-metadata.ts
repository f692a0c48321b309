import type { Case } from '../support/cases.js';

/** A request, as a browser describes it. */
export interface Described extends Case {
  readonly method?: string;
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

const source = 'W3C Fetch Metadata';
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
];
