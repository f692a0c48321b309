import { randomUUID } from 'node:crypto';

import { type Answer, type Call, json } from '../http.js';
import { checkVerifier } from '../pkce.js';
import { Refusal } from '../refusal.js';
import type { Grant, IssuedTokens, TokenBook } from '../token-book.js';
import { type ClientForm, readClientForm } from './client-form.js';
import type { AliyunGround } from './ground.js';
import { signIdToken } from './id-token.js';

const tokenFields = ['grant_type', 'code', 'redirect_uri', 'code_verifier', 'refresh_token', 'Timestamp'];

/** The token endpoint. */
export async function token(call: Call, ground: AliyunGround, book: TokenBook): Promise<Answer> {
  const form = readClientForm(call, tokenFields, ground.clients);
  switch (form.required('grant_type')) {
    case 'authorization_code': {
      const grant = redeem(form, book);
      return answer(book.issue(grant), await signIdToken(grant, ground));
    }
    case 'refresh_token': {
      const { grant, tokens } = refresh(form, book);
      return answer(tokens, ground.settings.idTokenOnRefresh ? await signIdToken(grant, ground) : undefined);
    }
    default:
      throw new Refusal('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token');
  }

  function answer({ accessToken, expiresIn, refreshToken }: IssuedTokens, idToken?: string): Answer {
    return json(200, {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: ground.settings.expiresInAsString ? String(expiresIn) : expiresIn,
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      ...(idToken !== undefined && { id_token: idToken }),
    });
  }
}

/** The revocation endpoint. It takes refresh tokens, and with one goes everything that came of the same login. */
export function revoke(call: Call, ground: AliyunGround, book: TokenBook): Answer {
  const form = readClientForm(call, ['token'], ground.clients);
  const owner = book.ownerOf(form.required('token'));
  if (owner?.kind === 'access') throw new Refusal('unsupported_token_type', 'that is not a refresh token');
  // A token that is unknown, or somebody else's, is none of the client's business: RFC 7009 2.2.
  if (owner?.grant.clientId === form.client.clientId) book.end(owner.grant);
  return json(200, { requestId: randomUUID().toUpperCase() });
}

function redeem(form: ClientForm, book: TokenBook): Grant {
  const code = form.required('code');
  const redirectUri = form.required('redirect_uri');
  const grant = book.grantOfCode(code);
  if (grant === undefined || grant.clientId !== form.client.clientId) {
    throw new Refusal('invalid_grant', 'the code is unknown, expired or used');
  }
  if (grant.redirectUri !== redirectUri) {
    throw new Refusal('invalid_grant', 'redirect_uri is not the one of the authorization request');
  }
  checkVerifier(
    form.optional('code_verifier'),
    grant.challenge,
    (flaw, message) => new Refusal(`invalid_${flaw}`, message),
  );
  book.redeem(code);
  return grant;
}

function refresh(form: ClientForm, book: TokenBook): { grant: Grant; tokens: IssuedTokens } {
  const refreshToken = form.required('refresh_token');
  // Another client's token must not be used up by trying.
  const isOwn = book.ownerOf(refreshToken)?.grant.clientId === form.client.clientId;
  const refreshed = isOwn ? book.refresh(refreshToken) : undefined;
  if (refreshed) return refreshed;
  throw new Refusal('invalid_grant', 'the refresh token is unknown, expired or used');
}
