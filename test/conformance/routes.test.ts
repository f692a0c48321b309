import { Browser } from './support/browser.js';
import { title } from './support/cases.js';
import { useStage } from './support/stage.js';
import { expectUnharmed } from './support/verdict.js';

const stage = useStage();

/** Names of providers that nobody has, as they stand in a URL. */
const names: [id: string, name: string][] = [
  ['prototype', '__proto__'],
  ['constructor', 'constructor'],
  ['method', 'toString'],
  ['own', 'hasOwnProperty'],
  ['capitals', 'OIDC'],
  ['nul', 'oidc%00'],
  ['newline', 'oidc%0d%0aSet-Cookie:%20sid=x'],
  ['slash', 'oidc%2f'],
  ['parent', '..%2foidc'],
  ['parent-twice', '%2e%2e%2f%2e%2e%2fme'],
  ['backslash', '..%5coidc'],
  ['space', '%20oidc'],
  ['semicolon', 'oidc;x=1'],
  ['dot', 'oidc.'],
  ['full-width', '%EF%BD%8Fidc'],
  ['broken', '%E0%A4%A'],
  ['percent', '%'],
  ['markup', '%3Cscript%3Ealert(1)%3C/script%3E'],
  ['markup-attribute', '%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E'],
  ['template', '%7B%7B7*7%7D%7D'],
  ['pattern', '*'],
  ['long', 'x'.repeat(4000)],
];

const routes: [method: string, route: string, query: string][] = [
  ['GET', 'login', '?returnTo=/me'],
  ['GET', 'callback', `?code=x&state=${'x'.repeat(43)}`],
  ['POST', 'callback', ''],
  ['POST', 'backchannel-logout', ''],
];

describe.each(routes)('%s on the route %s', (method, route, query) => {
  it.each(
    names.map(([id, name]) => {
      const one = { id, does: `names the provider ${name.slice(0, 40)}`, source: 'OWASP ASVS 5.0 2.2' };
      return [title('refused', one), name] as const;
    }),
  )('%s', async (_title, name) => {
    const browser = new Browser(stage().app.url);
    const body = method === 'POST' ? { body: 'logout_token=x&code=x&state=x' } : {};
    const page = await browser.ask(`/auth/${route}/${name}${query}`, { method, ...body });
    expect([400, 404]).toContain(page.status);
    expect(page.headers.location).toBeUndefined();
    expect(page.headers['set-cookie']).toBeUndefined();
    expect(page.text).not.toMatch(/<script>|<img/);
    expect(await stage().redis.keys()).toEqual([]);
    await expectUnharmed({ browser });
  });
});
