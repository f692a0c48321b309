import { pathToFileURL } from 'node:url';
import { retryAfter } from '../../../src/errors.js';
import {
  AuthorizationDeniedError,
  ConfigurationError,
  isOAuthLoginError,
  LoginRequiredError,
  OAuthLoginError,
  type OAuthLoginErrorCode,
  ProviderProtocolError,
  ProviderRejectedError,
  ProviderUnavailableError,
  StoreUnavailableError,
  TransactionError,
} from '../../../src/index.js';

type ErrorClass = new (code: OAuthLoginErrorCode, message: string) => OAuthLoginError;

const codes: readonly [ErrorClass, number, readonly OAuthLoginErrorCode[]][] = [
  [
    ConfigurationError,
    500,
    [
      'invalid_option',
      'unknown_option',
      'missing_option',
      'conflicting_options',
      'session_missing',
      'insecure_transport',
      'unknown_provider',
    ],
  ],
  [
    TransactionError,
    400,
    [
      'callback_malformed',
      'transaction_missing',
      'transaction_unknown',
      'provider_mismatch',
      'issuer_mismatch',
    ],
  ],
  [
    AuthorizationDeniedError,
    403,
    [
      'access_denied',
      'user_not_allowed',
      'login_vetoed',
      'insufficient_scope',
      'claim_mismatch',
      'check_failed',
      'cross_site_request',
      'navigation_required',
    ],
  ],
  [LoginRequiredError, 401, ['login_required', 'login_ended']],
  [ProviderRejectedError, 502, ['provider_rejected', 'invalid_grant', 'invalid_client']],
  [ProviderProtocolError, 502, ['provider_protocol', 'id_token_invalid']],
  [ProviderUnavailableError, 503, ['provider_unavailable', 'provider_timeout', 'refresh_timeout']],
  [StoreUnavailableError, 503, ['store_unavailable']],
];

describe.each(codes)('%p', (Class, status, itsCodes) => {
  it.each(itsCodes)(`answers ${status} for %s, and shows its message only below 500`, (code) => {
    const error = new Class(code, 'what happened');
    expect(error).toMatchObject({
      name: Class.name,
      message: 'what happened',
      code,
      status,
      statusCode: status,
      expose: status < 500,
    });
    expect(error).toBeInstanceOf(OAuthLoginError);
    expect(error).toBeInstanceOf(Error);
    expect(isOAuthLoginError(error)).toBe(true);
  });
});

describe('OAuthLoginError', () => {
  it('carries what it is given, and has no empty members otherwise', () => {
    const cause = new Error('underneath');
    const details = {
      cause,
      headers: { 'Retry-After': '2' },
      loginUrl: '/auth/login',
      providerCode: '60008',
      requestId: 'r-1',
    };
    expect(new ProviderRejectedError('provider_rejected', 'x', details)).toMatchObject(details);
    const bare = new ProviderRejectedError('provider_rejected', 'x');
    for (const member of ['cause', 'headers', 'loginUrl', 'providerCode', 'requestId'] as const) {
      expect(bare[member]).toBeUndefined();
    }
  });
});

describe('isOAuthLoginError', () => {
  it('knows an error of another copy of the package', async () => {
    const other = await import(`${pathToFileURL(`${process.cwd()}/src/errors.ts`)}?copy=2`);
    const error = new other.StoreUnavailableError('store_unavailable', 'x');
    expect(error instanceof OAuthLoginError).toBe(false);
    expect(isOAuthLoginError(error)).toBe(true);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'login_required'],
    ['an object that looks like one', { code: 'login_required', expose: true, status: 401 }],
    ['a plain error', new Error('x')],
    ['an error of http-errors', Object.assign(new Error('x'), { status: 404, expose: true })],
    ['a system error', Object.assign(new Error('x'), { code: 'ECONNREFUSED', expose: false })],
    ['a code that every object has', Object.assign(new Error('x'), { code: 'constructor', expose: true })],
    ['a code without expose', Object.assign(new Error('x'), { code: 'login_required' })],
  ])('does not take %s for one', (_what, value) => {
    expect(isOAuthLoginError(value)).toBe(false);
  });
});

it.each([
  [0, '1'],
  [-5000, '1'],
  [1, '1'],
  [1000, '1'],
  [1001, '2'],
  [59_999.5, '60'],
])('Retry-After for %p ms is %p: whole seconds, at least one', (milliseconds, header) => {
  expect(retryAfter(milliseconds)).toEqual({ 'Retry-After': header });
});
