import { type Answer, type Call, json } from '../http.js';
import { type Bearer, bearerOf, whoami as tell } from '../resources.js';
import type { TokenBook } from '../token-book.js';
import type { WelinkGround } from './ground.js';

/** Who has logged in: the user id, and nothing else. */
export function userId(call: Call, ground: WelinkGround, book: TokenBook): Answer {
  return protect(call, ground, book, ({ user }) =>
    json(200, { code: '0', message: 'ok', userId: user.claims.userId }),
  );
}

/** Whether that user is an admin. */
export function isAdmin(call: Call, ground: WelinkGround, book: TokenBook): Answer {
  return protect(call, ground, book, ({ user }) => {
    if (user.claims.isAdmin !== true) return json(200, { code: '58003', message: 'not an administrator' });
    const { adminSpelling, adminAsString } = ground.settings;
    const member = { [adminSpelling]: adminAsString ? 'true' : true };
    return json(200, { code: '0', message: '成功', ...member, roles: user.claims.roles });
  });
}

/** The API of the lab. */
export function whoami(call: Call, ground: WelinkGround, book: TokenBook): Answer {
  return protect(call, ground, book, tell);
}

/** The token is in a header of its own, bare: with `Bearer ` before it, it is no token. */
function protect(
  call: Call,
  ground: WelinkGround,
  book: TokenBook,
  answer: (bearer: Bearer) => Answer,
): Answer {
  const token = call.headers['x-wlk-authorization'];
  const bearer = bearerOf(typeof token === 'string' ? token : undefined, ground, book);
  if (bearer) return answer(bearer);
  return json(401, { code: '41500', message: 'the access token is missing, unknown or expired' });
}
