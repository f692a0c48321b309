import { randomUUID } from 'node:crypto';

import { type Answer, json } from '../http.js';
import type { Complain } from '../parameters.js';
import { Refusal } from '../refusal.js';

/** An error as this provider writes it. The id of the request is in a header, whatever went wrong. */
export function errorAnswer({ status, code, message }: Refusal): Answer {
  return json(status, { code, message }, { 'x-ca-request-id': requestId() });
}

/** An error of the gateway before it, which says all it has to say in headers. */
export function gatewayError(): Answer {
  const headers = {
    'x-ca-error-message': 'Backend service is in trouble',
    'x-ca-request-id': requestId(),
    'cache-control': 'no-store',
  };
  return { status: 500, headers, body: '' };
}

/** What it says to a malformed request. */
export const complain: Complain = (flaw, name, message) =>
  new Refusal(`${flaw === 'missing' ? 'InvalidParameterMissing' : 'InvalidParameter'}.${name}`, message);

/** What it says to a parameter whose value will not do. */
export function invalid(name: string, message: string): Refusal {
  return new Refusal(`InvalidParameter.${name}`, message);
}

function requestId(): string {
  return randomUUID().toUpperCase();
}
