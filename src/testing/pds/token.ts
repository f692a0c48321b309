import { isSame } from '../client-secret.js';
import type { Answer, Call } from '../http.js';
import { type Parameters, readForm } from '../parameters.js';
import { checkVerifier } from '../pkce.js';
import { Refusal } from '../refusal.js';
import type { Grant, TokenBook } from '../token-book.js';
import { type Assertions, redeemAssertion } from './assertion.js';
import { nativeSecret } from './clients.js';
import { complain, invalid } from './errors.js';
import type { PdsGround } from './ground.js';
import { tokenAnswer } from './token-answer.js';
import type { Directory } from './users.js';

/** What the stand-in remembers. */
export interface Memory {
  readonly book: TokenBook;
  readonly directory: Directory;
  readonly assertions: Assertions;
}

/** The token endpoint. */
export async function token(call: Call, ground: PdsGround, memory: Memory): Promise<Answer> {
  const form = readForm(call, complain);
  const { settings } = ground;
  switch (form.required('grant_type')) {
    case 'authorization_code': {
      const grant = redeem(form, ground, memory.book);
      return tokenAnswer(memory.book.issue(grant), settings, memory.directory.user(grant.userId));
    }
    case 'refresh_token':
      return tokenAnswer(refresh(form, ground, memory.book), settings);
    case 'urn:ietf:params:oauth:grant-type:jwt-bearer': {
      const grant = await redeemAssertion(form, ground, memory);
      return tokenAnswer(memory.book.issue(grant), settings, memory.directory.user(grant.userId));
    }
    default:
      throw invalid('grant_type', 'grant_type is not one of the three');
  }
}

function redeem(form: Parameters, { clients, settings }: PdsGround, book: TokenBook): Grant {
  const known = ['grant_type', 'code', 'client_id', 'redirect_uri', 'client_secret'];
  form.only(settings.acceptPkce ? [...known, 'code_verifier'] : known);
  const clientId = form.required('client_id');
  const secret = form.optional('client_secret');
  if (clientId === clients.web.clientId) checkSecret(secret, clients.web.clientSecret);
  else if (clientId !== clients.native.clientId) throw invalid('client_id', 'unknown client_id');
  else if (secret !== undefined) throw invalid('client_secret', 'a native app cannot keep a secret');

  const code = form.required('code');
  const redirectUri = form.required('redirect_uri');
  const grant = book.grantOfCode(code);
  if (grant === undefined || grant.clientId !== clientId) {
    throw invalid('code', 'the code is unknown, expired or used');
  }
  if (grant.redirectUri !== redirectUri) {
    throw invalid('redirect_uri', 'redirect_uri is not the one of the authorization request');
  }
  checkVerifier(form.optional('code_verifier'), grant.challenge, (_, message) =>
    invalid('code_verifier', message),
  );
  book.redeem(code);
  return grant;
}

function refresh(form: Parameters, { clients }: PdsGround, book: TokenBook) {
  form.only(['grant_type', 'refresh_token', 'client_id', 'client_secret']);
  const clientId = form.required('client_id');
  const secret = form.optional('client_secret');
  if (clientId === clients.web.clientId) checkSecret(secret, clients.web.clientSecret);
  else if (clientId === clients.native.clientId) checkSecret(secret ?? nativeSecret, nativeSecret);
  else if (clientId !== clients.jwt.clientId) throw invalid('client_id', 'unknown client_id');
  else if (secret !== undefined) throw invalid('client_secret', 'this app has no secret');

  const refreshToken = form.required('refresh_token');
  // Another app's token must not be used up by trying.
  const isOwn = book.ownerOf(refreshToken)?.grant.clientId === clientId;
  if (isOwn && book.refreshTokenTimeLeft(refreshToken) === 0) {
    throw new Refusal('RefreshTokenExpired', 'the refresh token has expired');
  }
  const refreshed = isOwn ? book.refresh(refreshToken) : undefined;
  if (refreshed) return refreshed.tokens;
  throw invalid('RefreshToken', 'the refresh token is unknown or used');
}

function checkSecret(sent: string | undefined, secret: string): void {
  if (sent === undefined) throw complain('missing', 'client_secret', 'client_secret is missing');
  if (!isSame(secret, sent)) throw invalid('client_secret', 'wrong client_secret');
}
