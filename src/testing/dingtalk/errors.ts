import { randomUUID } from 'node:crypto';

import { type Answer, json } from '../http.js';
import type { Complain } from '../parameters.js';
import { Refusal } from '../refusal.js';

/** An error as this provider writes it. */
export function errorAnswer({ status, code, message }: Refusal): Answer {
  return json(status, { code, message, requestid: randomUUID().toUpperCase() });
}

/** What it says to a malformed request. */
export const complain: Complain = (flaw, name, message) =>
  new Refusal(flaw === 'missing' ? `Missing${name}` : `invalidParameter.${name}`, message);
