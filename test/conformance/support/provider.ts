import { createHash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { JWK } from 'jose';
import { type Received, type Reply, startServer } from '../../unit/wire/server.js';
import { type SigningKey, sign } from '../../unit/wire/signing.js';
import { signingKeys, type TokenParts } from './forge.js';

const endpoints = {
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'jwks',
  '/par': 'par',
  '/token': 'token',
  '/userinfo': 'userinfo',
  '/admin': 'admin',
  '/revoke': 'revocation',
} as const;

/** What the provider can be asked for; `elsewhere` is everything that it does not have. */
export type Endpoint = (typeof endpoints)[keyof typeof endpoints] | 'elsewhere';

type Members = Record<string, unknown>;
/** Members to change, where `undefined` leaves one out; or what makes them from the usual ones. */
export type Change = object | ((usual: Members) => object);

/** A reply in the place of the usual one. What writes to the response itself returns nothing. */
type Alteration =
  | Reply
  | ((
      usual: Reply,
      request: Request,
      response: ServerResponse,
    ) => Reply | undefined | Promise<Reply | undefined>);

/** What can be made wrong. */
export interface Script {
  readonly metadata?: Change;
  /** The members of the key set, from the usual one. */
  readonly keys?: (usual: readonly JWK[]) => unknown[];
  /** The token answer by its standard names, before it takes the provider's own form. */
  readonly token?: Change;
  readonly userinfo?: Change;
  /** The id_token. */
  readonly claims?: Change;
  readonly header?: object;
  /** Another id_token in the place of the usual one. */
  readonly idToken?: (parts: TokenParts) => unknown;
  /** Whole answers: after all else, so that they have the last word. */
  readonly answers?: { readonly [E in Endpoint]?: Alteration };
}

export interface Request extends Received {
  readonly endpoint: Endpoint;
  /** The parameters, from query, form or JSON. */
  readonly params: Readonly<Record<string, string>>;
}

/** How a provider speaks, where it does not speak OpenID Connect. */
export interface WireForm {
  /** The token answer, from the standard one. */
  readonly token: (standard: Members) => Members;
  readonly userinfo: Members;
}

/**
 * An authorization server of a few lines: honest and strict by itself, and wrong in whatever its script says. It logs every
 * request, and remembers every secret that it gave away.
 */
export class ScriptedProvider {
  script: Script = {};
  readonly url: string;
  readonly key: SigningKey;
  readonly requests: Request[] = [];
  /** Every token, in the order in which they were issued. */
  readonly issued: string[] = [];
  /** Everything that left this server: to look for it where it must not be. */
  readonly said: unknown[] = [];
  readonly close: () => Promise<void>;
  readonly #form: WireForm;
  readonly #codes = new Map<string, URLSearchParams>();
  readonly #pushed = new Map<string, URLSearchParams>();
  readonly #refreshable = new Set<string>();
  #authTime = 0;

  private constructor(server: { url: string; close(): Promise<void> }, key: SigningKey, form: WireForm) {
    this.url = server.url;
    this.close = server.close;
    this.key = key;
    this.#form = form;
  }

  static async start(form: WireForm): Promise<ScriptedProvider> {
    const [key] = await signingKeys;
    let provider: ScriptedProvider | undefined;
    const server = await startServer((request, response) =>
      (provider as ScriptedProvider).#reply(request, response),
    );
    provider = new ScriptedProvider(server, key, form);
    return provider;
  }

  /** Honest again, with an empty log. */
  reset(): void {
    this.script = {};
    this.#authTime = Math.floor(Date.now() / 1000);
    for (const list of [this.requests, this.issued, this.said]) list.length = 0;
  }

  to(endpoint: Endpoint): Request[] {
    return this.requests.filter((request) => request.endpoint === endpoint);
  }

  /** The URLs, under the names that every factory takes. */
  get endpoints(): Record<string, string> {
    const { url } = this;
    return {
      issuer: url,
      authorization: `${url}/authorize`,
      token: `${url}/token`,
      userinfo: `${url}/userinfo`,
      revocation: `${url}/revoke`,
      jwks: `${url}/jwks`,
    };
  }

  /** Plays the user who says yes. Returns the parameters of an honest callback. */
  authorize(url: URLSearchParams): URLSearchParams {
    const sent = this.#pushed.get(url.get('request_uri') ?? '') ?? url;
    const code = `code-${random()}`;
    this.#codes.set(code, sent);
    return new URLSearchParams({ code, state: sent.get('state') ?? '' });
  }

  /** An id_token as the script wants it, for a login that sent these parameters. */
  async idToken(accessToken: string, nonce: string | null = null): Promise<unknown> {
    const { url, script } = this;
    const now = Math.floor(Date.now() / 1000);
    const usual = {
      iss: url,
      sub: 'alice',
      aud: CLIENT_ID,
      iat: now,
      exp: now + 300,
      auth_time: this.#authTime,
      ...(nonce !== null && { nonce }),
    };
    const claims = changed(usual, script.claims);
    const parts = await this.parts(claims, accessToken, script.header);
    return script.idToken?.(parts) ?? parts.honest;
  }

  /** What a token with these claims can be forged of. */
  async parts(claims: Members, accessToken = '', header: object = {}): Promise<TokenParts> {
    const { key, url } = this;
    const [, stranger, elliptic] = await signingKeys;
    return { claims, key, stranger, elliptic, accessToken, url, honest: await sign(key, claims, header) };
  }

  async #reply(received: Received, response: ServerResponse): Promise<Reply | undefined> {
    const path = received.url.split('?')[0] as keyof typeof endpoints;
    const endpoint = endpoints[path] ?? 'elsewhere';
    const request = { ...received, endpoint, params: readParams(received) };
    this.requests.push(request);
    const usual = await this.#usual(request);
    const alteration = this.script.answers?.[endpoint];
    const reply = typeof alteration === 'function' ? await alteration(usual, request, response) : alteration;
    const sent = alteration === undefined ? usual : reply;
    if (sent) this.said.push([sent.headers, sent.body]);
    return sent;
  }

  async #usual({ endpoint, params }: Request): Promise<Reply> {
    const { script, url } = this;
    switch (endpoint) {
      case 'discovery':
        return { body: changed(this.#metadata(), script.metadata) };
      case 'jwks':
        return { body: { keys: (script.keys ?? ((usual) => [...usual]))([this.key.jwk]) } };
      case 'par':
        return { status: 201, body: { request_uri: this.#push(params), expires_in: 60 } };
      case 'token':
        return this.#token(params);
      case 'userinfo':
        return { body: changed(this.#form.userinfo, script.userinfo) };
      case 'admin':
        return { body: { code: '0', isAdmin: 'true' } };
      case 'revocation':
        return { status: 200 };
      case 'elsewhere':
        return { status: 404, body: { error: 'not_found', at: url } };
    }
  }

  /** Remembers an authorization request that comes by its URI. */
  #push(params: Request['params']): string {
    const uri = `urn:example:${random()}`;
    this.#pushed.set(uri, new URLSearchParams(params));
    return uri;
  }

  #metadata(): Members {
    const { url } = this;
    return {
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      userinfo_endpoint: `${url}/userinfo`,
      revocation_endpoint: `${url}/revoke`,
      end_session_endpoint: `${url}/logout`,
      jwks_uri: `${url}/jwks`,
      id_token_signing_alg_values_supported: ['RS256'],
    };
  }

  async #token(params: Request['params']): Promise<Reply> {
    const values = Object.values(params);
    const code = values.find((value) => this.#codes.has(value));
    const refreshToken = values.find((value) => this.#refreshable.has(value));
    const sent = code === undefined ? undefined : this.#codes.get(code);
    // What was issued works once.
    if (code !== undefined) this.#codes.delete(code);
    if (refreshToken !== undefined) this.#refreshable.delete(refreshToken);
    const proven = sent && provesKey(sent, params);
    if (!proven && refreshToken === undefined) return { status: 400, body: { error: 'invalid_grant' } };
    const [access_token, refresh_token] = [`at-${random()}`, `rt-${random()}`];
    this.#refreshable.add(refresh_token);
    const standard = {
      access_token,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token,
      id_token: await this.idToken(access_token, sent?.get('nonce')),
    };
    const body = this.#form.token(changed(standard, this.script.token));
    this.issued.push(access_token, refresh_token, String(standard.id_token));
    return { body };
  }
}

export const CLIENT_ID = 'conformance-client';
export const CLIENT_SECRET = 'conformance-client-secret-0123456789';

function random(): string {
  return randomBytes(18).toString('base64url');
}

function changed(usual: Members, change: Change = {}): Members {
  return { ...usual, ...(typeof change === 'function' ? change(usual) : change) };
}

function readParams({ url, headers, body }: Received): Record<string, string> {
  const query = Object.fromEntries(new URLSearchParams(url.split('?')[1] ?? ''));
  const json = headers['content-type']?.includes('json') && body !== '';
  return { ...query, ...(json ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body))) };
}

/** PKCE [RFC 7636 4.6]: whoever sent a challenge must know the verifier. */
function provesKey(sent: URLSearchParams, { code_verifier = '' }: Request['params']): boolean {
  const challenge = sent.get('code_challenge');
  return challenge === null || challenge === createHash('sha256').update(code_verifier).digest('base64url');
}
