import { type Answer, bearerToken, type Call, invalidToken, json } from '../http.js';
import type { Ground } from '../stand-in.js';
import type { Grant, TokenBook } from '../token-book.js';
import type { LabUser } from '../types.js';
import { claimsFor } from './identity.js';

/** The userinfo endpoint. */
export function userinfo(call: Call, ground: Ground, book: TokenBook): Answer {
  return protect(call, ground, book, (user, grant) =>
    grant.scopes.includes('openid')
      ? json(200, claimsFor(user, grant.scopes))
      : json(403, { error: 'insufficient_scope', error_description: 'the token lacks the scope openid' }),
  );
}

/** The API of the lab. */
export function whoami(call: Call, ground: Ground, book: TokenBook): Answer {
  return protect(call, ground, book, (user, grant) =>
    json(200, { sub: user.sub, name: user.name, client_id: grant.clientId, scope: grant.scopes.join(' ') }),
  );
}

function protect(
  call: Call,
  { users }: Ground,
  book: TokenBook,
  answer: (user: LabUser, grant: Grant) => Answer,
): Answer {
  const grant = book.grantOfAccessToken(bearerToken(call) ?? '');
  const user = users.find(({ id }) => id === grant?.userId);
  if (grant === undefined || user === undefined) {
    return invalidToken({ error_description: 'the access token is missing, unknown or expired' });
  }
  return answer(user, grant);
}
