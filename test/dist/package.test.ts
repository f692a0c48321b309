import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { fillIn, installApp, type Packed, pack, quickStart, ROOT, toCommonJs } from './support/package.js';
import { mustRun, run, withServer } from './support/run.js';

const TYPESCRIPT = ['typescript@~6.0', 'typescript5@npm:typescript@~5.9'];

const keys = `
  import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
  import { oidc } from 'express-oauth-login';
  import { loginViaLoopback } from 'express-oauth-login/native';
  import { exportJWK } from 'jose';

  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk = { kty: 'OKP', crv: 'Ed25519', kid: '1', x: '', d: '' };
  for (const one of ['', privateKey, privateKey.export({ format: 'jwk' }), await exportJWK(privateKey), jwk]) {
    oidc({ name: 'example', issuer: 'https://id.example.com', clientId: '1', clientAuth: { privateKey: one } });
  }
  const { proofKey } = await loginViaLoopback(
    oidc({ name: 'example', issuer: 'https://id.example.com', clientId: '1', dpop: true }),
  );
  if (proofKey) createPrivateKey({ key: proofKey, format: 'jwk' });`;

let packed: Packed;
let redis: RedisServer;

beforeAll(async () => {
  packed = await pack();
  redis = await startRedis();
});
afterAll(async () => {
  await redis?.stop();
  if (packed) await rm(packed.folder, { recursive: true });
});

describe('the package', () => {
  test('has what users need and nothing else', () => {
    const wanted = [
      'package.json',
      'README.md',
      'README.zh-CN.md',
      'LICENSE',
      'ARCHITECTURE.md',
      'CHANGELOG.md',
      'SECURITY.md',
    ];
    const outside = packed.files.filter((path) => !/^(dist|docs|examples|src)\//.test(path));
    expect(outside.sort()).toEqual(wanted.sort());
    expect(
      packed.files.filter((path) => /(^|\/)(test|\.ci|demo-app|bench|node_modules)\//.test(path)),
    ).toEqual([]);
    expect(
      packed.files.filter((path) => !/\.(ts|js|map|json|md)$|^LICENSE$|^docs\/bench\.svg$/.test(path)),
    ).toEqual([]);
  });

  test('has every file to which its pages link', async () => {
    const pages = packed.files.filter((path) => path.endsWith('.md'));
    expect(pages.length).toBeGreaterThan(10);
    for (const page of pages) {
      const text = await readFile(join(ROOT, page), 'utf8');
      const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)\s]*)?\)/g)].map(([, target = '']) => target);
      const files = links.filter((link) => !/^[a-z]+:/.test(link)).map((link) => join(dirname(page), link));
      expect([page, files.filter((file) => !packed.files.includes(file))]).toEqual([page, []]);
    }
  });

  test('has the compiled form of every source file, with types and maps', () => {
    const sources = packed.files.filter((path) => path.startsWith('src/')).map((path) => path.slice(4, -3));
    const compiled = sources.flatMap((name) =>
      ['.js', '.d.ts', '.js.map', '.d.ts.map'].map((end) => name + end),
    );
    expect(sources.length).toBeGreaterThan(30);
    expect(packed.files.filter((path) => path.startsWith('dist/')).sort()).toEqual(
      compiled.map((name) => `dist/${name}`).sort(),
    );
  });

  test('exports files that are there', async () => {
    const { exports, version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    const targets = Object.values(exports as Record<string, string | Record<string, string>>).flatMap(
      (one) => (typeof one === 'string' ? [one] : Object.values(one)),
    );
    expect(targets.length).toBeGreaterThan(4);
    for (const target of targets) expect(packed.files).toContain(target.slice(2));
    expect(packed.tarball).toContain(version);
  });

  test('knows nothing of the machine that built it', async () => {
    const texts = await Promise.all(packed.files.map((path) => readFile(join(ROOT, path), 'utf8')));
    const telling = packed.files.filter((_, n) => texts[n]?.includes(ROOT) || texts[n]?.includes('file://'));
    expect(telling).toEqual([]);
  });
});

