import {
  authorizationCodeGrant,
  buildEndSessionUrl,
  type Configuration,
  genericGrantRequest,
  refreshTokenGrant,
  type ServerMetadata,
  tokenRevocation,
} from 'openid-client';
import { type Clock, systemClock } from '../clock.js';
import {
  ConfigurationError,
  ProviderProtocolError,
  ProviderRejectedError,
  TransactionError,
} from '../errors.js';
import type { AssertionSubject, IdTokenPolicy, Provider } from '../provider.js';
import type { TokenAnswer } from './answer.js';
import { type AuthorizationRequest, authorizationUrl } from './authorization-request.js';
import { fromCallback } from './dialect.js';
import { createProofs, type ProofKey, type Proofs } from './dpop.js';
import { createProviderFetch } from './http.js';
import { type IdTokenClaims, type IdTokenExpectation, verifyIdToken } from './id-token.js';
import { createKeySet } from './jwks.js';
import { type LogoutToken, LogoutTokenError, verifyLogoutToken } from './logout-token.js';
import { createMetadata, required } from './metadata.js';
import { type SignedTokenExpectation, signingAlgs } from './signed-token.js';
import { perform, type TokenEndpointContext, tokenEndpointCall } from './token-endpoint.js';
import { callForUser } from './user-calls.js';

/** An `id_token_hint` that makes a URL longer than this is left out: servers refuse long request lines. */
const LONGEST_URL = 4000;

/** A callback, with what its transaction remembers. */
export interface CodeCallback extends Omit<AuthorizationRequest, 'params'> {
  /** The parameters as the standard names them. */
  readonly params: URLSearchParams;
  /** Seconds, when the authorization request asked for a `max_age`. */
  readonly maxAge?: number;
  /** Claims that the id_token must have, where any value will do. */
  readonly essential?: readonly ('acr' | 'auth_time')[];
}

/** One provider, as the flows see it: standard on this side, whatever its dialect on the other. */
export interface ProviderClient {
  readonly provider: Provider;
  /** Makes the proofs that go with tokens which are bound to a key. */
  readonly proofs: Proofs;
  authorizationUrl(request: AuthorizationRequest): Promise<URL>;
  /** The parameters of a callback under their standard names. */
  readCallback(params: URLSearchParams): URLSearchParams;
  /** Refuses a callback from another issuer [RFC 9207], even one that carries an error. */
  checkIssuer(params: URLSearchParams): Promise<void>;
  exchangeCode(callback: CodeCallback): Promise<{ answer: TokenAnswer; claims?: IdTokenClaims }>;
  /** New tokens. An id_token that comes along is not yet judged: see `verifyRefreshed`. */
  refresh(refreshToken: string, proofKey?: ProofKey): Promise<TokenAnswer>;
  /** @param receivedAt when the answer came, in milliseconds since the epoch; default: now. */
  verifyRefreshed(
    answer: TokenAnswer,
    previous: Readonly<Record<string, unknown>>,
    receivedAt?: number,
  ): Promise<void>;
  /** Whether an answer says that its tokens are another user's, where token answers of this provider name the user. */
  namesAnother(answer: TokenAnswer, sub: string): boolean;
  /** Tokens for a user whom the app itself has authenticated [RFC 7523]. */
  exchangeAssertion(subject: AssertionSubject): Promise<TokenAnswer>;
  /** The provider's facts about the user; `undefined` where there is no such endpoint. `raw` is the token answer. */
  userinfo(
    accessToken: string,
    raw?: TokenAnswer['raw'],
    proofKey?: ProofKey,
  ): Promise<Record<string, unknown> | undefined>;
  /** Whether there may be a way to revoke these tokens, as far as can be known without asking the provider. */
  canRevoke(tokens: { refreshToken?: string }): boolean;
  /** Whether the provider took it; `false` where the provider has no way to revoke this token. */
  revoke(tokens: { accessToken: string; refreshToken?: string }): Promise<boolean>;
  endSessionUrl(params: { postLogoutRedirectUri: string; idToken?: string }): Promise<URL | undefined>;
  /**
   * Judges a logout token [OpenID Connect Back-Channel Logout 1.0, 2.6], replay aside.
   *
   * @throws LogoutTokenError when the token is refuted.
   */
  verifyLogoutToken(token: string): Promise<LogoutToken>;
}

