import { type Answer, json } from '../http.js';
import type { Complain } from '../parameters.js';
import { Refusal } from '../refusal.js';

/** An error as the token endpoint writes it: all codes are strings. */
export function errorAnswer({ status, code, message }: Refusal): Answer {
  return json(status, { code, message });
}

/** What it says to a parameter that no other code is about. */
export const complain: Complain = (_, __, message) => new Refusal('60009', message);

/** How many characters a parameter may have, and the code that says so. */
export function checkLength(name: string, value: string | undefined, most: number, code: string): void {
  if (value !== undefined && value.length > most) {
    throw new Refusal(code, `${name} has more than ${most} characters`);
  }
}
