import { isSame } from '../client-secret.js';
import { type Answer, type Call, json } from '../http.js';
import { type Parameters, readJson } from '../parameters.js';
import { Refusal } from '../refusal.js';
import type { Ground } from '../stand-in.js';
import type { Refreshed, TokenBook } from '../token-book.js';
import { complain } from './errors.js';

/** The token endpoint: JSON, and names of its own. */
export function token(call: Call, ground: Ground, book: TokenBook): Answer {
  const body = readJson(call, complain);
  switch (body.required('grantType')) {
    case 'authorization_code': {
      body.only(['clientId', 'clientSecret', 'code', 'grantType']);
      checkClient(body, ground);
      const { grant, tokens } = redeem(body.required('code'), book);
      return answer({ grant, tokens }, tokens.refreshToken ?? '', ground);
    }
    case 'refresh_token': {
      body.only(['clientId', 'clientSecret', 'refreshToken', 'grantType']);
      checkClient(body, ground);
      const refreshToken = body.required('refreshToken');
      const refreshed = book.refresh(refreshToken);
      if (refreshed) return answer(refreshed, refreshed.tokens.refreshToken ?? refreshToken, ground);
      throw new Refusal('invalidParameter.refreshToken.notFound', 'the refresh token is unknown or expired');
    }
    default:
      throw complain('malformed', 'grantType', 'grantType must be authorization_code or refresh_token');
  }
}

function redeem(code: string, book: TokenBook): Refreshed {
  const grant = book.grantOfCode(code);
  if (grant === undefined) {
    throw new Refusal('invalidParameter.authCode.notFound', 'the code is unknown, expired or used');
  }
  book.redeem(code);
  return { grant, tokens: book.issue(grant) };
}

function checkClient(body: Parameters, { clients: { web } }: Ground): void {
  const isWeb = body.required('clientId') === web.clientId;
  if (isWeb && isSame(web.clientSecret, body.required('clientSecret'))) return;
  throw new Refusal('invalidClientIdOrSecret', 'clientId or clientSecret is wrong');
}

/** The company is told if the app asked for it. */
function answer({ grant, tokens }: Refreshed, refreshToken: string, { settings, users }: Ground): Answer {
  const corpId = users.find(({ id }) => id === grant.userId)?.claims.corpId;
  return json(200, {
    accessToken: tokens.accessToken,
    refreshToken,
    expireIn: settings.expiresInAsString ? String(tokens.expiresIn) : tokens.expiresIn,
    ...(grant.scopes.includes('corpid') && { corpId }),
  });
}
