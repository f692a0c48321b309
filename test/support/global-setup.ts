// Jest loads this file without the mapping of `.js` names, so it imports none of ours.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const HOW_TO_GET_REDIS =
  'The tests need redis-server 6.2 or later in PATH (Debian: apt-get install redis-server; macOS: brew install redis), or the URL of a running one in REDIS_URL.';

export function hasRedisServer(): boolean {
  const folders = (process.env.PATH ?? '').split(':');
  return folders.some((folder) => folder !== '' && existsSync(join(folder, 'redis-server')));
}

/**
 * Jest's globalSetup: once per run, before the workers start. Installs Redis where that is a matter of course
 * (Debian, as root), and says elsewhere what is missing.
 */
export default function ensureRedisServer(): void {
  if (process.env.REDIS_URL || hasRedisServer()) return;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) throw new Error(HOW_TO_GET_REDIS);
  for (const args of [['update'], ['install', '-y', 'redis-server']]) {
    execFileSync('apt-get', ['-qq', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}
