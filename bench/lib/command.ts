import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The project's folder, where commands run. */
export const ROOT = join(import.meta.dirname, '../..');

/** Runs a command to its end and shows what it says, on stderr: stdout is for the tables. @throws Error if it fails */
export function run(command: string, ...args: string[]): void {
  process.stderr.write(`${command} ${args.join(' ')}\n`);
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${status ?? error}`);
}
