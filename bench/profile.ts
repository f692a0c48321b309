/**
 * Where the time of a guarded request goes, or with `--logins` that of a login: profiles a server that is warm, and prints
 * self time by package and by function. `npx tsx bench/profile.ts [--server NAME] [--requests N] [--logins] [--no-build]`
 */
import { parseArgs } from 'node:util';
import { type Browser, inParallel } from './lib/browser.js';
import { type CpuProfile, selfTimes } from './lib/cpu-profile.js';
import { load } from './lib/load.js';
import { parseOptions } from './lib/options.js';
import { pinEverythingElse } from './lib/pinning.js';
import { build, checkVersions, installPeers } from './lib/prepare.js';
import { OURS } from './lib/servers.js';
import { logInAll } from './lib/sessions.js';
import { openBrowsers, openWorld, withServers } from './lib/world.js';
import { toText } from './report/print.js';

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: OURS },
    requests: { type: 'string' },
    logins: { type: 'boolean', default: false },
    build: { type: 'boolean', default: true },
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
    print(await server.profile(() => work(1)));
  });
} finally {
  await world.close();
}

function print(profile: CpuProfile): void {
  const { total, functions, packages } = selfTimes(profile);
  const rows = (times: typeof functions) =>
    times
      .slice(0, 30)
      .map(({ name, microseconds }) => [
        name,
        `${((microseconds / total) * 100).toFixed(1)} %`,
        `${Math.round(microseconds / 1000)}`,
      ]);
  const head = ['self time', 'share', 'ms'];
  console.log(toText({ title: `${values.server}: by package`, head, rows: rows(packages) }));
  console.log(toText({ title: `${values.server}: by function`, head, rows: rows(functions) }));
}
