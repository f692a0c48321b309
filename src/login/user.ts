import { AuthorizationDeniedError, ProviderProtocolError } from '../errors.js';
import type { Provider } from '../provider.js';

/** Who logged in. */
export interface User {
  /** The name of the provider that says so. `sub` means nothing without it. */
  provider: string;
  /** The provider's stable id of the user: the one thing to find an account by. */
  sub: string;
  /** For display. No proof of anything. */
  name?: string;
  /** For display. Look at the provider's `email_verified` before you take it for more. */
  email?: string;
  /** For display: a URL that the provider gave. */
  picture?: string;
  /** What the provider said, in the provider's spelling. */
  claims: Record<string, unknown>;
}

/** Claims about the id_token rather than about the user. */
const protocolClaims = new Set([
  'aud',
  'azp',
  'exp',
  'iat',
  'nbf',
  'jti',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
]);

/** Which standard claims a scope promises [OpenID Connect Core 5.4]. */
const promised: Readonly<Record<string, readonly string[]>> = {
  profile: ['name', 'family_name', 'given_name', 'nickname', 'preferred_username', 'picture', 'profile'],
  email: ['email'],
  address: ['address'],
  phone: ['phone_number'],
};

/** Whether a scope that was granted promises claims that are not there. */
export function lacksPromisedClaims(
  claims: Readonly<Record<string, unknown>>,
  scope: readonly string[],
): boolean {
  return scope.some((one) => {
    const names = Object.hasOwn(promised, one) ? promised[one] : undefined;
    return names !== undefined && !names.some((name) => claims[name] !== undefined);
  });
}

/**
 * Makes a user of what the provider said.
 *
 * @throws ProviderProtocolError without a subject: nothing else may stand in for one.
 * @throws AuthorizationDeniedError when the provider's policy refuses this user.
 */
export function buildUser(provider: Provider, facts: Readonly<Record<string, unknown>>): User {
  const { identity } = provider;
  const claims = Object.fromEntries(Object.entries(facts).filter(([name]) => !protocolClaims.has(name)));
  const parts = identity.subject.map((name) => facts[name]);
  if (!parts.every((part) => (typeof part === 'string' && part !== '') || Number.isSafeInteger(part))) {
    throw new ProviderProtocolError(
      'provider_protocol',
      `The provider did not say who the user is: it gave no usable ${identity.subject.join(' and ')}.`,
    );
  }
  const sub = parts.join(':');
  if (!/^[\x20-\x7e]{1,255}$/.test(sub)) {
    throw new ProviderProtocolError(
      'provider_protocol',
      "The provider's user id is not a valid subject: 1 to 255 printable ASCII characters.",
    );
  }
  const reason = identity.refuse?.(claims);
  if (reason !== undefined) {
    throw new AuthorizationDeniedError('user_not_allowed', 'This user may not log in here.', {
      providerCode: reason,
    });
  }
  const text = (names: readonly string[]) => names.map((name) => facts[name]).find(isText);
  const [name, email, picture] = [text(identity.name), text(identity.email), text(identity.picture)];
  return {
    provider: provider.name,
    sub,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(picture !== undefined && { picture }),
    claims,
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
