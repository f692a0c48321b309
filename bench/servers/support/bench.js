import process from 'node:process';
import { Redis } from 'ioredis';

/** What `bench/lib/server-process.ts` tells a server: its URL, Redis, the provider and its client there. */
export const settings = JSON.parse(process.env.BENCH_SERVER);

export const SECRET = 'a secret of the benchmark, of thirty-two characters and more';
/** Seconds for which a session lives, everywhere. */
export const DAY = 86_400;

/** ioredis as its documentation has it. */
export function redis(options = {}) {
  return new Redis(settings.redis, options);
}

/** Listens, and tells the benchmark on request what this process has used so far. */
export function serve(app) {
  app.listen(Number(new URL(settings.url).port), '127.0.0.1', (error) => {
    if (error) throw error;
    process.send('listening');
  });
  process.on('message', async (question) => process.send(await answers[question]()));
  process.on('disconnect', () => process.exit());
}

let inspector;

const answers = {
  /** Microseconds of CPU, user and system, of all threads, by the kernel's accounting (getrusage). */
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** Bytes of the heap that are in use, garbage aside where the process was started with --expose-gc. */
  heap() {
    for (let round = 0; round < 4; round++) globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  },
  /** Begins to take a CPU profile, ten samples a millisecond: a request takes a fraction of one. */
  async startProfile() {
    const { Session } = await import('node:inspector/promises');
    inspector = new Session();
    inspector.connect();
    await inspector.post('Profiler.enable');
    await inspector.post('Profiler.setSamplingInterval', { interval: 100 });
    await inspector.post('Profiler.start');
    return 0;
  },
  async stopProfile() {
    const { profile } = await inspector.post('Profiler.stop');
    return profile;
  },
};
