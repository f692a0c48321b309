/** How often each command was called, by the names that Redis gives them. */
export type CommandCounts = Readonly<Record<string, number>>;

/** What the benchmark itself, and a connection that is being opened, ask Redis; `ping` comes from neither. */
const NOT_COUNTED = new Set([
  'info',
  'client|setinfo',
  'client|setname',
  'hello',
  'select',
  'scan',
  'memory|usage',
]);

/** Reads the answer to `INFO commandstats`. Commands that a script calls are counted beside the script, as Redis does. */
export function parseCommandStats(text: string): CommandCounts {
  const counts: Record<string, number> = {};
  for (const [, name = '', calls = ''] of text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    if (!NOT_COUNTED.has(name)) counts[name] = Number(calls);
  }
  return counts;
}

/** What was called between two looks. */
export function callsBetween(before: CommandCounts, after: CommandCounts): CommandCounts {
  const calls: Record<string, number> = {};
  for (const [name, count] of Object.entries(after)) {
    const more = count - (before[name] ?? 0);
    if (more > 0) calls[name] = more;
  }
  return calls;
}

/** All calls together. */
export function total(counts: CommandCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
