import { ConfigurationError, ProviderProtocolError, TransactionError } from '../errors.js';
import { type AssertionSubject, reservedParam } from '../provider.js';
import { issuedTokens, type TokenSet } from '../tokens/token-set.js';
import type { TokenAnswer } from '../wire/answer.js';
import type { ProviderClient } from '../wire/client.js';
import { createProofKey, type ProofKey } from '../wire/dpop.js';
import { callbackError, needsInteraction, readState } from './callback.js';
import { readRequirements } from './requirements.js';
import { randomToken, type Transactions } from './transaction.js';
import { buildUser, lacksPromisedClaims, type User } from './user.js';

/** What one login is to be like. */
export interface LoginRequest {
  /** The secret of the browser to which the login is bound. */
  readonly browser: string;
  readonly redirectUri: string;
  /** Already decided to be a path of this app. */
  readonly returnTo: string;
  /** Further parameters of the authorization request. */
  readonly params?: Readonly<Record<string, string>>;
}

/**
 * Opens a transaction and says where to send the browser.
 *
 * @throws ConfigurationError when `params` names a parameter that is ours.
 */
export async function startLogin(
  client: ProviderClient,
  transactions: Transactions,
  { browser, redirectUri, returnTo, params = {} }: LoginRequest,
): Promise<URL> {
  const { name, dialect } = client.provider;
  const reserved = reservedParam(Object.keys(params), dialect);
  if (reserved !== undefined) {
    throw new ConfigurationError(
      'invalid_option',
      `The parameter '${reserved}' is set by the library. Remove it.`,
    );
  }
  const asked: Readonly<Record<string, string>> = { ...client.provider.authorizationParams, ...params };
  const requirements = readRequirements(asked);
  const proofKey = client.provider.dpop ? createProofKey() : undefined;
  const nonce = randomToken();
  const codeVerifier = randomToken();
  const state = await transactions.open(browser, {
    provider: name,
    redirectUri,
    nonce,
    codeVerifier,
    returnTo,
    ...requirements,
    ...(proofKey && { proofKey }),
    ...(asked.prompt === 'none' && { silent: true }),
  });
  const { acr } = requirements;
  try {
    return await client.authorizationUrl({
      redirectUri,
      state,
      nonce,
      codeVerifier,
      params,
      ...(proofKey && { proofKey }),
      ...(acr && { acr }),
    });
  } catch (error) {
    // Nobody will ever come back with a state that went nowhere.
    await transactions.consume(browser, state).catch(() => {});
    throw error;
  }
}

/** How a callback ended. */
export type LoginOutcome =
  | {
      readonly kind: 'completed';
      readonly returnTo: string;
      readonly state: string;
      readonly login: NewLogin;
    }
  /** The provider would have had to ask the user, and was told not to. */
  | { readonly kind: 'not-logged-in'; readonly returnTo: string }
  /** No open transaction of this browser: it was used already, has expired, or never existed. */
  | { readonly kind: 'stale'; readonly returnTo?: string };

/** What the provider gave. */
export interface NewLogin {
  readonly user: User;
  readonly tokens: TokenSet;
  /** The private key to which the tokens are bound [RFC 9449], where they are. */
  readonly proofKey?: ProofKey;
  /** The claims of the id_token that a later one may not contradict. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** When the provider made the id_token, by its own clock, in milliseconds since the epoch. */
  readonly issuedAt?: number;
  /** Whom the assertion was about, when the app itself vouched for the user. */
  readonly assertion?: AssertionSubject;
}

/**
 * Takes a callback: consumes its transaction whatever comes of it, and asks the provider only if all is well.
 *
 * @param params the parameters as they came, before the dialect.
 * @throws TransactionError, AuthorizationDeniedError, ProviderRejectedError, ProviderProtocolError,
 *   ProviderUnavailableError, StoreUnavailableError
 */
export async function finishLogin(
  client: ProviderClient,
  transactions: Transactions,
  browser: string | undefined,
  params: URLSearchParams,
): Promise<LoginOutcome> {
  const callback = client.readCallback(params);
  const state = readState(callback);
  if (browser === undefined) return { kind: 'stale' };
  const transaction = await transactions.consume(browser, state);
  if (!transaction) {
    const returnTo = await transactions.completed(browser, state);
    return { kind: 'stale', ...(returnTo !== undefined && { returnTo }) };
  }
  const { returnTo } = transaction;
  if (transaction.provider !== client.provider.name) {
    throw new TransactionError('provider_mismatch', 'The callback is for a login at another provider.');
  }
  await client.checkIssuer(callback);
  const error = callback.get('error');
  if (error !== null) {
    if (transaction.silent && needsInteraction(error)) return { kind: 'not-logged-in', returnTo };
    throw callbackError(error, client.provider.dialect.error?.map);
  }
  const { answer, claims } = await client.exchangeCode({ ...transaction, params: callback, state });
  const login = await identify(client, answer, claims, transaction.proofKey);
  return { kind: 'completed', returnTo, state, login };
}

