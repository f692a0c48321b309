/**
 * Switches off one defence after the other, in a copy of the tree, and shows that a row of the table fails then.
 * `npx tsx test/races/mutations.ts [--only NAME]`, where NAME is a part of a defence's name.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Defence, defences } from './defences.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What a race needs of the tree. */
const PARTS = ['package.json', 'tsconfig.json', 'src', 'test'];

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const chosen = defences.filter(({ name }) => name.includes(values.only));

// Before anything runs: a defence that is written otherwise now must be found here.
const misfits = (await Promise.all(chosen.map(misfit))).filter((text) => text !== undefined);
if (misfits.length > 0) {
  console.error(misfits.join('\n'));
  process.exit(2);
}
const rows: string[] = [];
let failed = 0;
for (const defence of chosen) {
  const caught = await failingRows(defence);
  if (caught.length === 0) failed += 1;
  const says = caught.length > 0 ? `caught by: ${caught.join('; ')}` : `NOT CAUGHT by ${defence.row}`;
  rows.push(`without ${defence.name}: ${says}`);
  console.log(rows.at(-1));
}
console.log(`\n${chosen.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function misfit({ name, file, find }: Defence): Promise<string | undefined> {
  const count = (await readFile(join(ROOT, file), 'utf8')).split(find).length - 1;
  if (count === 1) return undefined;
  return `${name}: ${file} has ${count} places that read as follows, and should have one. Adapt defences.ts.\n${find}`;
}

/** Runs the case on a copy of the tree without the defence, and gives the names of the rows that failed as they should. */
async function failingRows({ file, find, replace, row, failing }: Defence): Promise<string[]> {
  const copy = await mkdtemp(join(tmpdir(), 'races-without-'));
  try {
    for (const part of PARTS) await cp(join(ROOT, part), join(copy, part), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    const text = await readFile(join(copy, file), 'utf8');
    await writeFile(
      join(copy, file),
      text.replace(find, () => replace),
    );
    const output = await run(copy, ['test/races/run.ts', '--only', row]);
    return output
      .split('\n')
      .filter((line) => /\| FAILED \|$/.test(line))
      .map((line) => (line.split('|')[1] ?? '').trim())
      .filter((name) => failing.test(name));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function run(cwd: string, args: string[]): Promise<string> {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes;
  });
  await once(child, 'close');
  return output;
}
