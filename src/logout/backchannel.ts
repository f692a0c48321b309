import { hash } from 'node:crypto';
import { hashLoginId } from '../events.js';
import { LOGIN_LIFETIME } from '../limits.js';
import type { IndexedLogin, ReplayStore } from '../stores/contracts.js';
import type { ProviderClient } from '../wire/client.js';
import { type LogoutToken, LogoutTokenError } from '../wire/logout-token.js';
import { nameOfProviderSession, nameOfSubject, nameOfUser, removeRecordFromIndex } from './login-names.js';
import { type EndSessionsDependencies, releaseAll } from './revoke-sessions.js';

/** What a back-channel logout needs. */
export interface BackchannelDependencies extends EndSessionsDependencies {
  readonly replays: ReplayStore;
}

/**
 * Takes a logout token [OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.7]: ends the logins that it is about, in all
 * processes. Their tokens are not revoked at the provider: which of them outlive the session is the provider's
 * decision [2.7].
 *
 * @throws LogoutTokenError when the token is refuted, or was used before.
 * @throws ProviderUnavailableError, ProviderProtocolError when the provider's keys cannot be had.
 * @throws StoreUnavailableError. The provider may send the token again.
 */
export async function takeLogoutToken(
  deps: BackchannelDependencies,
  client: ProviderClient,
  token: string,
): Promise<void> {
  const logout = await client.verifyLogoutToken(token);
  const { issuerId, clientId } = client.provider;
  const use = hash('sha256', JSON.stringify([issuerId, clientId, logout.jti]), 'base64url');
  if (await deps.replays.isUsed(use)) throw replayed();
  const found = await findLogins(deps, client, logout);
  await releaseAll(
    deps,
    found.map(({ login }) => login),
  );
  const records = await Promise.all(found.map(({ login }) => deps.records.remove(login.id)));
  const ended = records.filter((record) => record !== undefined);
  for (const { id, provider } of ended) {
    deps.emit({ type: 'session.revoked', provider, login: hashLoginId(id), outcome: 'backchannel' });
  }
  // The index forgets a login last, and the token counts as used only then: a second try finds what the first one left.
  await Promise.allSettled([
    ...found.map(({ name, login }) => deps.index.remove(name, login.id)),
    ...ended.map((record) => removeRecordFromIndex(deps.index, issuerId, record)),
  ]);
  if (!(await deps.replays.use(use, logout.acceptedUntil - deps.clock.now()))) throw replayed();
}

/** The logins of the provider's session, or of its user, as they are found in the index. */
async function findLogins(
  { index, clock }: BackchannelDependencies,
  { provider: { name: provider, issuerId: issuer } }: ProviderClient,
  { sid, sub, issuedAt }: LogoutToken,
): Promise<{ name: string; login: IndexedLogin }[]> {
  const user = sub === undefined ? undefined : { provider, issuer, sub };
  const names =
    sid !== undefined
      ? [nameOfProviderSession(provider, issuer, sid)]
      : // The user has an id of its own where the provider's answers give it one.
        user
        ? [nameOfUser(user), nameOfSubject(user)]
        : [];
  // A session that has ended issues nothing any more. A user may log in again within the same second, and tokens have
  // no finer clock.
  const at = { here: clock.now(), provider: sid === undefined ? issuedAt - 1 : issuedAt };
  const found = await Promise.all(
    names.map(async (name) => (await index.end(name, at, LOGIN_LIFETIME)).map((login) => ({ name, login }))),
  );
  const subject = user && nameOfSubject(user);
  return found.flat().filter(({ login }) => subject === undefined || (login.subject ?? subject) === subject);
}

function replayed(): LogoutTokenError {
  return new LogoutTokenError('The logout token was used before.', { replayed: true });
}
