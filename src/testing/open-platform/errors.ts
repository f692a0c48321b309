import { type Answer, json } from '../http.js';
import type { Complain } from '../parameters.js';
import { Refusal } from '../refusal.js';

/** An error as this provider writes it. */
export function errorAnswer({ status, code, message }: Refusal): Answer {
  return json(status, { error: code, error_description: message });
}

/** What it says to a malformed request. */
export const complain: Complain = (_, __, message) => new Refusal('invalid_request', message);
