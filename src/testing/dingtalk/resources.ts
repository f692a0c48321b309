import { type Answer, type Call, json } from '../http.js';
import { Refusal } from '../refusal.js';
import { type Bearer, bearerOf, whoami as tell } from '../resources.js';
import type { Ground } from '../stand-in.js';
import type { TokenBook } from '../token-book.js';
import { userMembers } from './users.js';

/** Who the user is. */
export function me(call: Call, ground: Ground, book: TokenBook): Answer {
  const { user } = authenticate(call, ground, book);
  return json(200, Object.fromEntries(userMembers.map((name) => [name, user.claims[name]])));
}

/** The API of the lab. */
export function whoami(call: Call, ground: Ground, book: TokenBook): Answer {
  return tell(authenticate(call, ground, book));
}

/** The token is in a header of its own, bare. */
function authenticate(call: Call, ground: Ground, book: TokenBook): Bearer {
  const token = call.headers['x-acs-dingtalk-access-token'];
  const bearer = bearerOf(typeof token === 'string' ? token : undefined, ground, book);
  if (bearer) return bearer;
  throw new Refusal('InvalidAuthentication', 'the access token is missing, unknown or expired', 401);
}