/** Finds out who the user is to whom tokens were issued. */
export async function identify(
  client: ProviderClient,
  answer: TokenAnswer,
  claims?: Readonly<Record<string, unknown>>,
  proofKey?: ProofKey,
): Promise<NewLogin> {
  const tokens = issuedTokens(answer, client.provider.scope);
  const facts = await collectFacts(client, tokens, claims, proofKey);
  const user = buildUser(client.provider, withoutTokens(facts, tokens));
  const { iat } = claims ?? {};
  return {
    user,
    tokens,
    ...(proofKey && { proofKey }),
    ...(claims && { claims: lasting(claims) }),
    ...(typeof iat === 'number' && { issuedAt: iat * 1000 }),
  };
}

/** What the provider says about the user, from wherever this provider says it. */
async function collectFacts(
  client: ProviderClient,
  tokens: TokenSet,
  claims: Readonly<Record<string, unknown>> = {},
  proofKey?: ProofKey,
): Promise<Record<string, unknown>> {
  const { source, userinfo } = client.provider.identity;
  const ask = () => client.userinfo(tokens.accessToken, tokens.raw, proofKey);
  if (source === 'token_answer') {
    const further = (userinfo === 'always' && (await ask())) || {};
    const differs = (name: string) =>
      further[name] !== undefined && String(further[name]) !== String(tokens.raw[name]);
    if (client.provider.identity.subject.some(differs)) throw aboutAnother();
    return { ...further, ...aboutUserIn(tokens.raw) };
  }
  const wanted = userinfo === 'always' || (userinfo === 'auto' && lacksPromisedClaims(claims, tokens.scope));
  if (source === 'id_token' && !wanted) return { ...claims };
  const further = await ask();
  const signed = claims.sub !== undefined;
  const names = source === 'id_token' || further?.sub !== undefined;
  if (signed && further !== undefined && names && further.sub !== claims.sub) {
    throw aboutAnother();
  }
  // What is signed counts: userinfo adds claims, and overrides none. It has no say in how the user logged in.
  const { acr: _acr, amr: _amr, auth_time: _authTime, ...aboutUser }: Record<string, unknown> = further ?? {};
  if (!signed) return { ...further, ...claims };
  // Nor whether an address that is signed was verified, if it means another one.
  for (const [name, verified] of verifiable) {
    if (claims[name] !== undefined && claims[name] !== aboutUser[name]) delete aboutUser[verified];
  }
  return { ...aboutUser, ...claims };
}

/** Claims, and those that say whether they were verified [OpenID Connect Core 5.1]. */
const verifiable = [
  ['email', 'email_verified'],
  ['phone_number', 'phone_number_verified'],
] as const;

function aboutAnother(): ProviderProtocolError {
  return new ProviderProtocolError('provider_protocol', 'The userinfo answer is about another user.');
}

/** Members of a token answer that say nothing about the user. */
const aboutTokens =
  /^(?:(?:access|refresh|id)_?token|token_?type|(?:refresh_(?:token_)?)?expires?_?(?:in|at|time)|scope|state)$/i;

function aboutUserIn(answer: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => !aboutTokens.test(name)));
}

/** Facts go into the session, and to the browser: no token may, however a provider comes to repeat one. */
function withoutTokens(
  facts: Readonly<Record<string, unknown>>,
  { accessToken, refreshToken, idToken }: TokenSet,
): Readonly<Record<string, unknown>> {
  const secrets = [accessToken, refreshToken, idToken]
    .filter((secret) => secret !== undefined)
    .map((secret) => JSON.stringify(secret).slice(1, -1));
  const holdToken = (some: Readonly<Record<string, unknown>>) => {
    const text = JSON.stringify(some);
    return /"\w*token":/i.test(text) || secrets.some((secret) => text.includes(secret));
  };
  // Most facts hold none, and one look at them all costs less than one at each.
  if (!holdToken(facts)) return facts;
  return Object.fromEntries(Object.entries(facts).filter(([name, fact]) => !holdToken({ [name]: fact })));
}

/** The claims that no later id_token may contradict [OpenID Connect Core 12.2], and the provider's session. */
function lasting(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = ['iss', 'sub', 'auth_time', 'nonce', 'azp', 'sid'];
  return Object.fromEntries(Object.entries(claims).filter(([name]) => kept.includes(name)));
}
