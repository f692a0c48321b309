import { Browser } from './support/browser.js';
import { title } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import { type Begun, callbackQuery, useStage } from './support/stage.js';
import { expectAccepted, expectRefused, expectUsedUp } from './support/verdict.js';

const stage = useStage();
const [oidc] = dialects as [DialectUnderTest];
const formPost = { options: { responseMode: 'form_post' } };
const FORM = 'application/x-www-form-urlencoded';

/** The form comes from the provider's page, so without the browser's cookies. */
const post = (begun: Begun, body: string, type = FORM) =>
  new Browser(begun.app.url).ask(begun.path, { method: 'POST', headers: { 'content-type': type }, body });

const malformed: [id: string, does: string, body: (form: string) => string, type?: string][] = [
  ['code-twice', 'has two codes', (form) => `${form}&code=another`],
  ['code-list', 'has a list of codes', (form) => `${form}&code[]=another`],
  ['state-twice', 'has two states', (form) => `${form}&state=another`],
  ['proto-member', 'sets a member of __proto__', (form) => `${form}&__proto__[polluted]=1`],
  ['code-and-error', 'has a code and an error', (form) => `${form}&error=access_denied`],
  ['empty', 'is empty', () => ''],
  ['no-state', 'has no state', () => 'code=x'],
  ['long', 'is longer than 16 KiB', (form) => `${form}&padding=${'x'.repeat(17_000)}`],
  ['huge', 'is a megabyte', (form) => `${form}&padding=${'x'.repeat(2 ** 20)}`],
  ['json', 'is JSON', () => '{"code":"x","state":"y"}', 'application/json'],
  ['text', 'is a text', (form) => form, 'text/plain'],
  ['multipart', 'is a form in parts', (form) => form, 'multipart/form-data; boundary=x'],
  ['charset', 'is in an encoding that nobody knows', (form) => form, `${FORM}; charset=evil`],
];

describe('a callback that was posted', () => {
  it.each(
    malformed.map(([id, does, body, type]) => {
      const source = 'OAuth 2.0 Form Post Response Mode 2';
      return [title('refused', { id, does, source }), body, type] as const;
    }),
  )('%s', async (_title, body, type) => {
    const begun = await stage().begin(oidc, formPost);
    const page = await post(begun, body(callbackQuery(begun)), type);
    const refusal = { code: 'callback_malformed', status: 400, leaves: 'the open transaction' } as const;
    await expectRefused(stage(), { ...begun, page }, refusal);
  });

  const usual = {
    id: 'base',
    does: 'is taken by the GET that follows',
    source: 'OAuth 2.0 Form Post Response Mode 2',
  };
  it(title('accepted', usual), async () => {
    const begun = await stage().begin(oidc, formPost);
    expect(begun.sent.get('response_mode')).toBe('form_post');
    const posted = await post(begun, callbackQuery(begun));
    expect(posted.status).toBe(303);
    const page = await begun.browser.get(posted.headers.location ?? '');
    await expectAccepted({ ...begun, page });
  });

  const stolen = { id: 'foreign-browser', does: 'is taken by another browser', source: 'RFC 9700 4.7' };
  it(title('refused', stolen), async () => {
    const begun = await stage().begin(oidc, formPost);
    const posted = await post(begun, callbackQuery(begun));
    const browser = new Browser(begun.app.url);
    const page = await browser.get(posted.headers.location ?? '');
    const refusal = { code: 'transaction_missing', status: 400, leaves: 'the open transaction' } as const;
    await expectRefused(stage(), { ...begun, browser, page }, refusal);
  });

  const repeated = {
    id: 'handle-again',
    does: 'is taken again by who is logged in',
    source: 'RFC 9700 4.2',
  };
  it(title('accepted', repeated), async () => {
    const begun = await stage().begin(oidc, formPost);
    const posted = await post(begun, callbackQuery(begun));
    await begun.browser.get(posted.headers.location ?? '');
    const page = await begun.browser.get(posted.headers.location ?? '');
    expect([page.status, page.headers.location]).toEqual([303, '/']);
    expect((await begun.browser.me()).status).toBe(200);
    expect(begun.provider.to('token')).toHaveLength(1);
  });

  const again = { id: 'handle-twice', does: 'is taken twice', source: 'RFC 9700 4.2' };
  it(title('refused', again), async () => {
    const begun = await stage().begin(oidc, formPost);
    const posted = await post(begun, callbackQuery(begun));
    await begun.browser.get(posted.headers.location ?? '');
    await begun.browser.ask('/auth/logout', { method: 'POST' });
    await expectUsedUp(stage(), begun, () => begun.browser.get(posted.headers.location ?? ''));
  });
});
