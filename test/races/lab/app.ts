import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AppOptions } from './app-process.js';
import { type RedisProxy, startRedisProxy } from './redis-proxy.js';

const PROGRAM = fileURLToPath(new URL('./app-process.ts', import.meta.url));

/** A running app process, and its way to Redis. */
export interface App {
  readonly url: string;
  readonly pid: number;
  readonly redis: RedisProxy;
  readonly isAlive: boolean;
  /** `kill -9`. Nothing that it sent and Redis has not seen arrives any more. */
  kill(): void;
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export async function startApp(options: AppOptions, redisPort: () => number): Promise<App> {
  const redis = await startRedisProxy(redisPort);
  const process_ = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      NODE_ENV: 'test',
      APP_OPTIONS: JSON.stringify({ ...options, redis: `redis://127.0.0.1:${redis.faults.port}` }),
    },
  });
  const exited = once(process_, 'exit');
  // A write into the pipe of a process that was killed.
  process_.stdin.on('error', () => {});
  const port = await firstLine(process_, exited);
  const pid = process_.pid as number;
  return {
    url: `http://127.0.0.1:${port}`,
    pid,
    redis,
    get isAlive() {
      return process_.exitCode === null && process_.signalCode === null;
    },
    kill() {
      process_.kill('SIGKILL');
      redis.faults.cut();
    },
    freeze: () => void process_.kill('SIGSTOP'),
    thaw: () => void process_.kill('SIGCONT'),
    async close() {
      process_.kill('SIGKILL');
      await exited;
      await redis.faults.close();
    },
  };
}

async function firstLine(process_: ChildProcess, exited: Promise<unknown>): Promise<number> {
  const lines = createInterface({ input: process_.stdout as NodeJS.ReadableStream });
  const gone = exited.then(() => {
    throw new Error('the app process ended before it listened');
  });
  const [line] = await Promise.race([once(lines, 'line'), gone]);
  gone.catch(() => {});
  return JSON.parse(line as string).port;
}
