/** Polls until it does not throw any more; after ten seconds the last error is the answer. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + 10_000; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
