import type { ErrorRequestHandler } from 'express';
import {
  AuthorizationDeniedError,
  ConfigurationError,
  LoginRequiredError,
  type OAuthLoginError,
  oauthErrorPage,
  ProviderRejectedError,
  ProviderUnavailableError,
  StoreUnavailableError,
  TransactionError,
} from '../../../src/index.js';
import { type Ask, ask, navigation } from './serve.js';

const hostile = '<script>alert(1)</script>';

function answerTo(error: unknown, { path = '/page?x=1', ...how }: Ask & { path?: string } = {}) {
  const last: ErrorRequestHandler = (other, _req, res, _next) => {
    res.status(599).send(`the next handler got ${other}`);
  };
  return ask(
    (app) => {
      app.use((_req, _res, next) => next(error));
      app.use(oauthErrorPage());
      app.use(last);
    },
    path,
    { headers: navigation, ...how },
  );
}

const json = { headers: { accept: 'application/json' } };

describe('oauthErrorPage', () => {
  it.each<[OAuthLoginError, number, string, string]>([
    [new TransactionError('transaction_unknown', 'Used already.'), 400, 'has expired', 'Used already.'],
    [new LoginRequiredError('login_required', 'Nobody is here.'), 401, 'log in', 'Nobody is here.'],
    [new AuthorizationDeniedError('check_failed', 'Not for you.'), 403, 'Not allowed', 'Not for you.'],
    [new ConfigurationError('session_missing', 'Mount it first.'), 500, 'misconfigured', 'can fix this'],
    [
      new ProviderRejectedError('invalid_client', 'It is wrong.'),
      502,
      'login service',
      'You are still logged in',
    ],
    [
      new StoreUnavailableError('store_unavailable', 'It is gone.'),
      503,
      'right now',
      'You are still logged in',
    ],
  ])('answers %p with a page, or with JSON for who wants that', async (error, status, title, words) => {
    const page = await answerTo(error);
    expect(page.status).toBe(status);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.text).toMatch(new RegExp(`<h1>[\\w ]*${title}[\\w ]*</h1>`));
    expect(page.text).toContain(words);
    expect(page.text).toContain(`<code>${error.code}</code>`);

    const data = await answerTo(error, json);
    expect(data.status).toBe(status);
    expect(data.headers['cache-control']).toBe('no-store');
    expect(JSON.parse(data.text)).toEqual({ error: error.code, message: expect.stringContaining(words) });
    expect(Object.keys(JSON.parse(data.text))).toEqual(['error', 'message']);
    if (!error.expose) expect(page.text + data.text).not.toContain(error.message);
  });

  it('sends the headers of the error', async () => {
    const error = new ProviderUnavailableError('provider_unavailable', 'x', {
      headers: { 'Retry-After': '7' },
    });
    expect((await answerTo(error)).headers['retry-after']).toBe('7');
    expect((await answerTo(error, json)).headers['retry-after']).toBe('7');
  });

  it('offers to log in again, where the error says how', async () => {
    const error = new TransactionError('transaction_unknown', 'Used.', { loginUrl: '/auth/login/aliyun' });
    expect((await answerTo(error)).text).toContain('href="/auth/login/aliyun">Try again');
    expect(JSON.parse((await answerTo(error, json)).text)).toMatchObject({ login_url: '/auth/login/aliyun' });
  });

  it('offers the same page again after an outage, and nothing that is no page of ours', async () => {
    const error = new StoreUnavailableError('store_unavailable', 'x');
    expect((await answerTo(error)).text).toContain('href="/page?x=1"');
    expect((await answerTo(error, { method: 'POST' })).text).not.toContain('href=');
    for (const path of ['//evil.example/x', '/\\evil.example', '/.//evil.example', 'http://evil.example/']) {
      expect((await answerTo(error, { path })).text).not.toContain('href=');
    }
  });

  it('shows nothing that a provider or a browser sent', async () => {
    const error = new ProviderRejectedError('provider_rejected', 'refused', {
      providerCode: hostile,
      requestId: hostile,
      cause: new Error(hostile),
    });
    for (const how of [{}, json]) {
      expect((await answerTo(error, { path: '/x?y=<script>alert(1)</script>', ...how })).text).not.toContain(
        'alert',
      );
    }
  });

  it('leaves every other error to the next handler', async () => {
    for (const other of [
      new Error('mine'),
      Object.assign(new Error('x'), { status: 404, expose: true }),
      'text',
    ]) {
      expect((await answerTo(other)).status).toBe(599);
    }
  });

  it('refuses options that it does not have', () => {
    expect(() => oauthErrorPage({ x: 1 } as never)).toThrow(ConfigurationError);
    expect(() => oauthErrorPage({ onError: 'log' } as never)).toThrow(/onError/);
  });

  it('leaves an answer alone that has begun', async () => {
    const { status, text } = await ask((app) => {
      app.use((_req, res, next) => {
        res.status(200).write('begun ');
        next(new StoreUnavailableError('store_unavailable', 'x'));
      });
      app.use(oauthErrorPage());
      app.use(((_error, _req, res, _next) => {
        res.end('by the next handler');
      }) as ErrorRequestHandler);
    }, '/');
    expect([status, text]).toEqual([200, 'begun by the next handler']);
  });
});
