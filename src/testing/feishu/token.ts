import { isSame } from '../client-secret.js';
import { type Answer, type Call, json } from '../http.js';
import { type Parameters, readJson } from '../parameters.js';
import { checkVerifier } from '../pkce.js';
import { Refusal } from '../refusal.js';
import type { Ground } from '../stand-in.js';
import type { Refreshed, TokenBook } from '../token-book.js';
import { complain } from './errors.js';

/** The token endpoint, third version: the names of RFC 6749 in JSON, and a `code` of its own in every answer. */
export function token(call: Call, ground: Ground, book: TokenBook): Answer {
  const body = readJson(call, complain);
  switch (body.required('grant_type')) {
    case 'authorization_code':
      return answer(redeem(body, ground, book), ground, book);
    case 'refresh_token':
      return answer(refresh(body, ground, book), ground, book);
    default:
      throw new Refusal('20036', 'grant_type must be authorization_code or refresh_token');
  }
}

function redeem(body: Parameters, ground: Ground, book: TokenBook): Refreshed {
  body.only(['grant_type', 'client_id', 'client_secret', 'code', 'redirect_uri', 'code_verifier']);
  checkClient(body, ground);
  const code = body.required('code');
  if (book.codeHasExpired(code)) throw new Refusal('20004', 'the code has expired');
  const grant = book.grantOfCode(code);
  if (grant === undefined) throw new Refusal('20003', 'the code is unknown or used');
  if (body.required('redirect_uri') !== grant.redirectUri) {
    throw new Refusal('20071', 'redirect_uri is not the one of the authorization request');
  }
  checkVerifier(
    body.optional('code_verifier'),
    grant.challenge,
    (_, message) => new Refusal('20049', message),
  );
  book.redeem(code);
  return { grant, tokens: book.issue(grant) };
}

function refresh(body: Parameters, ground: Ground, book: TokenBook): Refreshed {
  body.only(['grant_type', 'client_id', 'client_secret', 'refresh_token']);
  checkClient(body, ground);
  const refreshToken = body.required('refresh_token');
  const isKnown = book.ownerOf(refreshToken)?.kind === 'refresh';
  if (isKnown && book.refreshTokenTimeLeft(refreshToken) === 0) {
    throw new Refusal('20037', 'the refresh token has expired');
  }
  const refreshed = book.refresh(refreshToken);
  if (refreshed) return refreshed;
  throw new Refusal('20026', 'the refresh token is unknown or used');
}

function checkClient(body: Parameters, { clients: { web } }: Ground): void {
  const isWeb = body.required('client_id') === web.clientId;
  if (isWeb && isSame(web.clientSecret, body.required('client_secret'))) return;
  throw new Refusal('20002', 'client_id or client_secret is wrong');
}

function answer({ grant, tokens }: Refreshed, { settings }: Ground, book: TokenBook): Answer {
  const { accessToken, expiresIn, refreshToken } = tokens;
  const seconds = (count: number) => (settings.expiresInAsString ? String(count) : count);
  return json(200, {
    code: 0,
    access_token: accessToken,
    expires_in: seconds(expiresIn),
    ...(refreshToken !== undefined && {
      refresh_token: refreshToken,
      refresh_token_expires_in: seconds(book.refreshTokenTimeLeft(refreshToken)),
    }),
    scope: grant.scopes.join(' '),
    token_type: 'Bearer',
  });
}
