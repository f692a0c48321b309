/** What a command of this library is about. ARCHITECTURE.md has the keys. */
export type CommandKind =
  | 'acquire lock'
  | 'extend lock'
  | 'release lock'
  | 'read record'
  | 'replace record'
  | 'remove record'
  | 'read backoff'
  | 'set backoff'
  | 'read session'
  | 'save session'
  | 'swap session'
  | 'other';

const RECORD = /^oauth:login:\{[^}]+\}$/;
const LOCK = /^oauth:login:\{[^}]+\}:lock$/;
const BACKOFF = /^oauth:login:\{[^}]+\}:backoff$/;
const SESSION = /^sess:/;

/** Tells commands apart by their keys and by how many arguments they have: scripts go by a hash that says nothing. */
export function kindOf(words: readonly string[]): CommandKind {
  const [name = '', first = '', second] = words;
  switch (name.toLowerCase()) {
    case 'get':
    case 'getbuffer':
      if (RECORD.test(first)) return 'read record';
      return BACKOFF.test(first) ? 'read backoff' : 'other';
    case 'getex':
      return SESSION.test(first) ? 'read session' : 'other';
    case 'set':
      return BACKOFF.test(first) ? 'set backoff' : 'other';
    case 'eval':
    case 'evalsha':
      return scriptKind(Number(second), words.slice(3));
    default:
      return 'other';
  }
}

function scriptKind(numberOfKeys: number, words: readonly string[]): CommandKind {
  const key = words[0] ?? '';
  const values = words.length - numberOfKeys;
  if (LOCK.test(key)) {
    if (numberOfKeys === 2) return 'extend lock';
    return values === 1 ? 'release lock' : 'acquire lock';
  }
  if (RECORD.test(key)) return values >= 3 ? 'replace record' : 'remove record';
  if (SESSION.test(key)) return values === 3 ? 'save session' : 'swap session';
  return 'other';
}
