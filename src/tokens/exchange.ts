import type { Clock } from '../clock.js';
import {
  errorCodes,
  isOAuthLoginError,
  LoginRequiredError,
  OAuthLoginError,
  ProviderProtocolError,
  ProviderRejectedError,
  ProviderUnavailableError,
  StoreUnavailableError,
} from '../errors.js';
import { type Emit, hashLoginId } from '../events.js';
import { STORE_PATIENCE } from '../limits.js';
import type { AssertionSubject } from '../provider.js';
import type { BackoffStore, LockStore } from '../stores/contracts.js';
import type { TokenAnswer } from '../wire/answer.js';
import type { ProofKey } from '../wire/dpop.js';
import { canRenew, type LoginRecord, type LoginRecords, type PendingAnswer } from './login-record.js';
import { canRefresh, refreshedTokens, timeLeft } from './token-set.js';

/** What a refresh needs of a provider. */
export interface RefreshClient {
  /** @param proofKey the key to which the tokens of the login are bound, where they are. */
  refresh(refreshToken: string, proofKey?: ProofKey): Promise<TokenAnswer>;
  exchangeAssertion(subject: AssertionSubject): Promise<TokenAnswer>;
  /**
   * Judges the id_token of a refresh answer against the claims of the login.
   *
   * @param receivedAt when the answer came, in milliseconds since the epoch; now, where that is not known.
   */
  verifyRefreshed(
    answer: TokenAnswer,
    previous: Readonly<Record<string, unknown>>,
    receivedAt?: number,
  ): Promise<void>;
  namesAnother(answer: TokenAnswer, sub: string): boolean;
}

export interface RefreshDependencies {
  readonly records: LoginRecords;
  readonly locks: LockStore;
  readonly backoff: BackoffStore;
  readonly client: (provider: string) => RefreshClient;
  /** Sees to it that tokens which nobody will use are revoked, now or later. Does not throw. */
  readonly revoke: (record: LoginRecord, answer: TokenAnswer) => Promise<void>;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** Whom a refresh waits for at the moment. */
export type Phase = 'store' | 'provider' | 'another process';

/** Is told whom a refresh waits for from now on. */
export type OnPhase = (phase: Phase) => void;

/** Milliseconds between two tries to store tokens that were issued but could not be written. */
const STORE_RETRY = 100;

/** Brings new tokens; whoever calls holds the lock of this login. */
export async function refreshHoldingLock(
  deps: RefreshDependencies,
  record: LoginRecord,
  onPhase: OnPhase,
): Promise<LoginRecord> {
  const { clock, emit } = deps;
  const client = told(deps.client(record.provider), onPhase);
  const startedAt = clock.now();
  const about = { provider: record.provider, login: hashLoginId(record.id) };
  try {
    const settled = record.pending ? await acceptPending(deps, client, record, record.pending) : record;
    // An answer that a crash left behind may have expired meanwhile.
    const serves = settled !== record && timeLeft(settled.tokens, clock.now()) > 0;
    const refreshed = serves ? settled : await exchange(deps, client, settled);
    emit({ type: 'token.refreshed', ...about, duration: clock.now() - startedAt });
    return refreshed;
  } catch (error) {
    emit({ type: 'token.refresh_failed', ...about, ...errorCodes(error), duration: clock.now() - startedAt });
    throw error;
  }
}

/** A client that says when the provider is being asked. */
function told(client: RefreshClient, onPhase: OnPhase): RefreshClient {
  const asking =
    <A extends unknown[], R>(ask: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      onPhase('provider');
      try {
        return await ask(...args);
      } finally {
        onPhase('store');
      }
    };
  return {
    refresh: asking((token, proofKey) => client.refresh(token, proofKey)),
    exchangeAssertion: asking((subject) => client.exchangeAssertion(subject)),
    verifyRefreshed: asking((answer, previous, receivedAt) =>
      client.verifyRefreshed(answer, previous, receivedAt),
    ),
    namesAnother: (answer, sub) => client.namesAnother(answer, sub),
  };
}

async function exchange(
  deps: RefreshDependencies,
  client: RefreshClient,
  record: LoginRecord,
): Promise<LoginRecord> {
  const { clock } = deps;
  if (!canRenew(record, clock.now())) return end(deps, client, record);
  let received: TokenAnswer;
  try {
    received = await renew(client, record, clock.now());
  } catch (error) {
    return afterFailure(deps, client, record, error);
  }
  if (client.namesAnother(received, record.sub)) {
    const error = new ProviderProtocolError('provider_protocol', "The new tokens are another user's.");
    return endForeign(deps, client, record, received, error);
  }
  // The old refresh token may be worthless by now: what came is stored first, and judged afterwards.
  if (received.idToken !== undefined && record.claims) {
    const answer: PendingAnswer = { ...received, receivedAt: clock.now() };
    const pending = await write(deps, record, { ...record, pending: answer }, answer);
    return pending.pending ? acceptPending(deps, client, pending, pending.pending) : pending;
  }
  const { idToken: _unjudged, ...rest } = received;
  return write(deps, record, renewed(record, rest, clock.now()), received);
}

/**
 * By the refresh token where there is one, else by an assertion like the one with which the login began. If the answer
 * was lost on its way, once more at once: a provider that forgives a repeated refresh token does so for seconds only.
 */
async function renew(
  client: RefreshClient,
  { tokens, assertion, proofKey }: LoginRecord,
  now: number,
): Promise<TokenAnswer> {
  const ask = () =>
    canRefresh(tokens, now)
      ? client.refresh(tokens.refreshToken, proofKey)
      : client.exchangeAssertion(assertion as AssertionSubject);
  try {
    return await ask();
  } catch (error) {
    if (isOAuthLoginError(error) && error.outcomeUnknown) return ask();
    throw error;
  }
}

function renewed(record: LoginRecord, answer: TokenAnswer, now: number): LoginRecord {
  const { pending: _settled, ...rest } = record;
  return { ...rest, tokens: refreshedTokens(record.tokens, answer), renewedAt: now };
}

async function acceptPending(
  deps: RefreshDependencies,
  client: RefreshClient,
  record: LoginRecord,
  answer: PendingAnswer,
): Promise<LoginRecord> {
  let accepted: TokenAnswer = answer;
  try {
    await client.verifyRefreshed(answer, record.claims ?? {}, answer.receivedAt);
  } catch (error) {
    if (isOAuthLoginError(error) && error.code === 'id_token_invalid') {
      return endForeign(deps, client, record, answer, error);
    }
    // Nothing is known about the id_token alone; the access token is as good as ever.
    const { idToken: _unknown, ...rest } = answer;
    accepted = rest;
  }
  return write(deps, record, renewed(record, accepted, answer.receivedAt ?? deps.clock.now()), answer);
}

/** Tokens of another user, or forged ones: nothing of this login can be trusted any more. */
async function endForeign(
  deps: RefreshDependencies,
  client: RefreshClient,
  record: LoginRecord,
  answer: TokenAnswer,
  error: OAuthLoginError,
): Promise<LoginRecord> {
  const { provider, id } = record;
  deps.emit({ type: 'alert', provider, login: hashLoginId(id), ...errorCodes(error) });
  try {
    return await end(deps, client, record, error);
  } finally {
    await deps.revoke(record, answer);
  }
}

/** Writes by compare-and-set, through an outage of the store if need be: these tokens exist nowhere else. */
async function write(
  deps: RefreshDependencies,
  record: LoginRecord,
  next: LoginRecord,
  answer: TokenAnswer,
): Promise<LoginRecord> {
  const { records, clock } = deps;
  const giveUpAt = clock.now() + STORE_PATIENCE;
  for (;;) {
    try {
      const outcome = await records.replace(record, next);
      if (outcome === 'replaced') return { ...next, version: record.version + 1 };
      if (outcome === 'conflict') {
        // A write that timed out may have been executed: then the newer version is our own.
        const newer = await records.read(record.id);
        if (newer) return newer;
      }
      // The user logged out while the provider was answering: nobody may use these tokens.
      await deps.revoke(record, answer);
      throw ended();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || clock.now() > giveUpAt) throw error;
      await clock.sleep(STORE_RETRY);
    }
  }
}

