import { type Answer, json } from './http.js';
import type { Ground } from './stand-in.js';
import type { Grant, TokenBook } from './token-book.js';
import type { LabUser } from './types.js';

/** Whom a good access token speaks for. */
export interface Bearer {
  readonly user: LabUser;
  readonly grant: Grant;
}

/** Whom this access token speaks for; nobody if it is missing, unknown or expired. */
export function bearerOf(
  token: string | undefined,
  { users }: Pick<Ground, 'users'>,
  book: TokenBook,
): Bearer | undefined {
  const grant = book.grantOfAccessToken(token ?? '');
  const user = users.find(({ id }) => id === grant?.userId);
  return grant && user && { user, grant };
}

/** What the lab's own API tells of the user. */
export function whoami({ user, grant }: Bearer): Answer {
  return json(200, {
    sub: user.sub,
    name: user.name,
    client_id: grant.clientId,
    scope: grant.scopes.join(' '),
  });
}