/** @param options.timeout seconds for one call to the provider, everything included. */
export function createProviderClient(
  provider: Provider,
  options: { timeout: number; clock?: Clock; fetch?: typeof globalThis.fetch },
): ProviderClient {
  const clock = options.clock ?? systemClock;
  const fetch = createProviderFetch(options.timeout, options.fetch);
  const metadata = createMetadata(provider, fetch, clock);
  const proofs = createProofs(clock);
  const policy = provider.idToken;
  let keySet: { url: string; keys: ReturnType<typeof createKeySet> } | undefined;

  const call = (
    server: ServerMetadata,
    own: Pick<TokenEndpointContext, 'proofKey' | 'showIdToken' | 'redirectUri'> = {},
  ) => tokenEndpointCall(provider, server, { fetch, now: () => clock.now(), proofs, ...own });

  /** Set up once, for calls that leave no answer behind. */
  let standing: { server: ServerMetadata; config: Configuration } | undefined;
  const standingConfig = (server: ServerMetadata) => {
    if (standing?.server !== server) standing = { server, config: call(server).config };
    return standing.config;
  };

  /** The keys live as long as the URL from which they come. */
  const keysAt = (url: string) => {
    if (keySet?.url !== url) keySet = { url, keys: createKeySet(url, fetch, clock) };
    return keySet.keys;
  };

  const expectation = async (idToken: IdTokenPolicy, now = clock.now()): Promise<SignedTokenExpectation> => {
    const server = await metadata();
    return {
      issuer: server.issuer,
      clientId: provider.clientId,
      policy: idToken,
      algs: signingAlgs(idToken.algs, server),
      keys: keysAt(required(server, 'jwks_uri', provider)),
      now,
    };
  };

  const verify = async (
    answer: TokenAnswer,
    expected: Pick<IdTokenExpectation, 'nonce' | 'maxAge' | 'acr' | 'essential' | 'previous'>,
    now?: number,
  ) => {
    if (!policy || answer.idToken === undefined) {
      throw new ProviderProtocolError('id_token_invalid', 'The provider gave no id_token.');
    }
    const { accessToken } = answer;
    return verifyIdToken(answer.idToken, { ...expected, ...(await expectation(policy, now)), accessToken });
  };

  return {
    provider,
    proofs,
    async authorizationUrl(request) {
      const server = await metadata();
      return authorizationUrl(provider, server, standingConfig(server), request);
    },

    readCallback: (params) => fromCallback(params, provider.dialect),

    async checkIssuer(params) {
      if (provider.endpoints.issuer === undefined) return;
      const server = await metadata();
      const issuer = params.get('iss');
      const promised = server.authorization_response_iss_parameter_supported === true;
      if (issuer === null ? promised : issuer !== server.issuer) {
        throw new TransactionError(
          'issuer_mismatch',
          'The callback does not come from the provider it is meant for.',
        );
      }
    },

    async exchangeCode({
      params,
      redirectUri,
      state,
      nonce,
      codeVerifier,
      proofKey,
      maxAge,
      acr,
      essential,
    }) {
      const server = await metadata();
      // openid-client judges the id_token as well wherever the provider promises what it insists on.
      const standard = policy?.nonce === 'required' && policy.audiences.length === 0;
      const { config, answer } = call(server, { proofKey, showIdToken: standard, redirectUri });
      const callback = new URL(redirectUri);
      for (const name of ['code', 'state', ...(provider.endpoints.issuer === undefined ? [] : ['iss'])]) {
        for (const value of params.getAll(name)) callback.searchParams.append(name, value);
      }
      await perform(() =>
        authorizationCodeGrant(config, callback, {
          expectedState: state,
          ...(provider.pkce && { pkceCodeVerifier: codeVerifier }),
          ...(standard && { expectedNonce: nonce, idTokenExpected: true }),
        }),
      );
      if (!policy) return { answer: answer() };
      const claims = await verify(answer(), {
        nonce,
        ...(maxAge !== undefined && { maxAge }),
        ...(acr && { acr }),
        ...(essential && { essential }),
      });
      return { answer: answer(), claims };
    },

    async refresh(refreshToken, proofKey) {
      const { config, answer } = call(await metadata(), { proofKey });
      await perform(() => refreshTokenGrant(config, refreshToken));
      return answer();
    },

    async verifyRefreshed(answer, previous, receivedAt) {
      await verify(answer, { previous }, receivedAt);
    },

    namesAnother({ raw }, sub) {
      const { source, subject } = provider.identity;
      if (source !== 'token_answer') return false;
      const parts = subject.length === 1 ? [sub] : sub.split(':');
      // Nobody can tell the parts of one that holds the sign between them.
      if (parts.length !== subject.length) return false;
      // A refresh answer may name the user in part, or not at all.
      const isSaid = (value: unknown) =>
        (typeof value === 'string' && value !== '') || typeof value === 'number';
      return subject.some((name, at) => isSaid(raw[name]) && String(raw[name]) !== parts[at]);
    },

    async exchangeAssertion(subject) {
      if (!provider.assertion) {
        throw new ConfigurationError(
          'invalid_option',
          `The provider '${provider.name}' takes no assertions. Log in at its login route.`,
        );
      }
      const { config, answer } = call(await metadata());
      const assertion = await provider.assertion(subject);
      await perform(() =>
        genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion }),
      );
      return answer();
    },

    async userinfo(accessToken, raw = {}, proofKey) {
      const server = await metadata();
      const { userinfo_endpoint: userinfo } = server;
      const endpoints = { ...provider.endpoints, ...(userinfo !== undefined && { userinfo }) };
      const send = proofKey ? proofs.bind(fetch, proofKey, accessToken) : fetch;
      return callForUser(provider, endpoints, send, accessToken, raw);
    },

    canRevoke({ refreshToken }) {
      const token = refreshToken !== undefined || provider.revoke === 'refresh_token';
      return token && (provider.discovery || provider.endpoints.revocation !== undefined);
    },

    async revoke({ accessToken, refreshToken }) {
      const server = await metadata();
      const token = refreshToken ?? (provider.revoke === 'refresh_token' ? accessToken : undefined);
      if (server.revocation_endpoint === undefined || token === undefined) return false;
      try {
        await perform(() =>
          tokenRevocation(standingConfig(server), token, {
            token_type_hint: refreshToken === undefined ? 'access_token' : 'refresh_token',
          }),
        );
      } catch (error) {
        // A token that the provider no longer knows is as good as revoked [RFC 7009 2.2]; some servers call it an
        // invalid request. In an outage, whatever code comes with it, the token must be assumed to exist still [2.2.1].
        const dead = /^invalid_(?:grant|token|request)$/;
        if (error instanceof ProviderRejectedError) {
          // A dialect may have a code of its own for it.
          if (error.code === 'invalid_grant' || dead.test(error.providerCode ?? '')) return true;
        }
        throw error;
      }
      return true;
    },

    async endSessionUrl({ postLogoutRedirectUri, idToken }) {
      const server = await metadata();
      if (server.end_session_endpoint === undefined) return undefined;
      const config = standingConfig(server);
      const params = { post_logout_redirect_uri: postLogoutRedirectUri };
      const url = buildEndSessionUrl(config, {
        ...params,
        ...(idToken !== undefined && { id_token_hint: idToken }),
      });
      return url.href.length <= LONGEST_URL ? url : buildEndSessionUrl(config, params);
    },

    async verifyLogoutToken(token) {
      if (!policy) throw new LogoutTokenError(`'${provider.name}' signs no tokens.`);
      return verifyLogoutToken(token, await expectation(policy));
    },
  };
}
