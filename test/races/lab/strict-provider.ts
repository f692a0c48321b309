import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Families, type Family, type Issued, type Strictness } from './families.js';
import { FaultProxy } from './fault-proxy.js';

const CLIENT = { id: 'races', secret: 'the secret of the race laboratory' };

/** A request of an app that matters to a race, at a moment when the provider can be told to do something else. */
export interface Call {
  /**
   * `arrived`: nothing has happened yet. `processed`: the refresh token is used up, and no answer was sent.
   * `keys`: somebody wants the key set.
   */
  readonly moment: 'arrived' | 'processed' | 'keys';
  /** The process that asks. */
  readonly process: string;
  readonly user?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** May hold the call as long as its promise lasts; answers in its own way, or cuts the connection. */
export type Intercept = (call: Call) => undefined | 'cut' | Reply | Promise<undefined | 'cut' | Reply>;

/**
 * An OpenID Provider with as many users as one likes. What it refuses it refuses strictly: refresh tokens work once,
 * and it knows of every use of each.
 */
export interface StrictProvider {
  readonly issuer: string;
  readonly client: typeof CLIENT;
  readonly families: Families;
  readonly strictness: Strictness;
  readonly faults: FaultProxy;
  /** Whether token answers carry an id_token. The first one of a login always does. */
  idTokenOnRefresh: boolean;
  intercept: Intercept | undefined;
  /** The same for the calls of one process, by its id; these go before. */
  readonly interceptOf: Map<string, Intercept>;
  close(): Promise<void>;
}

interface Code {
  readonly user: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly nonce: string | undefined;
}

export async function startStrictProvider(strictness: Partial<Strictness> = {}): Promise<StrictProvider> {
  const rules: Strictness = {
    lifetime: 3600,
    firstLifetime: 3600,
    reuseGrace: 0,
    reuseRevokesFamily: true,
    ...strictness,
  };
  const families = new Families(rules);
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'races', alg: 'ES256', use: 'sig' }] };
  const codes = new Map<string, Code>();

  const server = createServer((req, res) => {
    answer(req, res).catch((error: unknown) => {
      // The app has gone away, or the provider closes.
      if (res.destroyed || !server.listening) return;
      console.error('the strict provider failed:', error);
      send(res, { status: 500 });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const faults = await FaultProxy.start(() => (server.address() as AddressInfo).port);
  const issuer = `http://127.0.0.1:${faults.port}`;

  const provider: StrictProvider = {
    issuer,
    client: CLIENT,
    families,
    strictness: rules,
    faults,
    idTokenOnRefresh: true,
    intercept: undefined,
    interceptOf: new Map(),
    async close() {
      await faults.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', issuer);
    const process = String(req.headers['x-process'] ?? '');
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return send(res, { status: 200, body: metadata(issuer) });
      case '/jwks':
        if (await intervene(res, { moment: 'keys', process })) return;
        return send(res, { status: 200, body: keys });
      case '/authorize':
        return authorize(url.searchParams, res);
      case '/token':
        return token(new URLSearchParams(await textOf(req)), req, res, process);
      case '/revoke':
        if (!isClient(req)) return send(res, refusal('invalid_client', 401));
        families.revoke(new URLSearchParams(await textOf(req)).get('token') ?? '');
        return send(res, { status: 200 });
      default:
        return send(res, { status: 404 });
    }
  }

  function authorize(query: URLSearchParams, res: ServerResponse): void {
    const redirectUri = query.get('redirect_uri') ?? '';
    const user = query.get('login_as');
    const proper =
      query.get('client_id') === CLIENT.id &&
      query.get('response_type') === 'code' &&
      query.get('code_challenge_method') === 'S256' &&
      (query.get('state') ?? '') !== '' &&
      redirectUri.startsWith('http://127.0.0.1:') &&
      user !== null;
    if (!proper) {
      send(res, refusal('invalid_request'));
      return;
    }
    const code = randomBytes(16).toString('base64url');
    const challenge = query.get('code_challenge') ?? '';
    codes.set(code, { user, redirectUri, challenge, nonce: query.get('nonce') ?? undefined });
    const callback = new URL(redirectUri);
    const back = { code, state: query.get('state') ?? '', iss: issuer };
    for (const [name, value] of Object.entries(back)) callback.searchParams.set(name, value);
    send(res, { status: 302, headers: { location: callback.href } });
  }

  async function token(form: URLSearchParams, req: IncomingMessage, res: ServerResponse, process: string) {
    if (!isClient(req)) return send(res, refusal('invalid_client', 401));
    if (form.get('grant_type') === 'authorization_code') {
      const code = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const hash = createHash('sha256').update(form.get('code_verifier') ?? '');
      const proper =
        code?.redirectUri === form.get('redirect_uri') && code?.challenge === hash.digest('base64url');
      if (!code || !proper) return send(res, refusal('invalid_grant'));
      const { family, tokens } = families.begin(code.user, CLIENT.id);
      return send(res, { status: 200, body: await tokenAnswer(family, tokens, code.nonce) });
    }
    if (form.get('grant_type') !== 'refresh_token') return send(res, refusal('unsupported_grant_type'));
    const refreshToken = form.get('refresh_token') ?? '';
    const family = families.familyOf(refreshToken);
    const about = { process, ...(family && { user: family.user }) };
    if (await intervene(res, { moment: 'arrived', ...about })) return;
    const refreshed = families.refresh(refreshToken, process);
    if (!family || !refreshed) return send(res, refusal('invalid_grant'));
    const { use, tokens } = refreshed;
    const finished = once(res, 'close').then(() => {
      use.answer = res.writableFinished ? 'delivered' : 'lost';
      use.settledAt = Date.now();
    });
    if (await intervene(res, { moment: 'processed', ...about })) return finished;
    if (!tokens) send(res, refusal('invalid_grant'));
    else send(res, { status: 200, body: await tokenAnswer(family, tokens) });
    return finished;
  }

  /** Whether somebody else has dealt with the call. */
  async function intervene(res: ServerResponse, call: Call): Promise<boolean> {
    const verdict = await (provider.interceptOf.get(call.process) ?? provider.intercept)?.(call);
    if (verdict === undefined) return false;
    if (verdict === 'cut') res.destroy();
    else send(res, verdict);
    return true;
  }

  async function tokenAnswer(family: Family, tokens: Issued, nonce?: string) {
    const idToken = new SignJWT({ sub: family.user, ...(nonce !== undefined && { nonce }) })
      .setProtectedHeader({ alg: 'ES256', kid: 'races' })
      .setIssuer(issuer)
      .setAudience(CLIENT.id)
      .setIssuedAt()
      .setExpirationTime('10m');
    const withIdToken = family.issued === 1 || provider.idTokenOnRefresh;
    return {
      access_token: tokens.accessToken,
      token_type: 'Bearer',
      expires_in: tokens.expiresIn,
      refresh_token: tokens.refreshToken,
      ...(withIdToken && { id_token: await idToken.sign(privateKey) }),
    };
  }

  return provider;
}

function metadata(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  };
}

function isClient(req: IncomingMessage): boolean {
  const [, credentials = ''] = /^Basic (.+)$/.exec(req.headers.authorization ?? '') ?? [];
  const [id = '', secret = ''] = Buffer.from(credentials, 'base64').toString().split(':');
  const given = Buffer.from(`${id}:${decodeURIComponent(secret.replaceAll('+', ' '))}`);
  const wanted = Buffer.from(`${CLIENT.id}:${CLIENT.secret}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function refusal(error: string, status = 400): Reply {
  return { status, body: { error } };
}

function send(res: ServerResponse, { status, headers = {}, body }: Reply): void {
  if (res.destroyed) return;
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  res.writeHead(status, { 'cache-control': 'no-store', ...type, ...headers }).end(text);
}

async function textOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
