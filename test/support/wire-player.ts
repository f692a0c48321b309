import { createHash, createHmac } from 'node:crypto';
import { exportJWK, type JWK, jwtVerify } from 'jose';
import { type Received, type Reply, startServer, type TestServer } from '../unit/wire/server.js';
import { encode, makeKey, type SigningKey, sign } from '../unit/wire/signing.js';
import type { Exchange, FixtureCase } from './wire-fixtures.js';

/** Milliseconds that pass while an answer is on its way, so that a lifetime shows from when it was counted. */
const TRAVEL = 2_000;

/** One request: what a fixture says, and what came. */
export interface Played {
  expected: unknown;
  received: unknown;
}

/** Plays the provider of one case after the other. */
export interface Player {
  readonly privateJwk: JWK;
  /** Requests so far, over all cases. */
  readonly played: number;
  play(fixtureCase: FixtureCase): Play;
  close(): Promise<void>;
}

/** The provider of one case: it knows the exchanges in their order, and nothing else. */
export interface Play {
  readonly clock: { now(): number; sleep(milliseconds: number): Promise<void> };
  readonly requests: readonly Played[];
  /** When the token request came. */
  readonly sentAt: number;
  /** What a placeholder stood for. */
  bound(name: string): string | undefined;
  /** A real fetch, which finds every https host at the player. */
  readonly fetch: typeof globalThis.fetch;
  /** A browser that goes to the provider and comes back: the query of the callback. */
  browse(url: URL): Promise<string>;
}

export async function startPlayer(): Promise<Player> {
  const key = await makeKey('k1234');
  const privateJwk = await exportJWK(key.privateKey);
  let stage: ((request: Received) => Promise<Reply>) | undefined;
  let played = 0;
  const server: TestServer = await startServer((request) => stage?.(request) ?? { status: 404 });
  return {
    privateJwk,
    get played() {
      return played;
    },
    play(fixtureCase) {
      const cast = createPlay(fixtureCase, key, server.url);
      stage = async (request) => {
        const reply = await cast.answer(request);
        if (reply) played += 1;
        return reply ?? { status: 404 };
      };
      return cast.play;
    },
    close: () => server.close(),
  };
}

function createPlay(fixtureCase: FixtureCase, key: SigningKey, origin: string) {
  let now = Math.floor(Date.now() / 1000) * 1000;
  let sentAt = Number.NaN;
  const bound = new Map<string, string>();
  const requests: Played[] = [];
  const coming = [...fixtureCase.exchanges];

  const answer = async (request: Received): Promise<Reply | undefined> => {
    const exchange = coming.shift();
    const received = readRequest(request);
    const expected = exchange && (await expectation(exchange, received, bound, fixtureCase, key));
    requests.push({ expected, received });
    if (!exchange) return undefined;
    if (exchange.step === 'token') sentAt = now;
    now += TRAVEL;
    const { status, headers = {}, body } = exchange.answer;
    if (JSON.stringify(body ?? '').includes('{id_token}')) await signIdToken(fixtureCase, key, bound, now);
    const fill = filler(key, bound);
    const typed = body === undefined || Array.isArray(body) ? {} : { 'content-type': 'application/json' };
    return {
      status,
      headers: Object.fromEntries(
        Object.entries({ ...typed, ...headers }).map(([name, value]) => [name, fill(value)]),
      ),
      ...(body !== undefined && { body: fill(Array.isArray(body) ? body.join('\n') : JSON.stringify(body)) }),
    };
  };

  const fetch: typeof globalThis.fetch = (input, init) => {
    const url = new URL(String(input));
    if (url.protocol !== 'https:') throw new Error(`a request to ${url.protocol}`);
    return globalThis.fetch(`${origin}/${url.host}${url.pathname}${url.search}`, init);
  };
  const play: Play = {
    clock: { now: () => now, sleep: () => Promise.resolve() },
    requests,
    get sentAt() {
      return sentAt;
    },
    bound: (name) => bound.get(name),
    fetch,
    async browse(url) {
      const response = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } });
      await response.arrayBuffer();
      return new URL(response.headers.get('location') as string).search;
    },
  };
  return { answer, play };
}

/** Headers of the connection, which any HTTP client writes. */
const transport = new Set([
  'host',
  'connection',
  'accept-language',
  'accept-encoding',
  'sec-fetch-mode',
  'user-agent',
  'content-length',
]);

/** What is accepted as an answer where that is not JSON: a page in the browser, and nothing at a revocation. */
const accepted: Partial<Record<Exchange['step'], string>> = { authorization: 'text/html', revocation: '*/*' };

const contentTypes = { form: 'application/x-www-form-urlencoded', json: 'application/json' } as const;

