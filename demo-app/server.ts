import { type DemoOptions, startDemo } from './start-demo.js';

/** The environment, read once. An empty value counts as none: compose files pass those on. */
function readEnvironment(env: NodeJS.ProcessEnv): DemoOptions {
  const number = (name: string, fallback: number) => {
    const value = Number(env[name] || fallback);
    if (Number.isInteger(value) && value >= 0) return value;
    throw new Error(`${name} must be a whole number, such as ${name}=${fallback || 4000}.`);
  };
  return {
    port: number('PORT', 3000),
    host: env.HOST || '127.0.0.1',
    labPort: number('LAB_PORT', 0),
    redis: env.REDIS_URL || undefined,
    tokenLifetime: number('TOKEN_LIFETIME', 30),
  };
}

try {
  const demo = await startDemo(readEnvironment(process.env));
  const stop = () => {
    // A second signal ends the process at once, as usual.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
    demo.close().catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  console.log(demo.banner);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
