import {
  AuthorizationDeniedError,
  ProviderRejectedError,
  ProviderUnavailableError,
  TransactionError,
} from '../../../src/errors.js';
import { callbackError, needsInteraction, parseCallback, readState } from '../../../src/login/callback.js';

function expectMalformed(run: () => unknown) {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(TransactionError);
  expect(thrown).toMatchObject({ code: 'callback_malformed', status: 400 });
  expect((thrown as Error).message).toMatch(/^The callback is malformed: [\w ]+\.$/);
}

describe('the parameters of a callback', () => {
  it('are read as they came', () => {
    expect([...parseCallback('code=a%2Bb+c&state=s&iss=https%3A%2F%2Fx')]).toEqual([
      ['code', 'a+b c'],
      ['state', 's'],
      ['iss', 'https://x'],
    ]);
    expect([...parseCallback('')]).toEqual([]);
    expect(parseCallback(`code=${'x'.repeat(16_379)}`).get('code')).toHaveLength(16_379);
  });

  it.each([
    'code=a&code=b',
    'code=a&state=s&state=s',
    'code=a&%63ode=b',
    'unknown=1&unknown=1',
    'code[]=a',
    'code%5B%5D=a',
    'code[0]=a',
    'code[__proto__]=a',
    'state[a]=b',
    '[code]=a',
    `code=${'x'.repeat(16_380)}`,
  ])('are refused when they are not as one honest answer would be: %s', (query) => {
    expectMalformed(() => parseCallback(query));
  });

  it('pollute no prototype', () => {
    const params = parseCallback('__proto__=x&constructor=y&code=a&state=s');
    expect(params.get('__proto__')).toBe('x');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('the state', () => {
  const state = (query: string) => readState(new URLSearchParams(query));

  it('comes with a code or an error', () => {
    expect(state('state=s&code=c')).toBe('s');
    expect(state('state=s&error=access_denied')).toBe('s');
    expect(state(`state=${'s'.repeat(512)}&code=${'c'.repeat(4096)}`)).toHaveLength(512);
  });

  it.each([
    ['no state', 'code=c'],
    ['an empty state', 'state=&code=c'],
    ['a state too long', `state=${'s'.repeat(513)}&code=c`],
    ['a code and an error', 'state=s&code=c&error=e'],
    ['a code and an empty error', 'state=s&code=c&error='],
    ['neither', 'state=s'],
    ['an empty code', 'state=s&code='],
    ['a code too long', `state=s&code=${'c'.repeat(4097)}`],
    ['a line break in the code', 'state=s&code=a%0Ab'],
    ['a code beyond ASCII', 'state=s&code=%C3%A4'],
    // A dialect has given the standard name to another parameter.
    ['two states', 'state=s&state=t&code=c'],
    ['two codes', 'state=s&code=c&code=d'],
    ['two errors', 'state=s&error=e&error=f'],
    ['two issuers', 'state=s&code=c&iss=i&iss=j'],
  ])('does not come with %s', (_what, query) => {
    expectMalformed(() => state(query));
  });
});

describe('an error in a callback', () => {
  it.each([
    ['access_denied', AuthorizationDeniedError, 'access_denied'],
    ['consent_required', AuthorizationDeniedError, 'access_denied'],
    ['unmet_authentication_requirements', AuthorizationDeniedError, 'insufficient_user_authentication'],
    ['server_error', ProviderUnavailableError, 'provider_unavailable'],
    ['temporarily_unavailable', ProviderUnavailableError, 'provider_unavailable'],
    ['invalid_scope', ProviderRejectedError, 'provider_rejected'],
    ['login_required', ProviderRejectedError, 'provider_rejected'],
    ['Access_Denied', ProviderRejectedError, 'provider_rejected'],
    ['', ProviderRejectedError, 'provider_rejected'],
    ['<script>', ProviderRejectedError, 'provider_rejected'],
  ])('%j is a %p', (code, Class, ours) => {
    const error = callbackError(code);
    expect(error).toBeInstanceOf(Class);
    expect(error).toMatchObject({ code: ours });
    expect(error.message).not.toContain('<');
  });

  it('that passes says when to try again', () => {
    const headers = { 'Retry-After': '1' };
    expect(callbackError('server_error')).toMatchObject({ headers, providerCode: 'server_error' });
  });

  it('is kept where it looks like a code, and out of the message', () => {
    expect(callbackError('x'.repeat(64))).toMatchObject({ providerCode: 'x'.repeat(64) });
    for (const text of ['x'.repeat(65), 'x\n[alert] forged']) {
      expect(callbackError(text)).toMatchObject({ providerCode: undefined });
    }
    expect(callbackError('secret-thing').message).not.toContain('secret-thing');
  });

  it.each([
    ['login_required', true],
    ['interaction_required', true],
    ['consent_required', true],
    ['account_selection_required', true],
    ['access_denied', false],
    ['login_required_x', false],
    ['no_login_required', false],
    ['server_error', false],
  ])('%s means that a silent login is not possible: %p', (code, expected) => {
    expect(needsInteraction(code)).toBe(expected);
  });
});
