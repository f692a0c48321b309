import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The ACL rule that docs/redis.md tells people to use, without the name and the password. */
export function aclRule(): string[] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/redis.md'), 'utf8');
  const rule = /^ACL SETUSER \S+ on >\S+ (.+)$/m.exec(page)?.[1];
  if (!rule) throw new Error('docs/redis.md has no line that begins with ACL SETUSER');
  return rule.split(' ');
}
