import { StoreUnavailableError } from '../../errors.js';

/** Why a store cannot be used, for those who must fix it. Error codes of Redis are the first word of what it says. */
export type OutageReason = 'timeout' | 'unreachable' | Lowercase<(typeof redisCodes)[number]>;

const redisCodes = [
  'NOAUTH',
  'WRONGPASS',
  'NOPERM',
  'READONLY',
  'NOREPLICAS',
  'OOM',
  'MISCONF',
  'LOADING',
  'MASTERDOWN',
  'CLUSTERDOWN',
] as const;

/** Names the reason, and repeats nothing else of what the server said. */
export function outageReason(error: unknown): OutageReason {
  if (error instanceof StoreUnavailableError && error.cause === undefined) return 'timeout';
  const cause: unknown = error instanceof StoreUnavailableError ? error.cause : error;
  const said = cause instanceof Error ? (cause.message.split(' ', 1)[0] ?? '') : '';
  const code = redisCodes.find((one) => one === said);
  return code ? (code.toLowerCase() as Lowercase<typeof code>) : 'unreachable';
}
