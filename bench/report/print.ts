import type { Check } from './checks.js';
import type { Table } from './tables.js';

/** A table for the terminal: the first column to the left, figures to the right. */
export function toText({ title, head, rows }: Table): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('`', '')));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  const [first = '', ...others] = lines;
  return [`\n${title}`, first, '-'.repeat(first.length), ...others].join('\n');
}

export function toMarkdown({ title, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [`**${title}**`, '', line(head), line(rule), ...rows.map(line)].join('\n');
}

export function checksToText(checks: readonly Check[]): string {
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const lines = checks.map(
    ({ name, bar, found, ok }) => `${ok ? 'ok    ' : 'MISSED'}  ${name.padEnd(width)}  ${found} (${bar})`,
  );
  return ['\nBars', ...lines].join('\n');
}
