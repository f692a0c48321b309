import { randomBytes } from 'node:crypto';

import { type Answer, json } from '../http.js';
import type { Complain } from '../parameters.js';
import { Refusal } from '../refusal.js';

/** An error as the token endpoints write it: HTTP 200, and the truth in the envelope. */
export function errorAnswer({ code, message }: Refusal): Answer {
  const data = { error_code: Number(code), description: message, captcha: '', desc_url: '', log_id: logId() };
  return json(200, { data, message: 'error' });
}

/** An error as the API writes it, with HTTP 200 too. */
export function apiError({ code, message }: Refusal): Answer {
  const data = { error_code: Number(code), description: message };
  return json(200, { data, err_no: Number(code), err_msg: message, log_id: logId() });
}

/** What it says to a malformed request. */
export const complain: Complain = (flaw, _, message) =>
  new Refusal(flaw === 'missing' ? '10005' : '10002', message);

/** What every answer carries to be found by. */
export function logId(): string {
  return `20250101000000${randomBytes(9).toString('hex').toUpperCase()}`;
}
