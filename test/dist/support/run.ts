import { execFile, spawn } from 'node:child_process';

export interface Outcome {
  readonly code: number;
  /** Standard output and error. */
  readonly output: string;
  readonly stdout: string;
}

/** The environment of a shell, not that of a script run by npm, nor that of a test. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_local_prefix|command|execpath|node_execpath)/.test(name),
  );
  const { NODE_ENV: _, NODE_OPTIONS: __, REDIS_URL: ___, ...env } = Object.fromEntries(inherited);
  return env;
}

/** Runs a command to its end, whatever that is. */
export function run(cwd: string, command: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd, env: plainEnvironment(), maxBuffer: 64 * 1024 * 1024 };
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, output: `${stdout}${stderr}${code === 0 ? '' : `\n${error?.message}`}` });
    });
  });
}

/** @throws Error with all that the command said, if it fails. */
export async function mustRun(cwd: string, command: string, ...args: string[]): Promise<string> {
  const { code, stdout, output } = await run(cwd, command, ...args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed in ${cwd}:\n${output}`);
  return stdout;
}

/** Runs a server until `visit` is done; returns what it printed. */
export async function withServer(
  cwd: string,
  file: string,
  env: NodeJS.ProcessEnv,
  visit: () => Promise<void>,
): Promise<string> {
  const server = spawn(process.execPath, [file], { cwd, env: { ...plainEnvironment(), ...env } });
  let printed = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (text: Buffer) => {
      printed += text.toString();
    });
  }
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const tooEarly = ended.then(() => {
    throw new Error(`${file} ended by itself:\n${printed}`);
  });
  try {
    await Promise.race([visit(), tooEarly]);
  } finally {
    tooEarly.catch(() => {});
    server.kill();
    await ended;
  }
  return printed;
}
