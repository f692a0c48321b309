import { type Answer, type Call, json, mediaType } from '../http.js';
import { readForm, readJson } from '../parameters.js';
import { Refusal } from '../refusal.js';
import { bearerOf, whoami as tell } from '../resources.js';
import type { Ground } from '../stand-in.js';
import type { TokenBook } from '../token-book.js';
import { complain, logId } from './errors.js';

const invalidToken = () => new Refusal('28001003', 'the access token is missing, unknown or expired');

/**
 * Who the user is. It wants the token and the `open_id` that came with it, both in the body; the documents call that JSON
 * and show a form, so either will do.
 */
export function userinfo(call: Call, ground: Ground, book: TokenBook): Answer {
  const isForm = mediaType(call.headers) === 'application/x-www-form-urlencoded';
  const body = isForm ? readForm(call, complain) : readJson(call, complain);
  body.only(['access_token', 'open_id']);
  const openId = body.required('open_id');
  const bearer = bearerOf(body.required('access_token'), ground, book);
  if (bearer === undefined) throw invalidToken();
  const { user, grant } = bearer;
  if (user.sub !== openId) throw new Refusal('28001007', 'open_id is not the one of the access token');
  const data = {
    ...user.claims,
    client_key: grant.clientId,
    error_code: '0',
    description: '',
    log_id: logId(),
  };
  return json(200, { data, err_no: 0, err_msg: '', log_id: logId() });
}

/** The API of the lab, with the token in the header that most APIs of this provider want. */
export function whoami(call: Call, ground: Ground, book: TokenBook): Answer {
  const token = call.headers['access-token'];
  const bearer = bearerOf(typeof token === 'string' ? token : undefined, ground, book);
  if (bearer === undefined) throw invalidToken();
  return tell(bearer);
}
