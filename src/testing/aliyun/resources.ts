import { type Answer, bearerToken, type Call, invalidToken, json } from '../http.js';
import { type Bearer, bearerOf, whoami as tell } from '../resources.js';
import type { Ground } from '../stand-in.js';
import type { TokenBook } from '../token-book.js';
import { claimsFor } from './identity.js';

/** The userinfo endpoint. */
export function userinfo(call: Call, ground: Ground, book: TokenBook): Answer {
  return protect(call, ground, book, ({ user, grant }) =>
    grant.scopes.includes('openid')
      ? json(200, claimsFor(user, grant.scopes))
      : json(403, { error: 'insufficient_scope', error_description: 'the token lacks the scope openid' }),
  );
}

/** The API of the lab. */
export function whoami(call: Call, ground: Ground, book: TokenBook): Answer {
  return protect(call, ground, book, tell);
}

function protect(call: Call, ground: Ground, book: TokenBook, answer: (bearer: Bearer) => Answer): Answer {
  const bearer = bearerOf(bearerToken(call), ground, book);
  if (bearer) return answer(bearer);
  return invalidToken({ error_description: 'the access token is missing, unknown or expired' });
}
