import type { OAuthEvent } from 'express-oauth-login';
import { type LabRequest, maskSecrets } from 'express-oauth-login/testing';
import type { FeedEntry } from '../feed.js';
import { type Html, html } from '../html.js';

/** Of the headers those that tell how a provider wants to be talked to. */
const tellingHeaders = [
  'authorization',
  'x-wlk-authorization',
  'x-acs-dingtalk-access-token',
  'access-token',
  'content-type',
  'accept',
  'dpop',
];
/** No value of an entry is longer, and no list: what is remembered must stay small. */
const LONGEST_VALUE = 300;
const LONGEST_LIST = 40;

/** An event of the middleware, as the panel shows it. It holds no secret to begin with. */
export function renderEvent(event: OAuthEvent): Omit<FeedEntry, 'id'> {
  const { type, at, provider, ...details } = event;
  const failed = event.error !== undefined || type === 'alert';
  const took = event.duration === undefined ? '' : `${event.duration} ms`;
  const summary = line(html`${type}`, provider, event.error ?? event.outcome ?? took, failed);
  return { kind: 'event', type, html: entry('event', at, summary, [fields('Event', details)]) };
}

/** A request that a provider of the lab got, with its secrets masked. */
export function renderRequest(request: LabRequest): Omit<FeedEntry, 'id'> {
  const { at, provider, endpoint, method, grant, status, path, query, headers, form, json, answer } =
    maskSecrets(request);
  const what = html`<b>${method}</b> ${endpoint}${grant !== undefined && html` <em>${shortGrant(grant)}</em>`}`;
  const failed = status === 0 || status >= 400;
  const summary = line(what, provider, status === 0 ? 'cut' : String(status), failed);
  const telling = Object.fromEntries(tellingHeaders.map((name) => [name, headers[name]]));
  return {
    kind: 'request',
    html: entry('request', at, summary, [
      html`<p class="path">${cut(path)}</p>`,
      fields('Query', query),
      fields('Headers', telling),
      fields('Form', form),
      fields('JSON', json),
      fields('Answer', answer),
    ]),
  };
}

function line(what: Html, provider: string | undefined, outcome: string, failed: boolean): Html {
  return html`<span class="what">${what}</span>
<span class="who">${provider}</span>
<span class="badge${failed && ' bad'}">${outcome}</span>`;
}

function entry(kind: FeedEntry['kind'], at: number, summary: Html, details: readonly Html[]): Html {
  const time = new Date(at).toISOString();
  return html`<li data-kind="${kind}"><details><summary><time datetime="${time}">${time.slice(11, 19)}</time>
${summary}</summary>
<div class="details">${details}</div></details></li>`;
}

/** The members of an object, one a line; nothing where there are none. */
function fields(heading: string, value: unknown): Html {
  const isObject = typeof value === 'object' && value !== null;
  const members = isObject ? Object.entries(value) : value === undefined ? [] : [['', value]];
  const known = members.filter(([, member]) => member !== undefined).slice(0, LONGEST_LIST);
  if (known.length === 0) return html``;
  const rows = known.map(
    ([name, member]) => html`<div><dt>${cut(String(name))}</dt><dd>${cut(asText(member))}</dd></div>`,
  );
  return html`<h3>${heading}</h3><dl>${rows}</dl>`;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function cut(text: string): string {
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/** `urn:ietf:params:oauth:grant-type:jwt-bearer` is jwt-bearer to everybody. */
function shortGrant(grant: string): string {
  return cut(grant.replace(/^urn:ietf:params:oauth:grant-type:/, ''));
}
