import { type Answer, json } from '../http.js';
import type { Complain } from '../parameters.js';
import { Refusal } from '../refusal.js';

/** The numbers of this provider, and what RFC 6749 calls them. */
const names: Readonly<Record<string, string>> = {
  '20002': 'invalid_client',
  '20003': 'invalid_grant',
  '20004': 'invalid_grant',
  '20026': 'invalid_grant',
  '20036': 'unsupported_grant_type',
  '20037': 'invalid_grant',
  '20049': 'invalid_grant',
  '20050': 'server_error',
  '20063': 'invalid_request',
  '20071': 'invalid_grant',
};

/** An error as the token endpoint writes it. */
export function errorAnswer({ status, code, message }: Refusal): Answer {
  return json(status, { code: Number(code), error: names[code], error_description: message });
}

/** What it says to a malformed request. */
export const complain: Complain = (_, __, message) => new Refusal('20063', message);
