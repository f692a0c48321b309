import { type Dialect, defineProvider, type OidcOptions, oidc } from '../../../src/index.js';
import { type CodeCallback, createProviderClient, type ProviderClient } from '../../../src/wire/client.js';
import { type Received, type Reply, startServer, type TestServer } from './server.js';
import { makeKey, type SigningKey, sign } from './signing.js';

export const REDIRECT_URI = 'https://app.example.com/auth/callback/op';
export const login = {
  redirectUri: REDIRECT_URI,
  state: 'the-state',
  nonce: 'the-nonce',
  codeVerifier: 'a-verifier-that-is-long-enough-to-be-one-0123456789',
};

/** An OpenID Provider of a few lines, of which everything can be made wrong. */
export interface Op extends TestServer {
  readonly key: SigningKey;
  /** Changes the metadata; `undefined` leaves a member out. */
  metadata: Record<string, unknown>;
  /** Answers by path, in the place of the usual ones. */
  replies: Record<string, Reply | ((request: Received) => Reply)>;
  /** Changes the claims of the id_token. */
  claims: Record<string, unknown>;
  /** The scope that a token answer names, if it names one. */
  granted: string | undefined;
  /** The requests to a path. */
  to(path: string): Received[];
  client(options?: Partial<OidcOptions>): ProviderClient;
  /** A callback with a code. */
  callback(params?: Record<string, string>): CodeCallback;
}

// Made once: it takes a while.
const signingKey = makeKey('op-key');

export async function startOp(): Promise<Op> {
  const key = await signingKey;
  const usual: Record<string, () => Reply | Promise<Reply>> = {
    '/.well-known/openid-configuration': () => ({ body: metadata() }),
    '/jwks': () => ({ body: { keys: [key.jwk] } }),
    '/token': async () => ({
      body: {
        access_token: 'at-1',
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: 'rt-1',
        ...(op.granted !== undefined && { scope: op.granted }),
        id_token: await sign(key, claims()),
      },
    }),
    '/userinfo': () => ({ body: { sub: 'alice', name: 'Alice' } }),
    '/revoke': () => ({ status: 200 }),
  };
  const server = await startServer((request) => {
    const path = request.url.split('?')[0] as string;
    const reply = op.replies[path];
    if (reply) return typeof reply === 'function' ? reply(request) : reply;
    return usual[path]?.() ?? { status: 404 };
  });
  const metadata = () => ({
    issuer: server.url,
    authorization_endpoint: `${server.url}/authorize`,
    token_endpoint: `${server.url}/token`,
    userinfo_endpoint: `${server.url}/userinfo`,
    revocation_endpoint: `${server.url}/revoke`,
    end_session_endpoint: `${server.url}/logout`,
    jwks_uri: `${server.url}/jwks`,
    id_token_signing_alg_values_supported: ['RS256'],
    ...op.metadata,
  });
  const claims = () => {
    const now = Math.floor(Date.now() / 1000);
    const usually = {
      iss: server.url,
      sub: 'alice',
      aud: 'app',
      iat: now,
      exp: now + 300,
      nonce: login.nonce,
    };
    return { ...usually, ...op.claims };
  };
  const op: Op = {
    ...server,
    key,
    metadata: {},
    replies: {},
    claims: {},
    granted: undefined,
    to: (path) => server.requests.filter(({ url }) => url.split('?')[0] === path),
    client: (options = {}) =>
      createProviderClient(
        oidc({ name: 'op', issuer: server.url, clientId: 'app', clientSecret: 'secret', ...options }),
        { timeout: 5 },
      ),
    callback: (params = {}) => ({
      ...login,
      params: new URLSearchParams({ code: 'the-code', state: login.state, ...params }),
    }),
  };
  return op;
}

/** The same server as a platform that is none of OpenID Connect, in its own dialect. */
export function platformAt({ url }: Op, dialect: Dialect): ProviderClient {
  const provider = defineProvider({
    name: 'op',
    clientId: 'app',
    endpoints: { authorization: `${url}/authorize`, token: `${url}/token`, revocation: `${url}/revoke` },
    identity: { source: 'token_answer' },
    dialect,
  });
  return createProviderClient(provider, { timeout: 5 });
}

/** The fields of a form that a server got. */
export const form = (request: Received | undefined): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(request?.body));
