import { randomBytes, randomUUID } from 'node:crypto';

import { type Answer, json } from '../http.js';
import type { IssuedTokens } from '../token-book.js';
import type { LabUser, PdsSettings } from '../types.js';

const identity = [
  'domain_id',
  'user_id',
  'user_name',
  'nick_name',
  'avatar',
  'default_drive_id',
  'role',
  'status',
] as const;

/** A token answer, which tells of the user unless it is that of a refresh. */
export function tokenAnswer(tokens: IssuedTokens, settings: PdsSettings, user?: LabUser): Answer {
  return json(
    200,
    {
      access_token: tokens.accessToken,
      token_type: 'Bearer',
      ...expiry(tokens.expiresIn, settings),
      ...(tokens.refreshToken !== undefined && { refresh_token: tokens.refreshToken }),
      ...(user && {
        ...Object.fromEntries(identity.map((name) => [name, user.claims[name]])),
        is_first_login: false,
        device_id: randomUUID().replaceAll('-', ''),
        device_name: randomBytes(4).toString('hex').toUpperCase(),
      }),
    },
    { 'x-ca-request-id': randomUUID().toUpperCase() },
  );
}

function expiry(seconds: number, { expirySpelling, expiresInAsString }: PdsSettings): object {
  const period = expiresInAsString ? String(seconds) : seconds;
  const point = new Date(Date.now() + seconds * 1000).toISOString();
  const all = { expires_in: period, expire_in: period, expire_time: point, expires_time: point };
  return expirySpelling === 'all' ? all : { [expirySpelling]: all[expirySpelling] };
}
