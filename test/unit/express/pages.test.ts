import { createHash } from 'node:crypto';
import type { Response } from 'express';
import { chooserPage, confirmLogoutPage, errorPage, sendPage } from '../../../src/express/pages.js';
import { ask } from './serve.js';

const show = (page: (res: Response) => void) => ask((app) => void app.use((_req, res) => page(res)), '/');

const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&`;

/** Whether text stands in a page as text, and nothing of it as markup. */
function expectEscaped({ text }: { text: string }) {
  expect(text).not.toContain('<script');
  expect(text).not.toContain('<img');
  expect(text).not.toMatch(/="[^"]*"><script/);
  expect(text).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(text).toContain('&#39;alert(2)&#39;&gt;&amp;');
}

describe('every page', () => {
  const page = () => show((res) => sendPage(res, 200, 'Title', '<p>body</p>'));

  it('is kept out of caches and frames, runs nothing, loads nothing, and tells nobody where it was', async () => {
    const { headers } = await page();
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]),
    );
    expect(policy.join()).not.toMatch(/unsafe|\*|https?:|data:/);
  });

  it('has the one style that its policy allows, and no other, nor a script', async () => {
    const { headers, text } = await page();
    const styles = [...text.matchAll(/<style>([\s\S]*?)<\/style>/g)];
    expect(styles).toHaveLength(1);
    const hash = createHash('sha256')
      .update(styles[0]?.[1] as string)
      .digest('base64');
    expect(headers['content-security-policy']).toContain(`style-src 'sha256-${hash}'`);
    expect(text).not.toMatch(/<script|\sstyle=|\son\w+=|<link|<img|@import|url\(/);
  });

  it('has a language, a title, a heading and a main part, for those who do not see it', async () => {
    const { text } = await page();
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(text).toContain('<title>Title</title>');
    expect(text).toMatch(/<main>\n<h1>Title<\/h1>/);
    expect(text).toContain('name="viewport"');
  });

  it('escapes its title', async () => {
    expectEscaped(await show((res) => sendPage(res, 200, hostile, '')));
  });
});

describe('the chooser', () => {
  it('has a link for each provider, in their order', async () => {
    const { status, text } = await show((res) =>
      chooserPage(res, [
        { title: 'Alibaba Cloud', url: '/auth/login/aliyun?returnTo=%2Fme' },
        { title: 'Work', url: '/auth/login/work' },
      ]),
    );
    expect(status).toBe(200);
    expect([...text.matchAll(/href="([^"]*)">([^<]*)</g)].map(([, url, title]) => [url, title])).toEqual([
      ['/auth/login/aliyun?returnTo=%2Fme', 'Alibaba Cloud'],
      ['/auth/login/work', 'Work'],
    ]);
  });

  it('escapes titles and URLs', async () => {
    expectEscaped(await show((res) => chooserPage(res, [{ title: hostile, url: '/' }])));
    expectEscaped(await show((res) => chooserPage(res, [{ title: 't', url: hostile }])));
  });
});

describe('the question whether a logout is meant', () => {
  it('is answered by a form that posts, or by a link', async () => {
    const { text } = await show((res) => confirmLogoutPage(res, '/auth/logout', '/home'));
    expect(text).toMatch(/<form method="post" action="\/auth\/logout">[\s\S]*<button[^>]*type="submit"/);
    expect(text).toContain('href="/home"');
  });

  it('escapes both ways', async () => {
    expectEscaped(await show((res) => confirmLogoutPage(res, hostile, '/')));
    expectEscaped(await show((res) => confirmLogoutPage(res, '/', hostile)));
  });
});

describe('the page for an error', () => {
  const of = (change: object) =>
    show((res) =>
      errorPage(res, 503, {
        title: 'T',
        message: 'M',
        code: 'store_unavailable',
        retryUrl: undefined,
        ...change,
      }),
    );

  it('shows message and code, and a way on where there is one', async () => {
    const without = await of({});
    expect(without.status).toBe(503);
    expect(without.text).toContain('<p>M</p>');
    expect(without.text).toContain('<code>store_unavailable</code>');
    expect(without.text).not.toContain('href=');
    expect((await of({ retryUrl: '/auth/login?x=1&y=2' })).text).toContain('href="/auth/login?x=1&amp;y=2"');
  });

  it.each(['title', 'message', 'code', 'retryUrl'])('escapes its %s', async (part) => {
    expectEscaped(await of({ [part]: hostile }));
  });
});