describe.each([
  [
    'Express 5, ioredis 6 of its own, and the oldest types of Node',
    'app-5',
    ['express@5', '@types/express@5', 'ioredis@6', '@types/node@20'],
  ],
  [
    'Express 4, and the latest types of Node',
    'app-4',
    ['express@^4.21', '@types/express@4', '@types/node@latest'],
  ],
])('an app with %s', (_name, name, packages) => {
  let app: string;
  let code: string;

  beforeAll(async () => {
    app = await installApp(packed, name, [...packages, ...TYPESCRIPT]);
    code = fillIn(await quickStart(app));
    await compile(app, 'run', { 'app.ts': code });
  });

  test('has not installed a provider for tests that it did not ask for', async () => {
    expect((await run(app, 'npm', 'ls', 'oidc-provider')).output).not.toContain('oidc-provider@');
  });

  test('runs the quick start as an ES module, with Redis', async () => {
    await answersLikeAnApp(app, 'run/app.js', { REDIS_URL: redis.url });
  });

  test('runs the quick start as an ES module, in memory', async () => {
    await answersLikeAnApp(app, 'run/app.js', {});
  });

  test('runs the quick start as CommonJS, with require', async () => {
    const javascript = toCommonJs(await readFile(join(app, 'run/app.js'), 'utf8'));
    expect(javascript).toContain("require('express-oauth-login')");
    expect(javascript).not.toMatch(/^import/m);
    await writeFile(join(app, 'run/app.cjs'), javascript);
    await answersLikeAnApp(app, 'run/app.cjs', { REDIS_URL: redis.url });
  });

  describe.each(['typescript', 'typescript5'])('checked by %s', (typescript) => {
    test.each([
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ])('type-checks the quick start, module %s, moduleResolution %s', async (module, moduleResolution) => {
      const options = { module, moduleResolution };
      await typeCheck(app, typescript, `types-${moduleResolution}`, { 'app.ts': code }, options);
    });

    test('type-checks the quick start as CommonJS', async () => {
      const files = { 'app.cts': code };
      await typeCheck(app, typescript, 'types-cjs', files, {
        module: 'nodenext',
        moduleResolution: 'nodenext',
      });
    });

    test('type-checks keys as they come from Node, from jose and from a file', async () => {
      const files = { 'app.ts': keys };
      await typeCheck(app, typescript, 'types-keys', files, {
        module: 'nodenext',
        moduleResolution: 'nodenext',
      });
    });

    test('refuses what is wrong', async () => {
      const wrong = code.replace('req.oauth.user', 'req.oauth.userr').replace('clientId', 'clientID');
      const files = { 'app.ts': wrong };
      const check = typeCheck(app, typescript, 'types-wrong', files, {
        module: 'nodenext',
        moduleResolution: 'nodenext',
      });
      await expect(check).rejects.toThrow(/userr[\s\S]*clientID|clientID[\s\S]*userr/);
    });
  });

  test('starts the lab of a provider that needs nothing more', async () => {
    const answer = await evaluate(
      app,
      `import { startLab } from 'express-oauth-login/testing';
      const lab = await startLab({ providers: ['aliyun'] });
      const { endpoints } = lab.provider('aliyun');
      const answer = await fetch(endpoints.token, { method: 'POST' });
      await lab.close();
      console.log(answer.status);`,
    );
    expect(answer).toMatch(/^4\d\d\n$/);
  });

  test('starts the whole lab but the OpenID Provider, whose package is missing, and says so when that is wanted', async () => {
    const answer = await evaluate(
      app,
      `import { startLab } from 'express-oauth-login/testing';
      const lab = await startLab();
      console.log(Object.keys(lab.providers).join());
      await lab.close();
      await startLab({ providers: ['oidc'] }).catch((error) => console.log(error.message));`,
    );
    expect(answer).toMatch(/^aliyun,pds,/);
    expect(answer).toMatch(/needs the package oidc-provider, which is missing: run `npm install/);
  });

  test('requires both entries, and gets what import gets', async () => {
    const answer = await evaluate(
      app,
      `import { createRequire } from 'node:module';
      import * as main from 'express-oauth-login';
      import * as testing from 'express-oauth-login/testing';
      const require = createRequire(import.meta.url);
      console.log(require('express-oauth-login') === main || require('express-oauth-login').oauthRouter === main.oauthRouter);
      console.log(require('express-oauth-login/testing').startLab === testing.startLab);
      console.log(require('express-oauth-login/package.json').name);
      await import('express-oauth-login/dist/config.js').catch((error) => console.log(error.code));`,
    );
    expect(answer).toBe('true\ntrue\nexpress-oauth-login\nERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
});

describe('a client of ioredis 6', () => {
  const program = `
    import express from 'express';
    import { Cluster, Redis } from 'ioredis';
    import { aliyun, oauthRouter, oauthSession } from 'express-oauth-login';

    const redis = new Redis(process.env.REDIS_URL ?? '');
    const provider = aliyun({ clientId: 'id', clientSecret: 'secret' });
    export const withCluster = () => oauthRouter(provider, { redis: new Cluster([{ host: 'localhost', port: 1 }]) });
    export const besideOwnSession = () => oauthRouter([provider], { redis });
    const app = express();
    app.use(oauthSession({ redis, secret: process.env.SESSION_SECRET ?? '' }));
    app.use(oauthRouter(provider));
    app.get('/me', (req, res) => { res.status(401).json({ error: 'login_required', loggedIn: req.oauth.loggedIn }); });
    app.listen(Number(process.env.PORT));`;

  test('is accepted by the types, and works', async () => {
    const app = join(packed.folder, 'app-5');
    const options = { module: 'nodenext', moduleResolution: 'nodenext' };
    await typeCheck(app, 'typescript', 'types-ioredis', { 'app.ts': program }, options);
    await compile(app, 'ioredis', { 'app.ts': program });
    await answersLikeAnApp(app, 'ioredis/app.js', { REDIS_URL: redis.url });
    const { version } = JSON.parse(await readFile(join(app, 'node_modules/ioredis/package.json'), 'utf8'));
    expect(version).toMatch(/^6\./);
  });
});

/** Starts a program as a process of its own and asks it what every app must answer. */
async function answersLikeAnApp(app: string, file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = { PORT: `${port}`, SESSION_SECRET: 'a secret of thirty-two characters', ...env };
  const printed = await withServer(app, file, settings, async () => {
    await isUp(url);
    const me = await fetch(`${url}/me`);
    expect([me.status, me.headers.get('content-type')]).toEqual([
      401,
      expect.stringContaining('application/json'),
    ]);
    expect(await me.json()).toMatchObject({ error: 'login_required' });
    const session = await fetch(`${url}/auth/session`);
    expect(session.status).toBe(200);
    expect(session.headers.get('cache-control')).toBe('no-store');
    expect(await session.json()).toEqual({ loggedIn: false, user: null, logins: [] });
  });
  expect(printed).toBe('');
}

async function isUp(url: string): Promise<void> {
  for (const until = Date.now() + 20_000; ; ) {
    try {
      await fetch(url);
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Strips the types. What they are worth is for the tests that check them to say. */
async function compile(app: string, folder: string, files: Record<string, string>): Promise<void> {
  const options = { module: 'nodenext', moduleResolution: 'nodenext', noEmit: false };
  await run(app, process.execPath, ...(await tsc(app, 'typescript', folder, files, options)));
}

/** @throws Error with the compiler's messages. */
async function typeCheck(
  app: string,
  typescript: string,
  folder: string,
  files: Record<string, string>,
  options: Record<string, unknown>,
): Promise<void> {
  await mustRun(app, process.execPath, ...(await tsc(app, typescript, folder, files, options)));
}

/** Writes the files and a configuration for them; returns how to call the compiler. */
async function tsc(
  app: string,
  typescript: string,
  folder: string,
  files: Record<string, string>,
  options: Record<string, unknown>,
): Promise<string[]> {
  const path = join(app, folder);
  await mkdir(path, { recursive: true });
  for (const [name, code] of Object.entries(files)) await writeFile(join(path, name), code);
  const compilerOptions = {
    strict: true,
    target: 'es2022',
    types: ['node'],
    esModuleInterop: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  const config = { compilerOptions, files: Object.keys(files) };
  await writeFile(join(path, 'tsconfig.json'), JSON.stringify(config));
  return [`node_modules/${typescript}/bin/tsc`, '--pretty', 'false', '-p', folder];
}

/** What a program prints. */
async function evaluate(app: string, code: string): Promise<string> {
  await writeFile(join(app, 'program.mjs'), code);
  return mustRun(app, process.execPath, 'program.mjs');
}
