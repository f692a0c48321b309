import { type OAuthLoginError, StoreUnavailableError } from '../errors.js';
import { outageReason } from '../stores/redis/outage.js';

/**
 * What a log says of an error; `undefined` where there is nothing to mend. Those of 5xx, and vetoes that look like an
 * accident: `onLogin` has thrown something, but hardly in order to refuse a user.
 */
export function logText(error: OAuthLoginError): string | undefined {
  if (error.status >= 500) return `${error.stack}${notes(error)}`;
  if (error.code !== 'login_vetoed' || !isAccident(error.cause)) return undefined;
  // The app's own error, which Express would have printed whole.
  return `onLogin failed, and refused the user by that (login_vetoed): ${(error.cause as Error).stack}`;
}

/** Names what lies beneath, but repeats none of it: the message of a foreign error may hold what a provider sent. */
function notes(error: OAuthLoginError): string {
  const lines: string[] = [];
  if (error.providerCode !== undefined) lines.push(`provider's code: ${error.providerCode}`);
  if (error instanceof StoreUnavailableError) lines.push(`Redis: ${outageReason(error)}`);
  let { cause } = error;
  for (let depth = 0; cause instanceof Error && depth < 5; depth += 1) {
    lines.push(`caused by ${[cause.name, codeOf(cause)].filter((word) => word !== '').join(' ')}`);
    cause = cause.cause as Error;
  }
  return lines.map((line) => `\n  ${line}`).join('');
}

/** The code of an error of Node, or a message that is a code and nothing else. */
function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,63}$/.test(code)) return code;
  return /^[A-Z]{2,}_[A-Z0-9_]{1,63}$/.test(error.message) ? error.message : '';
}

/** A mistake in the code, or a service that failed: those have a name of the language's own, or a `code`. */
function isAccident(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const { code } = cause as { code?: unknown };
  return (
    /^(?:Aggregate|Range|Reference|Syntax|Type|URI)Error$/.test(cause.name) ||
    typeof code === 'string' ||
    typeof code === 'number'
  );
}
