import { type ChildProcess, spawn } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { createInterface, type Interface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { Browser, type Page } from './support/browser.js';
import { title } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import { type Endpoint, ScriptedProvider } from './support/provider.js';

const [oidc] = dialects as [DialectUnderTest];
const MIB = 2 ** 20;
/** 300 MiB of zeros. */
const zeros = gzipSync(Buffer.alloc(300 * MIB));

const bombs: Record<string, (response: ServerResponse) => void> = {
  'endless body'(response) {
    response.writeHead(200, { 'content-type': 'application/json' });
    const chunk = Buffer.alloc(64 * 1024, '[');
    const more = () => {
      while (!response.destroyed) if (!response.write(chunk)) return;
    };
    response.on('drain', more);
    more();
  },
  'gzip of zeros'(response) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(zeros);
  },
};

/** Where a bomb may come from, and what the browser does that meets it. */
const places: [endpoint: Endpoint, meets: 'a login' | 'a refresh' | 'a logout', status: number][] = [
  ['discovery', 'a login', 502],
  ['par', 'a login', 502],
  ['token', 'a login', 502],
  ['jwks', 'a login', 503],
  ['userinfo', 'a login', 502],
  ['token', 'a refresh', 502],
  // Whatever the provider says, the user is logged out here.
  ['revocation', 'a logout', 303],
];

let redis: RedisServer;
let provider: ScriptedProvider;
let process_: ChildProcess;
let urls: Interface;

beforeAll(async () => {
  [redis, provider] = await Promise.all([startRedis({ own: true }), ScriptedProvider.start(oidc)]);
  const script = 'test/conformance/support/bombed-app.ts';
  process_ = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', script, redis.url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  urls = createInterface({ input: process_.stdout as NodeJS.ReadableStream });
  // What an app needs in any case is there before anything is measured.
  const { url } = await start();
  for (let count = 0; count < 30; count += 1) {
    const browser = new Browser(url);
    await logIn(browser);
    await browser.get('/renew');
    await browser.ask('/auth/logout', { method: 'POST' });
  }
});
beforeEach(() => provider.reset());
afterAll(async () => {
  process_.kill();
  await Promise.all([provider.close(), redis.stop()]);
});

/** An app that has asked the provider nothing yet. */
async function start(): Promise<{ url: string }> {
  const url = new Promise<string>((resolve) => urls.once('line', resolve));
  process_.stdin?.write(`${provider.url}\n`);
  return { url: await url };
}

/** As far as it goes. */
async function logIn(browser: Browser): Promise<Page> {
  const page = await browser.get('/auth/login/oidc');
  if (page.status !== 302) return page;
  const callback = provider.authorize(new URL(page.headers.location ?? '').searchParams);
  return browser.get(`/auth/callback/oidc?${callback}`);
}

async function memory(url: string): Promise<number> {
  return JSON.parse((await new Browser(url).get('/memory')).text).peak;
}

for (const [endpoint, meets, status] of places) {
  for (const [kind, bomb] of Object.entries(bombs)) {
    const id = `${endpoint}-${meets.split(' ')[1]}-${kind.replaceAll(' ', '-')}`;
    it(
      title('refused', {
        id,
        does: `answers ${meets} with an ${kind}`.replace('an gzip', 'a gzip'),
        source: 'CWE-409, CWE-400',
      }),
      async () => {
        const honest = await start();
        const bystander = new Browser(honest.url);
        expect((await logIn(bystander)).status).toBe(303);
        const { url } = await start();
        const browser = new Browser(url);
        if (meets !== 'a login') await logIn(browser);

        provider.script = {
          ...(endpoint === 'par' && {
            metadata: {
              require_pushed_authorization_requests: true,
              pushed_authorization_request_endpoint: `${provider.url}/par`,
            },
          }),
          answers: {
            [endpoint]: (_usual: unknown, _request: unknown, response: ServerResponse) => void bomb(response),
          },
        };
        await memory(url);
        const before = await memory(url);
        const startedAt = Date.now();
        const meeting =
          meets === 'a login'
            ? logIn(browser)
            : meets === 'a refresh'
              ? browser.get('/renew')
              : browser.ask('/auth/logout', { method: 'POST' });
        // Whoever comes meanwhile is served.
        const [page, ...others] = await Promise.all([
          meeting,
          bystander.me(),
          bystander.me(),
          bystander.get('/'),
        ]);
        expect(Date.now() - startedAt).toBeLessThan(10_000);
        expect(page.status).toBe(status);
        expect(others.map((one) => one.status)).toEqual([200, 200, 200]);
        expect((await memory(url)) - before).toBeLessThan(32 * MIB);
        expect(provider.to(endpoint).length).toBeGreaterThan(0);
        expect((await browser.me()).status).toBe(meets === 'a refresh' ? 200 : 401);
      },
    );
  }
}
