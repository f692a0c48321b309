/** The codes of the warnings that come of something. */
export function codesOfWarnings(run: () => unknown): unknown[] {
  const { emitWarning } = process;
  const codes: unknown[] = [];
  process.emitWarning = (_text: unknown, options?: unknown) =>
    void codes.push((options as { code?: unknown } | undefined)?.code);
  try {
    run();
  } finally {
    process.emitWarning = emitWarning;
  }
  return codes;
}
