import { isSame } from '../client-secret.js';
import { type Answer, type Call, json } from '../http.js';
import { type Parameters, readForm } from '../parameters.js';
import { Refusal } from '../refusal.js';
import type { Ground } from '../stand-in.js';
import type { Grant, Refreshed, TokenBook } from '../token-book.js';
import { complain, logId } from './errors.js';

/** The token endpoint, which redeems codes. */
export function token(call: Call, ground: Ground, book: TokenBook): Answer {
  const form = readForm(call, complain);
  form.only(['client_key', 'client_secret', 'code', 'grant_type']);
  checkGrantType(form, 'authorization_code');
  const { web } = ground.clients;
  const isWeb = form.required('client_key') === web.clientId;
  if (!isSame(web.clientSecret, form.required('client_secret')) || !isWeb) {
    throw new Refusal('10013', 'client_key or client_secret is wrong');
  }
  const grant = redeem(form.required('code'), book);
  const tokens = book.issue(grant);
  const { expiresInAsString } = ground.settings;
  return answer({ grant, tokens }, tokens.refreshToken ?? '', expiresInAsString, ground, book);
}

/** The refresh endpoint: no secret, and a refresh token that gets no younger by being used. */
export function refresh(call: Call, ground: Ground, book: TokenBook): Answer {
  const form = readForm(call, complain);
  form.only(['client_key', 'grant_type', 'refresh_token']);
  checkGrantType(form, 'refresh_token');
  if (form.required('client_key') !== ground.clients.web.clientId) {
    throw new Refusal('10003', 'unknown client_key');
  }
  const refreshToken = form.required('refresh_token');
  const refreshed = book.refresh(refreshToken);
  if (refreshed === undefined) throw new Refusal('10010', 'the refresh token is unknown or expired');
  // The documents show a number in the one answer and a string in the other.
  return answer(refreshed, refreshed.tokens.refreshToken ?? refreshToken, true, ground, book);
}

function checkGrantType(form: Parameters, type: string): void {
  if (form.required('grant_type') === type) return;
  throw complain('malformed', 'grant_type', `grant_type must be ${type}`);
}

function redeem(code: string, book: TokenBook): Grant {
  const grant = book.grantOfCode(code);
  if (grant === undefined) throw new Refusal('10007', 'the code is unknown, expired or used');
  book.redeem(code);
  return grant;
}

function answer(
  { grant, tokens }: Refreshed,
  refreshToken: string,
  asString: boolean,
  { users }: Ground,
  book: TokenBook,
): Answer {
  const seconds = (count: number) => (asString ? String(count) : count);
  const data = {
    access_token: tokens.accessToken,
    captcha: '',
    desc_url: '',
    description: '',
    error_code: 0,
    expires_in: seconds(tokens.expiresIn),
    log_id: logId(),
    open_id: users.find(({ id }) => id === grant.userId)?.sub,
    refresh_expires_in: seconds(book.refreshTokenTimeLeft(refreshToken)),
    refresh_token: refreshToken,
    scope: grant.scopes.join(','),
  };
  return json(200, { data, message: 'success' });
}
