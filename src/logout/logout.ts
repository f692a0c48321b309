import type { Clock } from '../clock.js';
import { OAuthLoginError, StoreUnavailableError } from '../errors.js';
import { type Emit, hashLoginId } from '../events.js';
import { STORE_PATIENCE } from '../limits.js';
import type { LoginIndex } from '../stores/contracts.js';
import type { LoginRecord, LoginRecords } from '../tokens/login-record.js';
import type { ProviderClient } from '../wire/client.js';
import { type KnownLogin, removeFromIndex } from './login-names.js';
import type { Revocations } from './revocations.js';

/** What ending logins needs. */
export interface LogoutDependencies {
  readonly records: LoginRecords;
  readonly revocations: Revocations;
  readonly emit: Emit;
  readonly clock: Clock;
}

/** Milliseconds between two tries of what the store could not do. */
const STORE_RETRY = 1000;

/** A login to be ended. */
export interface EndingLogin {
  readonly id: string;
  /** Of the router that knows its provider: another has neither its keys nor its client. */
  readonly deps: LogoutDependencies;
  /** Makes others forget the login once its record is gone, be it later than at once. Best effort. */
  readonly forget?: () => Promise<unknown>;
}

/**
 * Ends logins: their records first, so that nobody can use them from here on, then the tokens at the provider. The
 * provider's deadline bounds the wait, and whatever the provider answers, the logins have ended.
 *
 * @returns the records that were ended here.
 * @throws StoreUnavailableError when the store fails; what could not be ended now is ended as soon as the store is back.
 */
export async function endLogins(logins: readonly EndingLogin[]): Promise<LoginRecord[]> {
  const ended = await Promise.allSettled(logins.map(endLogin));
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  return ended.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : []));
}

async function endLogin({ id, deps, forget }: EndingLogin): Promise<LoginRecord | undefined> {
  const end = async () => {
    const record = await deps.records.remove(id);
    await Promise.all([record && revoke(deps, record), forget?.()]);
    return record;
  };
  return end().catch((error: unknown) => {
    // The session that knew this login may be gone: nobody else would come back to it.
    if (error instanceof StoreUnavailableError) void whenStoreIsBack(deps.clock, end);
    throw error;
  });
}

/** Ends logins here alone: their tokens live on at the provider. */
export async function endWithoutRevocation(
  stores: { readonly records: { remove(id: string): Promise<unknown> }; readonly index: LoginIndex },
  logins: readonly (readonly [provider: string, login: KnownLogin])[],
): Promise<void> {
  await Promise.all(logins.map(([, { id }]) => stores.records.remove(id)));
  await Promise.all(logins.map(([provider, login]) => removeFromIndex(stores.index, provider, login)));
}

/** Does what a store that failed could not, as soon as it is back. Whoever asked for it has been answered by then. */
export async function whenStoreIsBack(clock: Clock, work: () => Promise<unknown>): Promise<void> {
  for (const giveUpAt = clock.now() + STORE_PATIENCE; clock.now() < giveUpAt; ) {
    await clock.sleep(STORE_RETRY);
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) return;
    }
  }
}

async function revoke({ revocations, emit, clock }: LogoutDependencies, record: LoginRecord): Promise<void> {
  const startedAt = clock.now();
  const outcome = await revocations.revoke(record);
  const about = { provider: record.provider, login: hashLoginId(record.id) };
  emit({ type: 'logout.completed', ...about, outcome, duration: clock.now() - startedAt });
}

/**
 * Where the browser goes to end the session at the provider too; `undefined` where there is no such page.
 *
 * @param client the client of a provider; `undefined` when the provider is no longer configured.
 */
export async function providerLogoutUrl(
  client: (provider: string) => ProviderClient | undefined,
  records: readonly LoginRecord[],
  postLogoutRedirectUri: string,
): Promise<URL | undefined> {
  for (const { provider, tokens } of records) {
    try {
      const idToken = tokens.idToken;
      const url = await client(provider)?.endSessionUrl({
        postLogoutRedirectUri,
        ...(idToken !== undefined && { idToken }),
      });
      if (url) return url;
    } catch (error) {
      // The user is logged out here whether or not the provider's metadata can be read.
      if (!(error instanceof OAuthLoginError)) throw error;
    }
  }
  return undefined;
}
