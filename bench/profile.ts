/**
 * Where the time of a guarded request goes, or with `--logins` that of a login: profiles a server that is warm, and prints
 * self time by package and by function. `npm run bench:profile -- [--server NAME] [--requests N] [--logins] [--no-build]`;
 * `--save` writes them into bench/README.md.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, inParallel } from './lib/browser.js';
import { type CpuProfile, type SelfTime, selfTimes } from './lib/cpu-profile.js';
import { load } from './lib/load.js';
import { parseOptions } from './lib/options.js';
import { pinEverythingElse } from './lib/pinning.js';
import { build, checkVersions, installPeers } from './lib/prepare.js';
import { OURS } from './lib/servers.js';
import { logInAll } from './lib/sessions.js';
import { openBrowsers, openWorld, withServers } from './lib/world.js';
import { toMarkdown, toText } from './report/print.js';
import { writeInto } from './report/readme.js';

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: OURS },
    requests: { type: 'string' },
    logins: { type: 'boolean', default: false },
    build: { type: 'boolean', default: true },
    save: { type: 'boolean', default: false },
  },
  allowNegative: true,
});
const requests = Number(values.requests ?? (values.logins ? 2000 : 50_000));
const SESSIONS = 50;

installPeers();
if (values.build) build();
checkVersions();
pinEverythingElse();
const world = await openWorld(parseOptions([], []));
try {
  await withServers(world, [values.server], async ([server]) => {
    if (!server) throw new Error('no server');
    const browsers = await openBrowsers(world, SESSIONS);
    const sessions = await logInAll(server, browsers);
    const work = (share: number) => {
      const count = Math.ceil(requests * share);
      if (!values.logins)
        return load({ ...sessions, url: server.url, path: '/me', requests: count, connections: 16 });
      const turns = Array.from({ length: count }, (_, index) => browsers[index % SESSIONS] as Browser);
      return inParallel(4, turns, (browser) => browser.logIn(server));
    };
    await work(0.2);
    await report(await server.profile(() => work(1)));
  });
} finally {
  await world.close();
}

async function report(profile: CpuProfile): Promise<void> {
  const { total, functions, packages } = selfTimes(profile);
  const head = ['self time', 'share'];
  const share = ({ name, microseconds }: SelfTime) => [
    `\`${name}\``,
    `${((microseconds / total) * 100).toFixed(1)} %`,
  ];
  const what = `${values.server}, ${values.logins ? 'logins' : 'guarded requests'}`;
  const tables = [
    { title: `By package (${what})`, head, rows: packages.slice(0, 15).map(share) },
    { title: `By function (${what})`, head, rows: functions.slice(0, 25).map(share) },
  ];
  for (const table of tables) console.log(toText(table));
  if (!values.save) return;
  const name = values.logins ? 'profile-login' : 'profile';
  const page = join(import.meta.dirname, 'README.md');
  await writeInto(page, name, tables.map(toMarkdown).join('\n\n'));
}