/** A request in the words of a fixture, with nothing left out. */
function readRequest({ method, url, headers, body }: Received) {
  const [path = '', query] = url.split('?');
  const further = Object.fromEntries(Object.entries(headers).filter(([name]) => !transport.has(name)));
  if (body === '') {
    const params = query === undefined ? {} : { params: pairs(query.split('&').map(plainPair)) };
    const encoding = query === undefined ? 'none' : 'query';
    return { method, url: `https:/${path}`, headers: further, encoding, ...params };
  }
  const form = further['content-type'] === contentTypes.form;
  return {
    method,
    // A query beside a body stays where it shows.
    url: `https:/${url}`,
    headers: further,
    encoding: form ? 'form' : 'json',
    params: form ? pairs([...new URLSearchParams(body)]) : JSON.parse(body),
  };
}

/** A `+` in a URL is a plus: some platforms take it for nothing else. */
function plainPair(pair: string): [string, string] {
  const [name = '', value = ''] = pair.split('=');
  return [decodeURIComponent(name), decodeURIComponent(value)];
}

/** A parameter that came twice shows as a list. */
function pairs(list: readonly [string, string][]): Record<string, unknown> {
  return Object.fromEntries(
    list.map(([name]) => {
      const values = list.filter(([one]) => one === name).map(([, value]) => value);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}

/** What a request must be, its placeholders replaced by what came where that is as it should be. */
async function expectation(
  { step, request }: Exchange,
  received: ReturnType<typeof readRequest>,
  bound: Map<string, string>,
  fixtureCase: FixtureCase,
  key: SigningKey,
) {
  const { method, url, headers = {}, encoding, params } = request;
  const accept = accepted[step] ?? 'application/json';
  const type = encoding === 'form' || encoding === 'json' ? { 'content-type': contentTypes[encoding] } : {};
  const filled: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params ?? {})) {
    const placeholder = typeof value === 'string' ? /^\{(\w+)\}$/.exec(value)?.[1] : undefined;
    const came: unknown = received.params?.[name];
    if (placeholder !== undefined && !bound.has(placeholder) && typeof came === 'string') {
      if (await matches(placeholder, came, bound, fixtureCase, key)) bound.set(placeholder, came);
    }
    filled[name] = placeholder === undefined ? value : (bound.get(placeholder) ?? value);
  }
  const all = { accept, ...type, ...headers };
  return { method, url, headers: all, encoding, ...(params && { params: filled }) };
}

/** Whether a value is what a placeholder stands for. */
async function matches(
  placeholder: string,
  value: string,
  bound: ReadonlyMap<string, string>,
  { assertion }: FixtureCase,
  key: SigningKey,
): Promise<boolean> {
  switch (placeholder) {
    case 'state':
    case 'nonce':
    case 'code_challenge':
      return /^[\w-]{43}$/.test(value);
    case 'code_verifier':
      return (
        /^[\w.~-]{43,128}$/.test(value) &&
        createHash('sha256').update(value).digest('base64url') === bound.get('code_challenge')
      );
    case 'assertion':
      return assertion !== undefined && isAssertion(value, assertion, key);
    default:
      return false;
  }
}

async function isAssertion(
  value: string,
  { header, claims, lifetime }: NonNullable<FixtureCase['assertion']>,
  key: SigningKey,
): Promise<boolean> {
  const { payload, protectedHeader } = await jwtVerify(value, key.jwk);
  const { exp = 0, jti = '', ...rest } = payload;
  const left = exp - Date.now() / 1000;
  const same = (one: object, other: object) =>
    JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
  return (
    same(protectedHeader, header) &&
    same(rest, claims) &&
    /^.{16,128}$/.test(jti) &&
    left > lifetime - 5 &&
    left <= lifetime
  );
}

/** Makes the id_token of a case, once everything is known that goes into it. */
async function signIdToken(
  { idToken }: FixtureCase,
  key: SigningKey,
  bound: Map<string, string>,
  now: number,
): Promise<void> {
  if (!idToken) throw new Error('The fixture does not say what its id_token claims.');
  const iat = Math.floor(now / 1000);
  const given: [string, unknown][] = Object.entries({ iat, exp: iat + 300, ...idToken.claims });
  const claims = Object.fromEntries(
    given.map(([name, value]) => [name, value === '{nonce}' ? bound.get('nonce') : value]),
  );
  const { secret } = idToken;
  bound.set('id_token', secret === undefined ? await sign(key, claims) : signWithSecret(secret, claims));
}

/** Puts what only a run can know into the text of an answer. */
function filler(key: SigningKey, bound: ReadonlyMap<string, string>): (text: string) => string {
  return (text) =>
    text
      .replaceAll('"{jwk}"', JSON.stringify(key.jwk))
      .replace(/\{(state|id_token)\}/g, (whole, name: string) => bound.get(name) ?? whole);
}

/** What anybody can sign who knows the client's secret. */
function signWithSecret(secret: string, claims: object): string {
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
