import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from './run.js';

export const ROOT = join(import.meta.dirname, '../../..');

export interface Packed {
  /** A folder of this test run, for apps. */
  readonly folder: string;
  readonly tarball: string;
  /** Every file of the package. */
  readonly files: readonly string[];
}

/** Packs the package as `npm publish` would. */
export async function pack(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'dist-test-'));
  const answer = await mustRun(ROOT, 'npm', 'pack', '--json', '--silent', '--pack-destination', folder);
  // The build that runs before may print something of its own.
  const [info] = JSON.parse(answer.slice(answer.search(/^\[/m))) as [
    { filename: string; files: { path: string }[] },
  ];
  return { folder, tarball: join(folder, info.filename), files: info.files.map(({ path }) => path) };
}

/** An empty app that has installed the package and some others. */
export async function installApp(packed: Packed, name: string, packages: readonly string[]): Promise<string> {
  const app = join(packed.folder, name);
  await mkdir(app);
  await writeFile(join(app, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }));
  const flags = ['--prefer-offline', '--no-audit', '--no-fund'];
  await mustRun(app, 'npm', 'install', ...flags, packed.tarball, ...packages);
  return app;
}

/** The first TypeScript of the README's quick start, as the installed package has it. */
export async function quickStart(app: string): Promise<string> {
  const readme = await readFile(join(app, 'node_modules/express-oauth-login/README.md'), 'utf8');
  const section = /^## Quick start\s*$([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(readme)?.[1];
  const code = section && /^```ts\n([\s\S]*?)^```$/m.exec(section)?.[1];
  if (!code) throw new Error('README.md has no ```ts block under "## Quick start"');
  return code;
}

/** Fills in what a user has to fill in, and lets the test choose the port. */
export function fillIn(code: string): string {
  const filled = code
    .replaceAll("'…'", "'filled-in'")
    .replace('listen(3000', 'listen(Number(process.env.PORT)');
  if (filled.includes("'…'") || !filled.includes('process.env.PORT')) {
    throw new Error('The quick start no longer listens on port 3000');
  }
  return filled;
}

/** The same program as a CommonJS user writes it. */
export function toCommonJs(javascript: string): string {
  return javascript
    .replace(/^import \{([^}]*)\} from ('[^']*');/gm, 'const {$1} = require($2);')
    .replace(/^import (\w+) from ('[^']*');/gm, 'const $1 = require($2);');
}
