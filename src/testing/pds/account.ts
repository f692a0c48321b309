import { type Answer, bearerToken, type Call, json } from '../http.js';
import { readJson, readJsonOfBearer } from '../parameters.js';
import { Refusal } from '../refusal.js';
import type { TokenBook } from '../token-book.js';
import { complain, invalid } from './errors.js';
import { domainId } from './ground.js';
import type { Directory } from './users.js';

/** What the API tells of the user whose token it is. */
export function getUser(call: Call, book: TokenBook, directory: Directory): Answer {
  const grant = book.grantOfAccessToken(bearerToken(call) ?? '');
  const user = grant && directory.user(grant.userId);
  if (user === undefined) {
    throw new Refusal('AccessTokenInvalid', 'the access token is missing, unknown or expired', 401);
  }
  const asked = readJsonOfBearer(call, complain);
  asked.only(['user_id', 'domain_id']);
  const { user_id: userId } = user.claims;
  const isSelf = (asked.optional('user_id') ?? userId) === userId;
  if (!isSelf || (asked.optional('domain_id') ?? domainId) !== domainId) {
    throw new Refusal('Forbidden', 'that is somebody else', 403);
  }
  const times = { created_at: 1_600_000_000_000, updated_at: 1_600_000_000_000 };
  return json(200, { ...user.claims, ...times, user_data: {}, creator: '', punishments: [] });
}

/** The sign-out of the account API: a refresh token, and with it everything that came of the same login. */
export function revoke(call: Call, book: TokenBook): Answer {
  const body = readJson(call, complain);
  body.only(['app_id', 'refresh_token']);
  const appId = body.required('app_id');
  const refreshToken = body.required('refresh_token');
  const owner = book.ownerOf(refreshToken);
  if (owner?.kind !== 'refresh' || owner.grant.clientId !== appId || !book.isUsable(refreshToken)) {
    throw invalid('RefreshToken', 'the refresh token is unknown or ended');
  }
  book.end(owner.grant);
  return { status: 204, headers: {}, body: '' };
}
