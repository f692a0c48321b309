import { jest } from '@jest/globals';
import {
  AuthorizationDeniedError,
  ConfigurationError,
  LoginRequiredError,
  type OAuthErrorPageOptions,
  oauthErrorPage,
  ProviderRejectedError,
  ProviderUnavailableError,
  StoreUnavailableError,
} from '../../../src/index.js';
import { ask, navigation } from './serve.js';

const SECRET = 'kept-out-of-every-log-0123456789';

const spy = () => jest.spyOn(console, 'error').mockImplementation(() => {});
let printed: ReturnType<typeof spy>;
beforeEach(() => {
  printed = spy();
});
afterEach(() => printed.mockRestore());

const answerTo = (error: unknown, env = 'production', options?: OAuthErrorPageOptions) =>
  ask(
    (app) => {
      app.set('env', env);
      app.use((_req, _res, next) => next(error));
      app.use(oauthErrorPage(options));
    },
    '/page',
    { headers: navigation },
  );

const veto = (cause: unknown) => new AuthorizationDeniedError('login_vetoed', 'No.', { cause });
const log = () => printed.mock.calls.map(([text]) => text).join('\n');

describe('oauthErrorPage', () => {
  it('prints errors of 5xx, as Express does: nobody else would hear of them', async () => {
    await answerTo(new ConfigurationError('session_missing', 'Mount oauthSession first.'));
    expect(printed).toHaveBeenCalledTimes(1);
    expect(log()).toMatch(/^ConfigurationError: Mount oauthSession first\.\n +at /);
  });

  it('names what lies beneath, and repeats none of it', async () => {
    const refused = Object.assign(new Error(`connect ${SECRET}`), { code: 'ECONNREFUSED' });
    await answerTo(
      new ProviderUnavailableError('provider_unavailable', 'The provider cannot be reached.', {
        cause: new TypeError(`fetch of ${SECRET} failed`, { cause: refused }),
      }),
    );
    expect(log()).toMatch(/caused by TypeError\n +caused by Error ECONNREFUSED$/);
    await answerTo(
      new ProviderRejectedError('provider_rejected', 'Refused.', {
        cause: new Error('OAUTH_RESPONSE_BODY_ERROR'),
        providerCode: '60008',
        requestId: SECRET,
      }),
    );
    expect(log()).toMatch(/provider's code: 60008\n +caused by Error OAUTH_RESPONSE_BODY_ERROR$/);
    await answerTo(
      new StoreUnavailableError('store_unavailable', 'Redis failed.', {
        cause: new Error(`READONLY You cannot write ${SECRET}`),
      }),
    );
    expect(log()).toContain('Redis: readonly');
    expect(log()).not.toContain(SECRET);
  });

  it.each<[string, Error]>([
    ['a code with more before it', Object.assign(new Error('x'), { code: `${SECRET} ECONNREFUSED` })],
    ['a code with more after it', Object.assign(new Error('x'), { code: `ECONNREFUSED ${SECRET}` })],
    ['a message that ends with a code', new Error(`${SECRET} OAUTH_ERROR`)],
    ['a message that begins with a code', new Error(`OAUTH_ERROR ${SECRET}`)],
  ])('prints nothing of %s', async (_what, cause) => {
    await answerTo(new ProviderUnavailableError('provider_unavailable', 'It is down.', { cause }));
    expect(log()).toMatch(/caused by Error$/);
    expect(log()).not.toContain(SECRET);
  });

  it('prints no code of a provider that is more than a code', async () => {
    const providerCode = 'x\nForged: a line of its own';
    await answerTo(new ProviderRejectedError('provider_rejected', 'Refused.', { providerCode }));
    expect(log()).not.toContain('Forged');
  });

  it.each<[string, unknown]>([
    ['a mistake', new TypeError('Cannot read properties of undefined')],
    ['a service that failed', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['a database that failed', Object.assign(new Error('db'), { code: '57P01' })],
  ])('prints a veto that is %s in onLogin', async (_what, cause) => {
    expect((await answerTo(veto(cause))).status).toBe(403);
    expect(log()).toMatch(/^onLogin failed.*\(login_vetoed\): /);
    expect(log()).toContain((cause as Error).stack);
  });

  it.each<[string, unknown]>([
    ['a veto', veto(new Error('not one of us'))],
    ['a veto by a class of the app', veto(new (class NotAllowed extends Error {})('no'))],
    ['a veto that is no error', veto('no')],
    ['a login that is wanted', new LoginRequiredError('login_required', 'Nobody.')],
    [
      'a guard that refuses',
      new AuthorizationDeniedError('check_failed', 'No.', { cause: new TypeError('x') }),
    ],
  ])('prints nothing for %s', async (_what, error) => {
    await answerTo(error);
    expect(printed).not.toHaveBeenCalled();
  });

  it('prints nothing in tests', async () => {
    await answerTo(new ConfigurationError('session_missing', 'x'), 'test');
    expect(printed).not.toHaveBeenCalled();
  });

  it('leaves the log to onError, which gets every error, and may fail', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const got: [string, string][] = [];
    const onError: OAuthErrorPageOptions['onError'] = (error, req) => {
      got.push([error.code, req.path]);
      throw new Error(SECRET);
    };
    for (const error of [
      new LoginRequiredError('login_required', 'x'),
      new ConfigurationError('invalid_option', 'x'),
    ]) {
      expect((await answerTo(error, 'production', { onError })).status).toBe(error.status);
    }
    expect(got).toEqual([
      ['login_required', '/page'],
      ['invalid_option', '/page'],
    ]);
    expect(printed).not.toHaveBeenCalled();
    expect(warned).toHaveBeenCalledTimes(2);
    expect(String(warned.mock.calls)).not.toContain(SECRET);
    warned.mockRestore();
  });

  it.each([
    ['development', true],
    ['production', false],
    ['test', false],
  ])('says on the page what is set up wrongly, in %s: %p', async (env, shown) => {
    const { text } = await answerTo(new ConfigurationError('session_missing', 'Mount <it> first.'), env);
    expect(text.includes('Mount &lt;it&gt; first.')).toBe(shown);
    const outage = await answerTo(new StoreUnavailableError('store_unavailable', 'Redis has gone.'), env);
    expect(outage.text).not.toContain('Redis has gone');
  });
});
