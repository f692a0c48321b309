import { ProviderProtocolError } from '../errors.js';
import type { AssertionSubject } from '../provider.js';
import type { ProviderClient } from '../wire/client.js';
import { identify, type NewLogin } from './login.js';

/**
 * Logs in a user whom the app itself has authenticated: the app vouches for the user by a signed assertion, and the
 * provider gives tokens for it [RFC 7523].
 *
 * @throws ConfigurationError when the provider takes no assertions, or not this one.
 * @throws ProviderProtocolError when the tokens are for another user.
 */
export async function loginByAssertion(client: ProviderClient, subject: AssertionSubject): Promise<NewLogin> {
  const login = await identify(client, await client.exchangeAssertion(subject));
  const { identity } = client.provider;
  const named = login.user.claims[identity.subject.at(-1) ?? 'sub'];
  if (subject.subType !== 'service' && String(named) !== subject.sub) {
    throw new ProviderProtocolError(
      'provider_protocol',
      'The tokens are for another user than the assertion.',
    );
  }
  return { ...login, assertion: subject };
}