/** Only a clear `invalid_grant` ends a login, and only if nobody was faster. */
async function afterFailure(
  deps: RefreshDependencies,
  client: RefreshClient,
  record: LoginRecord,
  error: unknown,
): Promise<LoginRecord> {
  const { backoff, clock, emit } = deps;
  if (error instanceof ProviderRejectedError && error.code === 'invalid_grant') {
    return end(deps, client, record, error);
  }
  const reason = error instanceof ProviderUnavailableError ? 'unavailable' : 'refused';
  if (reason === 'refused') {
    emit({ type: 'alert', provider: record.provider, login: hashLoginId(record.id), ...errorCodes(error) });
  }
  const attempt = ((await backoff.readBackoff(record.id))?.attempt ?? 0) + 1;
  const asked = isOAuthLoginError(error) ? Number(error.headers?.['Retry-After'] ?? 0) * 1000 : 0;
  const delay = Math.max(asked, Math.min(1000 * 2 ** (attempt - 1), 30_000) * (0.5 + Math.random() / 2));
  // The count outlives the pause, so that the next failure waits longer.
  await backoff.setBackoff(record.id, { attempt, until: clock.now() + delay, reason }, delay + 60_000);
  throw error;
}

/** Ends a login as it was read. One that somebody has renewed meanwhile goes on. */
async function end(
  deps: RefreshDependencies,
  client: RefreshClient,
  record: LoginRecord,
  cause?: unknown,
): Promise<LoginRecord> {
  const { records } = deps;
  await records.remove(record.id, record.version);
  const current = await records.read(record.id);
  if (!current || current.version === record.version) throw ended(cause);
  return current.pending ? acceptPending(deps, client, current, current.pending) : current;
}

/** The login is over, and everybody is told so. */
export function ended(cause?: unknown): LoginRequiredError {
  const providerCode = cause instanceof OAuthLoginError ? cause.providerCode : undefined;
  return new LoginRequiredError('login_ended', 'This login has ended. Log in again.', {
    cause,
    ...(providerCode !== undefined && { providerCode }),
  });
}
