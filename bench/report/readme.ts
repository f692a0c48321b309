import { readFile, writeFile } from 'node:fs/promises';
import type { Results } from '../lib/results.js';
import { toMarkdown } from './print.js';
import { tablesOf } from './tables.js';
import type { Words } from './words.js';

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/** Puts the plot and the tables between the markers of a page. */
export async function writeInto(path: string, results: Results, words: Words): Promise<void> {
  const page = await readFile(path, 'utf8');
  await writeFile(path, between(page, sectionOf(results, words)));
}

/** The page with other text between its markers. @throws Error if it has none */
export function between(page: string, text: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`The page lacks ${BEGIN} or ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`;
}

function sectionOf(results: Results, words: Words): string {
  const tables = tablesOf(results, words).map(toMarkdown);
  return [`![${words.plot}](docs/bench.svg)`, ...tables, words.circumstances(results)].join('\n\n');
}
