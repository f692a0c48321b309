import { readFile } from 'node:fs/promises';
import { defences } from '../defences.js';

it.each(defences)('$name can be switched off where it says', async ({ file, find, replace }) => {
  const source = await readFile(file, 'utf8');
  expect(source.split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});
