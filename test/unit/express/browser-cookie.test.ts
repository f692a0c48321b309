import { ensureBrowser, readBrowser } from '../../../src/express/browser-cookie.js';
import { ask } from './serve.js';

const secret = `${'a-b_'.repeat(10)}xyz`;

/** What a request with this cookie brings, and the cookie that it gets. */
async function meet(cookie: string | undefined, secure: boolean) {
  let read: string | undefined;
  let kept: string | undefined;
  const { headers } = await ask(
    (app) => {
      app.use((req, res) => {
        read = readBrowser(req, secure);
        kept = ensureBrowser(req, res, secure);
        res.end();
      });
    },
    '/',
    { headers: cookie === undefined ? {} : { cookie } },
  );
  return { read, kept, set: String(headers['set-cookie']) };
}

describe.each([
  ['http', false, 'oauth-browser'],
  ['https', true, '__Host-oauth-browser'],
])('the cookie of a browser, over %s', (_scheme, secure, name) => {
  it('is set for scripts of no page and requests of no other site, and only where it belongs', async () => {
    const { read, kept, set } = await meet(undefined, secure);
    expect(read).toBeUndefined();
    expect(kept).toMatch(/^[\w-]{43}$/);
    const [pair, ...attributes] = set.split('; ');
    expect(pair).toBe(`${name}=${kept}`);
    expect(attributes.filter((one) => !/^(?:Expires|Max-Age)=/.test(one)).sort()).toEqual(
      ['HttpOnly', 'Path=/', 'SameSite=Lax', ...(secure ? ['Secure'] : [])].sort(),
    );
    expect(attributes).toContainEqual(expect.stringMatching(/^Max-Age=600$/));
  });

  it('is kept', async () => {
    expect(await meet(`a=b; ${name}=${secret}`, secure)).toMatchObject({ read: secret, kept: secret });
  });

  // It becomes part of names in Redis.
  it.each([
    ['longer', `${secret}x`],
    ['shorter', secret.slice(1)],
    ['with something before it', `}{${secret}`],
    ['with something after it', `${secret}}:x`],
    ['of other characters', `*${secret.slice(1)}`],
    ['empty', ''],
  ])('is none where it is %s', async (_how, value) => {
    const { read, kept } = await meet(`${name}=${value}`, secure);
    expect(read).toBeUndefined();
    expect(kept).toMatch(/^[\w-]{43}$/);
  });

  it('is none under the name of the other scheme', async () => {
    const other = secure ? 'oauth-browser' : '__Host-oauth-browser';
    expect((await meet(`${other}=${secret}`, secure)).read).toBeUndefined();
  });
});
