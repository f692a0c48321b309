import type { Browser } from 'playwright-core';
import { oauth2, oauthSession } from '../../src/index.js';
import { SECRET, type ServedApp, serveApp } from '../support/app.js';
import { launchBrowser, newVisitor } from './support/browser.js';

const endpoints = {
  authorization: 'https://op.example/a',
  token: 'https://op.example/t',
  userinfo: 'https://op.example/u',
};

let app: ServedApp;
let browser: Browser;
let origins: (string | undefined)[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
  app = await serveApp({
    providers: [oauth2({ name: 'p', clientId: 'old', endpoints })],
    useSession(own) {
      // All that is left is what browsers say that do not know Fetch Metadata.
      own.use((req, _res, next) => {
        for (const name of Object.keys(req.headers))
          if (name.startsWith('sec-fetch-')) delete req.headers[name];
        if (req.method === 'POST') origins.push(req.headers.origin);
        next();
      });
      own.use(oauthSession({ secret: SECRET }));
    },
  });
});
beforeEach(() => {
  origins = [];
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
});

test('the page that asks whether a logout is meant is answered in a browser without Fetch Metadata', async () => {
  const visitor = await newVisitor(browser);
  // Chromium asks for an icon.
  visitor.expectStatus(404);
  const page = await visitor.newTab();
  await page.goto(`${app.url}/auth/logout`);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByText('home').waitFor();
  expect(page.url()).toBe(`${app.url}/`);
  expect(origins).toEqual([app.url]);
  expect(visitor.complaints()).toEqual([]);
});

test('a form on another site is refused there too', async () => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newTab();
  visitor.expectStatus(403);
  // A page without an address is nobody's.
  await page.setContent(`<form method="post" action="${app.url}/auth/logout"><button>Win</button></form>`);
  await page.getByRole('button', { name: 'Win' }).click();
  await page.getByText('cross_site_request').waitFor();
  expect(origins).toEqual(['null']);
});
