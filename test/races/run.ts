/** The race laboratory: runs every row of the table, and says which bars hold. README.md explains the rows. */
import { parseArgs } from 'node:util';
import type { Case, Figure } from './lab/case.js';
import { seededRandom } from './lab/random.js';

const cases: Record<string, () => Promise<{ default: Case }>> = {
  parallel: () => import('./cases/parallel.js'),
  users: () => import('./cases/users.js'),
  interleavings: () => import('./cases/interleavings.js'),
  'kill-steps': () => import('./cases/kill-steps.js'),
  'kill-holder': () => import('./cases/kill-holder.js'),
  'slow-writer': () => import('./cases/slow-writer.js'),
  'redis-outages': () => import('./cases/redis-outages.js'),
  'redis-failover': () => import('./cases/redis-failover.js'),
  'redis-reshard': () => import('./cases/redis-reshard.js'),
  'provider-outages': () => import('./cases/provider-outages.js'),
  soak: () => import('./cases/soak.js'),
};

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    soak: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
  },
});

const names = values.only ?? Object.keys(cases);
const unknown = names.find((name) => !Object.hasOwn(cases, name));
if (unknown !== undefined) {
  console.error(`There is no case '${unknown}', only ${Object.keys(cases).join(', ')}.`);
  process.exit(2);
}
const seed = Number(values.seed);
const scale = {
  full: values.full,
  slack: values.full ? 500 : 1500,
  soak: seconds(values.soak ?? (values.full ? '30m' : '60s')),
};
console.log(`seed ${seed}, ${values.full ? 'full' : 'short'} form, soak of ${scale.soak} s`);

const figures: Figure[] = [];
for (const name of names) {
  const begin = Date.now();
  figures.push(...(await run(name)));
  console.log(`${name}: ${((Date.now() - begin) / 1000).toFixed(0)} s`);
}
console.log(`\n${table(figures)}\n`);
const failed = figures.filter(({ ok }) => !ok).length;
console.log(`${figures.length - failed} passed, ${failed} failed`);
// Connections that are kept alive would hold the process for a while.
process.exit(failed === 0 ? 0 : 1);

async function run(name: string): Promise<Figure[]> {
  try {
    const { default: row } = await (cases[name] as (typeof cases)[string])();
    return await row({ ...scale, random: seededRandom(seed) });
  } catch (error) {
    console.error(error);
    return [{ test: name, figure: `broke off: ${(error as Error).message}`, bar: 'to run', ok: false }];
  }
}

/** `30m`, `90s`. */
function seconds(text: string): number {
  const [, number, unit] = /^(\d+)([sm])$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`--soak takes a time such as 90s or 30m, not '${text}'`);
  return Number(number) * (unit === 'm' ? 60 : 1);
}

function table(rows: readonly Figure[]): string {
  const lines = [
    ['test', 'figure', 'bar', ''],
    ...rows.map(({ test, figure, bar, ok }) => [test, figure, bar, ok ? 'ok' : 'FAILED']),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(3, ...lines.map((line) => (line[column] ?? '').length)),
  );
  const format = (line: string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] as number)).join(' | ')} |`;
  const [head, ...body] = lines as [string[], ...string[][]];
  return [format(head), format(widths.map((width) => '-'.repeat(width))), ...body.map(format)].join('\n');
}
