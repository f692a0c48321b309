import express from 'express';
import type { Browser, Request } from 'playwright-core';
import { type Lab, startLab } from '../../src/testing/index.js';
import { providerOf, startApp, type TestApp } from '../support/app.js';
import { launchBrowser, newVisitor } from './support/browser.js';

let lab: Lab;
let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  // Another host, so that the provider is another site to the browser: no Lax cookie goes with what it posts.
  [lab, browser] = await Promise.all([
    startLab({ providers: ['oidc'], publicHost: 'localhost' }),
    launchBrowser(),
  ]);
  app = await startApp({
    lab,
    providers: [providerOf(lab, 'oidc', { responseMode: 'form_post' })],
    prepare: (server) => server.use(express.urlencoded({ extended: true })),
  });
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
  await lab?.close();
});

test('a callback that another site posts finds the browser that began the login', async () => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newTab();
  // The browser asks for an icon, which this app has not.
  visitor.expectStatus(404);
  const posts: Request[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().startsWith(app.url)) posts.push(request);
  });
  await page.goto(`${app.url}/auth/login/oidc?returnTo=/me`);
  await page.getByRole('button', { name: 'Alice Example' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.waitForURL(`${app.url}/me`);
  expect(await page.textContent('body')).toContain('Alice Example');
  const [post, ...more] = posts;
  expect(more).toEqual([]);
  expect(await post?.allHeaders()).not.toHaveProperty('cookie');
  expect(visitor.complaints()).toEqual([]);
});
