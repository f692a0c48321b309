import { readFile, writeFile } from 'node:fs/promises';
import { run } from '../lib/command.js';
import type { Results } from '../lib/results.js';
import { toMarkdown } from './print.js';
import { tablesOf } from './tables.js';
import type { Words } from './words.js';

/** Puts a text between the markers of this name in a page, in the place of what was there, and formats the page. */
export async function writeInto(path: string, name: string, text: string): Promise<void> {
  await writeFile(path, between(await readFile(path, 'utf8'), name, text));
  run('npx', 'biome', 'format', '--write', path);
}

/** The page with another text between its markers. @throws Error if it has none */
export function between(page: string, name: string, text: string): string {
  const [beginMark, endMark] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [begin, end] = [page.indexOf(beginMark), page.indexOf(endMark)];
  if (begin === -1 || end < begin) throw new Error(`The page lacks ${beginMark} or ${endMark}`);
  return `${page.slice(0, begin + beginMark.length)}\n\n${text}\n\n${page.slice(end)}`;
}

/** What the READMEs say of a run: the plot, the tables, and where they come from. */
export function sectionOf(results: Results, words: Words): string {
  const tables = tablesOf(results, words).map(toMarkdown);
  return [`![${words.plot}](docs/bench.svg)`, ...tables, words.circumstances(results)].join('\n\n');
}
