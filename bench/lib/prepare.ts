import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './command.js';

/** Installs the peers where they are missing. They are dependencies of bench/ alone. */
export function installPeers(): void {
  if (!existsSync(join(ROOT, 'bench/node_modules'))) run('npm', 'ci', '--prefix', 'bench');
}

/** Builds dist/, from which this library is measured. */
export function build(): void {
  run('npm', 'run', '--silent', 'build');
}

/** What both have must be one version, or the comparison is not fair. @throws Error naming what differs */
export function checkVersions(): void {
  const version = (folder: string, name: string) =>
    JSON.parse(readFileSync(join(ROOT, folder, 'node_modules', name, 'package.json'), 'utf8')).version;
  for (const name of ['express', 'express-session', 'connect-redis', 'ioredis', 'openid-client']) {
    const [ours, theirs] = [version('.', name), version('bench', name)];
    if (ours !== theirs) {
      throw new Error(
        `This library runs with ${name} ${ours}, the peers with ${theirs}: npm install --prefix bench ${name}@${ours}`,
      );
    }
  }
}
