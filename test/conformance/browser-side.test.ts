import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { oauthErrorPage, oauthRouter, oauthSession, requireLogin } from '../../src/index.js';
import { SECRET, type ServedApp } from '../support/app.js';
import { type Certificate, makeCertificate } from '../support/certificate.js';
import { acceptedRequests, type Described, refusedRequests } from './cases/fetch-metadata.js';
import { cookiesOf, logIn, oauth2, oidc, plant } from './support/advisory.js';
import { Browser } from './support/browser.js';
import { title } from './support/cases.js';
import { useStage } from './support/stage.js';
import { expectNoEffect, expectRefused } from './support/verdict.js';

const stage = useStage();

describe('requests that other sites cause', () => {
  /** Sends it as somebody who is logged in at one provider. */
  async function send({ method = 'GET', path, headers = {}, body }: Described) {
    const { browser } = await logIn(stage(), oauth2);
    const before = await stage().redis.dump();
    const page = await browser.ask(path, { method, headers, ...(body && { body }) });
    return { page, browser, before, after: await stage().redis.dump() };
  }

  it.each(refusedRequests.map((one) => [title('refused', one), one] as const))('%s', async (_title, one) => {
    const { page, browser, before, after } = await send(one);
    expect(page.status).toBe(one.status);
    expect(page.headers.location).toBeUndefined();
    expect(page.headers['set-cookie']).toBeUndefined();
    expect(after).toBe(before);
    expect((await browser.me()).status).toBe(200);
  });

  it.each(acceptedRequests.map((one) => [title('accepted', one), one] as const))(
    '%s',
    async (_title, one) => {
      const { page, browser, before, after } = await send(one);
      expect(page.status).toBe(one.status);
      expect(after).not.toBe(before);
      expect((await browser.me()).status).toBe(200);
    },
  );
});

describe('pages', () => {
  /** Our own pages: what is asked for, and what may be told about where the user was. */
  const pages: [
    id: string,
    path: string,
    status: number,
    headers: Record<string, string>,
    referrer?: string,
  ][] = [
    ['chooser', '/auth/login', 200, {}],
    // Its form says where it comes from, to a browser that has no better word for that.
    ['logout', '/auth/logout', 200, {}, 'same-origin'],
    ['callback', '/auth/callback/oidc?state=x&code=x', 400, {}],
    ['malformed', '/auth/callback/oidc?state=x&state=y', 400, {}],
    ['prefetch', '/auth/login/oidc', 403, { purpose: 'prefetch' }],
  ];

  it.each(pages)(
    'accepted: page-%s: runs nothing, loads nothing, stays out of frames and caches',
    async (_id, path, status, headers, referrer = 'no-referrer') => {
      const { app } = stage();
      const page = await new Browser(app.url).get(path, headers);
      expect(page.status).toBe(status);
      expect(page.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'referrer-policy': referrer,
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
      const [style, ...others] = [...page.text.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(
        ([, text = '']) => text,
      );
      const hash = createHash('sha256')
        .update(style as string)
        .digest('base64');
      const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; frame-ancestors 'none'`;
      expect(page.headers['content-security-policy']).toBe(policy);
      expect(others).toEqual([]);
      expect(page.text).not.toMatch(
        /<(?:script|link|img|iframe|object|embed|base|meta http-equiv)\b|\s(?:style|on\w+)=/i,
      );
    },
  );
});

describe('cookies over https', () => {
  let certificate: Certificate;
  let app: ServedApp;

  beforeAll(async () => {
    certificate = await makeCertificate();
  });
  beforeEach(async () => {
    app = await serveSecurely();
  });
  afterEach(() => app.close());
  afterAll(() => certificate.remove());

  async function serveSecurely(): Promise<ServedApp> {
    const own = express();
    const sessions = oauthSession({ secret: SECRET, redis: stage().redis.url });
    const router = oauthRouter(oidc.factory(stage().provider(oidc)));
    own.use(sessions, router);
    own.get('/', (_req, res) => void res.send('home'));
    own.get('/me', requireLogin, (req, res) => void res.json({ user: req.oauth.user }));
    own.use(oauthErrorPage());
    const { cert, keyFile } = certificate;
    const server = createServer({ cert, key: await readFile(keyFile) }, own);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      events: [],
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await Promise.all([router.close(), sessions.close()]);
      },
    };
  }

  const visitor = () => new Browser(app.url, certificate.cert);

  it('accepted: host-cookies: both are for this host alone, over https alone, and no script reads them', async () => {
    const browser = visitor();
    const begun = await stage().begin(oidc, {}, { app, browser });
    const { page } = await stage().finish(begun);
    const [bound, session] = [begun.page, page].map(({ headers }) => headers['set-cookie']?.[0]);
    expect(bound).toMatch(
      /^__Host-oauth-browser=[\w-]{43}; Max-Age=600; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(session).toMatch(/^__Host-sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect((await browser.me()).user?.sub).toBe('alice');
  });

  it('refused: cookie-without-prefix: a session cookie as a neighbouring host could set it', async () => {
    const tried = await logIn(stage(), oidc, {}, { app, browser: visitor() });
    const { browser } = tried;
    const other = visitor();
    plant(other, app.url, 'sid', cookiesOf(browser, app.url).get('__Host-sid') as string);
    expect((await expectNoEffect(stage(), tried, () => other.me())).status).toBe(401);
    expect((await browser.me()).status).toBe(200);
  });

  it('refused: binding-without-prefix: a login that was begun elsewhere, with its cookie as a neighbouring host could set it', async () => {
    const attacker = visitor();
    const begun = await stage().begin(oidc, {}, { app, browser: attacker });
    const victim = visitor();
    plant(
      victim,
      app.url,
      'oauth-browser',
      cookiesOf(attacker, app.url).get('__Host-oauth-browser') as string,
    );
    const tried = await stage().finish({ ...begun, browser: victim });
    const refusal = { code: 'transaction_missing', status: 400, leaves: 'the open transaction' } as const;
    await expectRefused(stage(), tried, refusal);
  });

  it('refused: plain-http: a login behind a proxy that ends https, without `trust proxy`', async () => {
    const plain = await stage().freshApp(oidc, {}, { router: { baseUrl: 'https://app.example' } });
    const page = await new Browser(plain.url).get('/auth/login/oidc', { 'x-forwarded-proto': 'https' });
    expect(page.status).toBe(500);
    expect(page.headers['set-cookie']).toBeUndefined();
    expect(page.text).toContain('<code>insecure_transport</code>');
    expect(stage().provider(oidc).requests).toEqual([]);
    expect(await stage().redis.keys()).toEqual([]);
  });
});
