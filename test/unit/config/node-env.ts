/** Runs something under a NODE_ENV, and puts the old one back. */
function under<T>(value: string | undefined, run: () => T): T {
  const before = process.env.NODE_ENV;
  const set = (env: string | undefined) => {
    if (env === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = env;
  };
  set(value);
  try {
    return run();
  } finally {
    set(before);
  }
}

export const inProduction = <T>(run: () => T): T => under('production', run);
export const inDevelopment = <T>(run: () => T): T => under(undefined, run);
