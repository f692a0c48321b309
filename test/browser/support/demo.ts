import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface RunningDemo {
  readonly url: string;
  /** The line that it printed at its start. */
  readonly banner: string;
  /** Asks it to end, as a terminal or a container does. Resolves to the exit code. */
  stop(): Promise<number | null>;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs the demo as `npm run demo` does, on free ports. */
export async function runDemo(environment: Record<string, string> = {}): Promise<RunningDemo> {
  // The environment of whoever runs the tests decides nothing about the demo.
  const { REDIS_URL: _, LAB_PORT: __, HOST: ___, TOKEN_LIFETIME: ____, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'demo-app/server.ts'], {
    // There tsx finds the tsconfig.json that says where the library is.
    cwd: root,
    env: { ...inherited, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const lines = createInterface({ input: child.stdout });
  const failed = exited.then(([code]) => {
    throw new Error(`The demo ended with ${code} before it was ready:\n${complaints}`);
  });
  const [banner] = (await Promise.race([once(lines, 'line'), failed])) as [string];
  failed.catch(() => {});
  const url = /http:\/\/localhost:\d+/.exec(banner)?.[0];
  if (url === undefined) throw new Error(`The demo says something else: ${banner}`);
  return {
    url,
    banner,
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}
