/** Holds a request until the test lets it go on. */
export function gate() {
  const waiting: (() => void)[] = [];
  let arrived: () => void = () => {};
  return {
    /** Waits until `release`. */
    pass(): Promise<void> {
      arrived();
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    /** Resolves when the next request waits. */
    arrival: () =>
      new Promise<void>((resolve) => {
        arrived = resolve;
      }),
    release() {
      for (const go of waiting.splice(0)) go();
    },
  };
}
