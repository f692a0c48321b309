import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, run } from './lib/command.js';
import { describeMachine, versionsOf } from './lib/machine.js';
import { type BenchOptions, help, parseOptions, type ScenarioName } from './lib/options.js';
import { pinEverythingElse } from './lib/pinning.js';
import { build, checkVersions, installPeers } from './lib/prepare.js';
import type { Results } from './lib/results.js';
import { serverPlans } from './lib/servers.js';
import { openWorld, type World } from './lib/world.js';
import { checkAll } from './report/checks.js';
import { checksToText, toText } from './report/print.js';
import { sectionOf, writeInto } from './report/readme.js';
import { tablesOf } from './report/tables.js';
import { chinese, english } from './report/words.js';
import { bounds } from './scenarios/bounds.js';
import { hotPath } from './scenarios/hot-path.js';
import { loginCost } from './scenarios/login.js';
import { redisMemory } from './scenarios/redis-memory.js';
import { refreshStorm } from './scenarios/refresh-storm.js';
import { sessionSize } from './scenarios/session-size.js';

const RESULTS = join(import.meta.dirname, 'results');

/** What each finds out, by its name in the results. */
const scenarios: Record<ScenarioName, (world: World) => Promise<Partial<Results>>> = {
  'hot-path': async (world) => ({ hotPath: await hotPath(world) }),
  login: async (world) => ({ login: await loginCost(world) }),
  'refresh-storm': async (world) => ({ refreshStorm: await refreshStorm(world) }),
  'session-size': async (world) => ({ sessionSize: await sessionSize(world) }),
  'redis-memory': async (world) => ({ redisMemory: await redisMemory(world) }),
  bounds: async (world) => ({ bounds: await bounds(world) }),
};

async function main(args: string[]): Promise<void> {
  if (args.includes('--help')) return void process.stdout.write(help);
  const options = parseOptions(
    args,
    serverPlans.map(({ name }) => name),
  );
  installPeers();
  if (options.build) build();
  checkVersions();
  const results = await measure(
    options,
    args.length === 0 ? 'npm run bench' : `npm run bench -- ${args.join(' ')}`,
  );
  const checks = checkAll(results);
  for (const table of tablesOf(results, english)) console.log(toText(table));
  console.log(checksToText(checks));
  if (options.save) await save(results);
  if (options.check && checks.some(({ ok }) => !ok)) process.exitCode = 1;
}

async function measure(options: BenchOptions, command: string): Promise<Results> {
  const pinned = pinEverythingElse();
  const world = await openWorld(options);
  try {
    const results: Results = {
      date: new Date().toISOString().slice(0, 10),
      command,
      machine: await describeMachine(world.redis, pinned),
      options,
      versions: versionsOf(serverPlans.flatMap(({ packages }) => packages)),
    };
    for (const name of options.scenarios) {
      // A scenario may take long, and what is known should not be lost with a later one.
      Object.assign(results, await scenarios[name](world));
      await keep(results, 'latest.json');
    }
    return results;
  } finally {
    await world.close();
  }
}

async function keep(results: Results, name: string): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, name), `${JSON.stringify(results, null, 2)}\n`);
}

/** Into what people read: the figures, the plot, both READMEs. */
async function save(results: Results): Promise<void> {
  await keep(results, 'saved.json');
  const saved = join(RESULTS, 'saved.json');
  run(process.execPath, join(import.meta.dirname, 'plot.js'), saved, join(ROOT, 'docs/bench.svg'));
  const pages = [join(ROOT, 'README.md'), join(ROOT, 'README.zh-CN.md')] as const;
  await writeInto(pages[0], 'bench', sectionOf(results, english));
  await writeInto(pages[1], 'bench', sectionOf(results, chinese));
}

await main(process.argv.slice(2));
