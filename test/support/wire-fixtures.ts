import { readdirSync, readFileSync } from 'node:fs';
import { dingtalk } from '../../examples/dingtalk.js';
import { douyin } from '../../examples/douyin.js';
import { feishu } from '../../examples/feishu.js';
import { aliyun, aliyunPds, aliyunPdsJwt, oauth2, oidc, openPlatform, welink } from '../../src/index.js';
import type { AssertionSubject, Provider } from '../../src/provider.js';

/** What a provider's documents say about its wire: one file in `test/fixtures`, named after what makes the provider. */
export interface WireFixture {
  /** Where the requests and answers are documented. */
  documents: readonly string[];
  /** Options of the factory, with dummy values. `{private_jwk}` stands for the suite's own key. */
  options: Record<string, unknown>;
  redirectUri?: string;
  cases: readonly FixtureCase[];
}

/** One thing that the library does at the provider, every request of it, and how it ends. */
export interface FixtureCase {
  name: string;
  /** `exchange` is a login that stops at the tokens, for answers that do not say who the user is. */
  flow: 'login' | 'exchange' | 'assertion' | 'refresh' | 'revocation';
  /** Options that this case adds to, or puts in the place of, those of the file; `null` takes one away. */
  options?: Record<string, unknown>;
  /** What there is before the first request. */
  given?: {
    tokens?: { accessToken?: string; refreshToken?: string; refreshExpiresAt?: string; scope?: string[] };
    /** The claims of the id_token of the login. */
    claims?: Record<string, unknown>;
    subject?: AssertionSubject;
  };
  /** What `{id_token}` stands for; `iat` and `exp` are filled in. A `secret` signs it with HS256. */
  idToken?: { claims: Record<string, unknown>; secret?: string };
  /** What `{assertion}` must be: its header, and its claims with `jti` and `exp` described. */
  assertion?: { header: Record<string, unknown>; claims: Record<string, unknown>; lifetime: number };
  exchanges: readonly Exchange[];
  outcome: Outcome;
}

/** A request as the library sends it, and the answer as the provider documents it. */
export interface Exchange {
  step: 'discovery' | 'authorization' | 'token' | 'keys' | 'user' | 'revocation';
  request: {
    method: string;
    url: string;
    /** Further headers. `Accept` and `Content-Type` follow from the step and the encoding. */
    headers?: Record<string, string>;
    encoding: 'query' | 'form' | 'json' | 'none';
    /** Every parameter. A value such as `{state}` stands for a pattern, and later for what matched it. */
    params?: Record<string, unknown>;
  };
  answer: {
    status: number;
    headers?: Record<string, string>;
    /** An object goes out as JSON, lines of text as they are. */
    body?: Record<string, unknown> | readonly string[];
  };
}

export interface Outcome {
  /** `sent + N s` is a moment after the token request was sent; anything else is ISO 8601. */
  tokens?: {
    accessToken: string;
    expiresAt?: string;
    refreshToken?: string;
    refreshExpiresAt?: string;
    idToken?: string;
    scope: string[];
  };
  user?: { sub: string; name?: string; email?: string; picture?: string; claims?: Record<string, unknown> };
  error?: {
    class: string;
    code: string;
    status: number;
    providerCode?: string;
    requestId?: string;
    retryAfter?: string;
  };
  /** Whether the provider took the revocation. */
  revoked?: boolean;
}

const FOLDER = new URL('../fixtures/', import.meta.url);

/** The factory behind each file: the shipped ones, and the descriptions in `examples/`. */
const factories: Readonly<Record<string, (options: never) => Provider>> = {
  aliyun,
  pds: aliyunPds,
  'pds-jwt': aliyunPdsJwt,
  welink,
  'open-platform': openPlatform,
  oidc,
  oauth2,
  dingtalk,
  feishu,
  douyin,
};

export const factoryNames: readonly string[] = Object.keys(factories);

/** The names of the files that are there, without their ending. */
export function fixtureNames(): string[] {
  return readdirSync(FOLDER)
    .map((file) => file.replace(/\.json$/, ''))
    .sort();
}

/** The text of a fixture, for who does not trust the reader. */
export function fixtureText(name: string): string {
  return readFileSync(new URL(`${name}.json`, FOLDER), 'utf8');
}

export function readFixture(name: string): WireFixture {
  return JSON.parse(fixtureText(name)) as WireFixture;
}

/** The provider of a case. */
export function providerOf(
  name: string,
  { options }: WireFixture,
  { options: further }: FixtureCase,
  privateJwk: unknown,
): Provider {
  const all = Object.entries({ ...options, ...further })
    .filter(([, value]) => value !== null)
    .map(([key, value]) => [key, value === '{private_jwk}' ? privateJwk : value]);
  const factory = factories[name];
  if (!factory) throw new Error(`No factory is called '${name}'.`);
  return factory(Object.fromEntries(all) as never);
}

/** What a member of a fixture may be called: one that is misspelled would otherwise be ignored. */
const members: Readonly<Record<string, readonly string[]>> = {
  file: ['documents', 'options', 'redirectUri', 'cases'],
  case: ['name', 'flow', 'options', 'given', 'idToken', 'assertion', 'exchanges', 'outcome'],
  exchange: ['step', 'request', 'answer'],
  request: ['method', 'url', 'headers', 'encoding', 'params'],
  answer: ['status', 'headers', 'body'],
  outcome: ['tokens', 'user', 'error', 'revoked'],
};

/** Members that nobody reads. */
export function strayMembers(fixture: WireFixture): string[] {
  const stray = (kind: string, value: object) =>
    Object.keys(value)
      .filter((name) => !members[kind]?.includes(name))
      .map((name) => `${kind}: ${name}`);
  return [
    ...stray('file', fixture),
    ...fixture.cases.flatMap((one) => [
      ...stray('case', one),
      ...stray('outcome', one.outcome),
      ...one.exchanges.flatMap((exchange) => [
        ...stray('exchange', exchange),
        ...stray('request', exchange.request),
        ...stray('answer', exchange.answer),
      ]),
    ]),
  ];
}
