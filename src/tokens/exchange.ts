import type { Clock } from '../clock.js';
import {
  isOAuthLoginError,
  LoginRequiredError,
  OAuthLoginError,
  ProviderRejectedError,
  ProviderUnavailableError,
  StoreUnavailableError,
} from '../errors.js';
import { type Emit, hashLoginId } from '../events.js';
import type { AssertionSubject } from '../provider.js';
import type { BackoffStore, LockStore } from '../stores/contracts.js';
import type { TokenAnswer } from '../wire/answer.js';
import { canRenew, type LoginRecord, type LoginRecords } from './login-record.js';
import { canRefresh, refreshedTokens, timeLeft } from './token-set.js';

/** What a refresh needs of a provider. */
export interface RefreshClient {
  refresh(refreshToken: string): Promise<TokenAnswer>;
  exchangeAssertion(subject: AssertionSubject): Promise<TokenAnswer>;
  /** Judges the id_token of a refresh answer against the claims of the login. */
  verifyRefreshed(answer: TokenAnswer, previous: Readonly<Record<string, unknown>>): Promise<void>;
  revoke(tokens: { accessToken: string; refreshToken?: string }): Promise<boolean>;
}

export interface RefreshDependencies {
  readonly records: LoginRecords;
  readonly locks: LockStore;
  readonly backoff: BackoffStore;
  readonly client: (provider: string) => RefreshClient;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Seconds for one call to the provider. The lease is 10 s longer. */
  readonly providerTimeout: number;
}

/** For how long tokens that were issued, but could not be stored, are kept trying, in milliseconds. */
const STORE_PATIENCE = 30_000;

/** Brings new tokens; whoever calls holds the lock of this login. */
export async function refreshHoldingLock(
  deps: RefreshDependencies,
  record: LoginRecord,
): Promise<LoginRecord> {
  const { clock, emit } = deps;
  const client = deps.client(record.provider);
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
    emit({ type: 'token.refresh_failed', ...about, ...describe(error), duration: clock.now() - startedAt });
    throw error;
  }
}

async function exchange(
  deps: RefreshDependencies,
  client: RefreshClient,
  record: LoginRecord,
): Promise<LoginRecord> {
  const { records, clock } = deps;
  if (!canRenew(record, clock.now())) {
    await records.remove(record.id);
    throw ended();
  }
  let answer: TokenAnswer;
  try {
    answer = await renew(client, record, clock.now());
  } catch (error) {
    return afterFailure(deps, record, error);
  }
  // The old refresh token may be worthless by now: what came is stored first, and judged afterwards.
  if (answer.idToken !== undefined && record.claims) {
    const pending = await write(deps, client, record, { ...record, pending: answer }, answer);
    return pending.pending ? acceptPending(deps, client, pending, answer) : pending;
  }
  const { idToken: _unjudged, ...rest } = answer;
  return write(deps, client, record, { ...record, tokens: refreshedTokens(record.tokens, rest) }, answer);
}

/** By the refresh token where there is one, else by an assertion like the one with which the login began. */
function renew(client: RefreshClient, { tokens, assertion }: LoginRecord, now: number): Promise<TokenAnswer> {
  if (canRefresh(tokens, now)) return client.refresh(tokens.refreshToken);
  return client.exchangeAssertion(assertion as AssertionSubject);
}

async function acceptPending(
  deps: RefreshDependencies,
  client: RefreshClient,
  record: LoginRecord,
  answer: TokenAnswer,
): Promise<LoginRecord> {
  const { pending: _pending, ...settled } = record;
  let accepted: TokenAnswer = answer;
  try {
    await client.verifyRefreshed(answer, record.claims ?? {});
  } catch (error) {
    if (isOAuthLoginError(error) && error.code === 'id_token_invalid') {
      // Tokens of another user, or forged ones: nothing of this login can be trusted any more.
      deps.emit({
        type: 'alert',
        provider: record.provider,
        login: hashLoginId(record.id),
        ...describe(error),
      });
      await deps.records.remove(record.id);
      await client.revoke(answer).catch(() => {});
      throw ended(error);
    }
    // Nothing is known about the id_token alone; the access token is as good as ever.
    const { idToken: _unknown, ...rest } = answer;
    accepted = rest;
  }
  return write(
    deps,
    client,
    record,
    { ...settled, tokens: refreshedTokens(record.tokens, accepted) },
    answer,
  );
}

/** Writes by compare-and-set, through an outage of the store if need be: these tokens exist nowhere else. */
async function write(
  deps: RefreshDependencies,
  client: RefreshClient,
  record: LoginRecord,
  next: LoginRecord,
  answer: TokenAnswer,
): Promise<LoginRecord> {
  const { records, clock } = deps;
  const giveUpAt = clock.now() + STORE_PATIENCE;
  for (;;) {
    try {
      const outcome = await records.replace(record, next);
      if (outcome === 'replaced') {
        await deps.backoff.clearBackoff(record.id).catch(() => {});
        return { ...next, version: record.version + 1 };
      }
      if (outcome === 'conflict') {
        // A write that timed out may have been executed: then the newer version is our own.
        const newer = await records.read(record.id);
        if (newer) return newer;
      }
      // The user logged out while the provider was answering: nobody may use these tokens.
      await client.revoke(answer).catch((error: unknown) => {
        const about = { provider: record.provider, login: hashLoginId(record.id) };
        deps.emit({ type: 'logout.revocation_failed', ...about, ...describe(error) });
      });
      throw ended();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || clock.now() > giveUpAt) throw error;
      await clock.sleep(250);
    }
  }
}

/** Only a clear `invalid_grant` ends a login, and only if nobody was faster. */
async function afterFailure(
  deps: RefreshDependencies,
  record: LoginRecord,
  error: unknown,
): Promise<LoginRecord> {
  const { records, backoff, clock, emit } = deps;
  if (error instanceof ProviderRejectedError && error.code === 'invalid_grant') {
    const current = await records.read(record.id);
    if (current && current.version > record.version) return current;
    await records.remove(record.id);
    throw ended(error);
  }
  const reason = error instanceof ProviderUnavailableError ? 'unavailable' : 'refused';
  if (reason === 'refused') {
    emit({ type: 'alert', provider: record.provider, login: hashLoginId(record.id), ...describe(error) });
  }
  const attempt = ((await backoff.readBackoff(record.id))?.attempt ?? 0) + 1;
  const asked = isOAuthLoginError(error) ? Number(error.headers?.['Retry-After'] ?? 0) * 1000 : 0;
  const delay = Math.max(asked, Math.min(1000 * 2 ** (attempt - 1), 30_000) * (0.5 + Math.random() / 2));
  // The count outlives the pause, so that the next failure waits longer.
  await backoff.setBackoff(record.id, { attempt, until: clock.now() + delay, reason }, delay + 60_000);
  throw error;
}

/** The login is over, and everybody is told so. */
export function ended(cause?: unknown): LoginRequiredError {
  const providerCode = cause instanceof OAuthLoginError ? cause.providerCode : undefined;
  return new LoginRequiredError('login_ended', 'This login has ended. Log in again.', {
    cause,
    ...(providerCode !== undefined && { providerCode }),
  });
}

/** What an event may say about an error: codes, no text. */
function describe(error: unknown): { error: string; providerError?: string } {
  if (!(error instanceof OAuthLoginError)) return { error: 'unknown' };
  return {
    error: error.code,
    ...(error.providerCode !== undefined && { providerError: error.providerCode }),
  };
}
