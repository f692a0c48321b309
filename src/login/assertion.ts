import type { AssertionSubject } from '../provider.js';
import type { ProviderClient } from '../wire/client.js';
import { identify, type NewLogin } from './login.js';

/**
 * Logs in a user whom the app itself has authenticated: the app vouches for the user by a signed assertion, and the
 * provider gives tokens for it [RFC 7523].
 *
 * @throws ConfigurationError when the provider takes no assertions, or not this one.
 */
export async function loginByAssertion(client: ProviderClient, subject: AssertionSubject): Promise<NewLogin> {
  const login = await identify(client, await client.exchangeAssertion(subject));
  return { ...login, assertion: subject };
}
