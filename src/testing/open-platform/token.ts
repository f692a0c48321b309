import { isSame } from '../client-secret.js';
import { type Answer, type Call, json } from '../http.js';
import { type Parameters, readForm } from '../parameters.js';
import { checkVerifier } from '../pkce.js';
import { Refusal } from '../refusal.js';
import type { Grant, Refreshed, TokenBook } from '../token-book.js';
import { complain } from './errors.js';
import type { OpenPlatformGround } from './ground.js';

/** The token endpoint, which refreshes too. */
export function token(call: Call, ground: OpenPlatformGround, book: TokenBook): Answer {
  const form = readForm(call, complain);
  if (form.required('grant_type') !== 'authorization_code') return refreshWith(form, ground, book);
  const known = ['client_id', 'client_secret', 'code', 'grant_type'];
  form.only(ground.settings.acceptPkce ? [...known, 'code_verifier'] : known);
  const grant = redeem(form, ground, book);
  const tokens = book.issue(grant);
  return answer({ grant, tokens }, tokens.refreshToken ?? '', ground, book);
}

/** The refresh endpoint. */
export function refresh(call: Call, ground: OpenPlatformGround, book: TokenBook): Answer {
  return refreshWith(readForm(call, complain), ground, book);
}

function refreshWith(form: Parameters, ground: OpenPlatformGround, book: TokenBook): Answer {
  if (form.required('grant_type') !== 'refresh_token') {
    throw new Refusal('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token');
  }
  form.only(['client_id', 'client_secret', 'grant_type', 'refresh_token']);
  checkClient(form, ground);
  const refreshToken = form.required('refresh_token');
  const { refreshReturns } = ground.settings;
  const refreshed =
    refreshReturns === 'same-token'
      ? book.prolong(refreshToken)
      : book.refresh(refreshToken, refreshReturns === 'new-both');
  if (refreshed) return answer(refreshed, refreshed.tokens.refreshToken ?? refreshToken, ground, book);
  throw new Refusal('invalid_grant', 'the refresh token is unknown, expired or used');
}

function redeem(form: Parameters, ground: OpenPlatformGround, book: TokenBook): Grant {
  checkClient(form, ground);
  const code = form.required('code');
  const grant = book.grantOfCode(code);
  if (grant === undefined) throw new Refusal('invalid_grant', 'the code is unknown, expired or used');
  checkVerifier(
    form.optional('code_verifier'),
    grant.challenge,
    (flaw, message) => new Refusal(`invalid_${flaw}`, message),
  );
  book.redeem(code);
  return grant;
}

function checkClient(form: Parameters, { clients: { web } }: OpenPlatformGround): void {
  const isWeb = form.required('client_id') === web.clientId;
  if (isWeb && isSame(web.clientSecret, form.required('client_secret'))) return;
  throw new Refusal('invalid_client', 'client_id or client_secret is wrong');
}

function answer(
  { grant, tokens }: Refreshed,
  refreshToken: string,
  { settings, users }: OpenPlatformGround,
  book: TokenBook,
): Answer {
  const seconds = (count: number) => (settings.expiresInAsString ? String(count) : count);
  return json(200, {
    access_token: tokens.accessToken,
    expires_in: seconds(tokens.expiresIn),
    refresh_token: refreshToken,
    refresh_expires_in: seconds(book.refreshTokenTimeLeft(refreshToken)),
    open_id: users.find(({ id }) => id === grant.userId)?.sub,
    scope: grant.scopes.join(','),
    token_type: 'Bearer',
  });
}
