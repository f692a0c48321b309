import { once } from 'node:events';
import { get } from 'node:http';
import type { Browser } from 'playwright-core';
import { launchBrowser, newVisitor } from './support/browser.js';
import { runDemo } from './support/demo.js';
import { accounts, logIn } from './support/steps.js';

describe('the demo', () => {
  test('says at its start where it is and what it runs on', async () => {
    const demo = await runDemo();
    expect(demo.banner).toMatch(
      /^Demo at http:\/\/localhost:\d+ — sessions in memory \(set REDIS_URL for Redis\) — provider lab: aliyun http:\/\/127\.0\.0\.1:\d+, .*oidc http:\/\/127\.0\.0\.1:\d+$/,
    );
    expect(await demo.stop()).toBe(0);
  });

  test('names a way out when its port is taken', async () => {
    const demo = await runDemo();
    const { port } = new URL(demo.url);
    await expect(runDemo({ PORT: port })).rejects.toThrow(
      `Port ${port} is taken. Choose another one: PORT=${Number(port) + 1} npm run demo`,
    );
    await demo.stop();
  });

  test('ends when it is asked to, also while somebody watches', async () => {
    const demo = await runDemo();
    const response = await fetch(`${demo.url}/live`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await demo.stop()).toBe(0);
    // The stream was brought to its end, not cut off.
    expect(await response.text()).toBe('');
  });

  test('answers to no foreign host name', async () => {
    const demo = await runDemo();
    const [response] = await once(
      get(`${demo.url}/live`, { headers: { host: 'rebound.example' } }),
      'response',
    );
    expect(response.statusCode).toBe(421);
    response.destroy();
    await demo.stop();
  });
});

describe('the demo as in a container', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  test.each(['localhost', '127.0.0.1'])('is reached as %s, and its lab as localhost', async (host) => {
    const demo = await runDemo({ HOST: '0.0.0.0' });
    expect(demo.banner).toMatch(/aliyun http:\/\/localhost:\d+, .*oidc http:\/\/localhost:\d+$/);
    for (const account of accounts) {
      const visitor = await newVisitor(browser);
      await logIn(await visitor.newTab(), demo.url.replace('localhost', host), account);
      expect(visitor.complaints()).toEqual([]);
      await visitor.context.close();
    }
    await demo.stop();
  });
});
