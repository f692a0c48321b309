import { OAuthLoginError } from '../errors.js';
import { type Emit, hashLoginId } from '../events.js';
import type { LoginRecord, LoginRecords } from '../tokens/login-record.js';
import type { ProviderClient } from '../wire/client.js';

/** What ending logins needs. */
export interface LogoutDependencies {
  readonly records: LoginRecords;
  /** The client of a provider; `undefined` when the provider is no longer configured. */
  readonly client: (provider: string) => ProviderClient | undefined;
  readonly emit: Emit;
  readonly now: () => number;
}

/**
 * Ends logins: their records first, so that nobody can use them from here on, then the tokens at the provider. The
 * provider's deadline bounds the wait, and what the provider says changes nothing about the logout.
 *
 * @returns the records that were ended here, newest state first used for the provider's end-session page.
 */
export async function endLogins(deps: LogoutDependencies, ids: readonly string[]): Promise<LoginRecord[]> {
  const removed = await Promise.all(ids.map((id) => deps.records.remove(id)));
  const records = removed.filter((record) => record !== undefined);
  await Promise.all(records.map((record) => revoke(deps, record)));
  return records;
}

async function revoke({ client, emit, now }: LogoutDependencies, record: LoginRecord): Promise<void> {
  const about = { provider: record.provider, login: hashLoginId(record.id) };
  const startedAt = now();
  try {
    // A refresh answer that was not yet judged holds the tokens that are alive.
    const revoked = await client(record.provider)?.revoke({ ...record.tokens, ...record.pending });
    const outcome = revoked ? 'revoked' : 'not_revocable';
    emit({ type: 'logout.completed', ...about, outcome, duration: now() - startedAt });
  } catch (error) {
    const reason = error instanceof OAuthLoginError ? error.code : 'unknown';
    emit({ type: 'logout.revocation_failed', ...about, error: reason, duration: now() - startedAt });
    emit({ type: 'logout.completed', ...about, outcome: 'revocation_failed', duration: now() - startedAt });
  }
}

/** Where the browser goes to end the session at the provider too; `undefined` where there is no such page. */
export async function providerLogoutUrl(
  deps: LogoutDependencies,
  records: readonly LoginRecord[],
  postLogoutRedirectUri: string,
): Promise<URL | undefined> {
  for (const { provider, tokens } of records) {
    try {
      const idToken = tokens.idToken;
      const url = await deps
        .client(provider)
        ?.endSessionUrl({ postLogoutRedirectUri, ...(idToken !== undefined && { idToken }) });
      if (url) return url;
    } catch (error) {
      // The user is logged out here whether or not the provider's metadata can be read.
      if (!(error instanceof OAuthLoginError)) throw error;
    }
  }
  return undefined;
}
