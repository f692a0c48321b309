/**
 * What the library asks of Redis for each thing that a browser does: `npx tsx bench/redis-commands.ts`. Starts an app,
 * a provider and a `redis-server`, and watches the server by `MONITOR`.
 */
import { Redis } from 'ioredis';
import { startLab } from '../src/testing/index.js';
import { issueExpired, providerOf, startApp } from '../test/support/app.js';
import { startRedis } from '../test/support/redis-server.js';

const lab = await startLab({ providers: ['aliyun'] });
const server = await startRedis({ own: true });
const app = await startApp({ lab, providers: [providerOf(lab, 'aliyun')], session: { redis: server.url } });
const admin = new Redis(server.url);
const monitor = await admin.monitor();
let seen: string[] = [];
monitor.on('monitor', (_time: string, args: string[], source: string) => {
  // What a script does inside of the server costs no round trip.
  if (source !== 'lua') seen.push(describe(args));
});

/** `GETEX sess:…`, with what is random left out. */
function describe([name = '', ...args]: string[]): string {
  const command = name.toUpperCase();
  const key = (command.startsWith('EVAL') ? args[2] : args[0]) ?? '';
  return `${command.startsWith('EVAL') ? 'script' : command} ${key
    .replace(/^sess:.*/, 'sess:…')
    .replace(/\{[^}]*\}/, '{…}')
    .replace(/:(open|kept):.*/, ':$1:…')}`;
}

async function watch(what: string, act: () => Promise<unknown>): Promise<void> {
  await settle();
  seen = [];
  await act();
  await settle();
  const commands = seen.filter((one) => !/^(INFO|CLIENT|PING) /.test(one));
  console.log(`| ${what} | ${commands.length} | ${commands.map((one) => `\`${one}\``).join(', ')} |`);
}

/** What happens behind an answer counts, too. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 400));
}

const visitor = app.visitor();
let callback = '';
// Loads the scripts.
await app.visitor().logIn('aliyun');
console.log('| what | commands | which |');
console.log('| --- | --- | --- |');
await watch('request without a session', () => app.visitor().get('/me'));
await watch('login begins', async () => {
  callback = await visitor.authorize('aliyun');
});
await watch('callback: the login is complete', () => visitor.get(callback).expect(303));
await watch('request, the token is good', () => visitor.get('/me').expect(200));
await watch('request that asks for the token', () => visitor.get('/token').expect(200));
const expiring = app.visitor();
issueExpired(lab.provider('aliyun'));
await expiring.logIn('aliyun');
await watch('request with a refresh', () => expiring.get('/token').expect(200));
await watch('request after the refresh', () => expiring.get('/me').expect(200));
await watch('logout', () => visitor.post('/auth/logout').expect(303));

monitor.disconnect();
admin.disconnect();
await app.close();
await lab.close();
await server.stop();
