import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The core of the server that is measured, and the one of everything else: load, provider, Redis. */
const SERVER_CORE = '0';
const OTHER_CORE = '1';

let pins: boolean | undefined;

/** Keeps this process, and what it starts from now on, off the core of the server that is measured. */
export function pinEverythingElse(): boolean {
  pins = availableParallelism() > 1 && run('taskset', ['-a', '-c', '-p', OTHER_CORE, String(process.pid)]);
  return pins;
}

/** How to start a server on its core, or just so where there is no `taskset`. */
export function onServerCore(command: string, args: readonly string[]): { command: string; args: string[] } {
  if (!pins) return { command, args: [...args] };
  return { command: 'taskset', args: ['-c', SERVER_CORE, command, ...args] };
}

function run(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch (error) {
    console.warn(`The server is not pinned to one core: ${(error as Error).message}`);
    return false;
  }
}
