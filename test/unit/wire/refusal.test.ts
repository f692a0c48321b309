import type { Dialect } from '../../../src/dialect.js';
import { isOAuthLoginError, type OAuthLoginError } from '../../../src/errors.js';
import { readSuccess } from '../../../src/wire/answer.js';

function judge(status: number, body?: unknown, headers: Record<string, string> = {}, dialect: Dialect = {}) {
  return readSuccess({ status, headers: new Headers(headers), body }, dialect);
}

/** The error that an answer means. */
function refusal(...answer: Parameters<typeof judge>): OAuthLoginError {
  try {
    judge(...answer);
  } catch (error) {
    if (isOAuthLoginError(error)) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('an answer is a success', () => {
  it.each([200, 201, 299])('with %d and an object', (status) => {
    const body = { access_token: 'at' };
    expect(judge(status, body)).toBe(body);
  });

  it.each([[{ error: null }], [{ error_description: 'ok' }]])('with %j', (body) => {
    expect(judge(200, body)).toBe(body);
  });
});

describe('what a refusal means', () => {
  it.each<[number, unknown, string]>([
    // Only this ends a login.
    [400, { error: 'invalid_grant' }, 'invalid_grant'],
    [401, { error: 'invalid_grant' }, 'invalid_grant'],
    [200, { error: 'invalid_grant' }, 'invalid_grant'],
    [400, { error: 'invalid_client' }, 'invalid_client'],
    [401, { error: 'invalid_client' }, 'invalid_client'],
    [403, { error: 'unauthorized_client' }, 'invalid_client'],
    [400, { error: 'invalid_request' }, 'provider_rejected'],
    [403, { error: 'invalid_code' }, 'provider_rejected'],
    [400, { error: 'INVALID_GRANT' }, 'provider_rejected'],
    [400, { error: 'invalid_grant ' }, 'provider_rejected'],
    [400, { error: 40_029 }, 'provider_rejected'],
    [200, { error: 'x' }, 'provider_rejected'],
    [200, { error: '' }, 'provider_rejected'],
    [200, { error: 0 }, 'provider_rejected'],
    [400, undefined, 'provider_protocol'],
    [400, {}, 'provider_protocol'],
    [400, [], 'provider_protocol'],
    [400, { error: {} }, 'provider_protocol'],
    [400, { error: ['invalid_grant'] }, 'provider_protocol'],
    [400, 'invalid_grant', 'provider_protocol'],
    [401, undefined, 'provider_protocol'],
    [404, undefined, 'provider_protocol'],
    [500, undefined, 'provider_unavailable'],
    [500, { error: 'invalid_grant' }, 'provider_unavailable'],
    [502, '<html>', 'provider_unavailable'],
    [503, { error: 'invalid_client' }, 'provider_unavailable'],
    [429, { error: 'invalid_grant' }, 'provider_unavailable'],
    [408, undefined, 'provider_unavailable'],
    [400, { error: 'temporarily_unavailable' }, 'provider_unavailable'],
    [400, { error: 'server_error' }, 'provider_unavailable'],
    [300, { error: 'invalid_grant' }, 'provider_protocol'],
    [301, { error: 'invalid_grant' }, 'provider_protocol'],
    [302, undefined, 'provider_protocol'],
    [304, undefined, 'provider_protocol'],
    [200, undefined, 'provider_protocol'],
    [200, [], 'provider_protocol'],
    [200, [{ access_token: 'at' }], 'provider_protocol'],
    [200, 'access_token=at', 'provider_protocol'],
    [200, null, 'provider_protocol'],
    [200, 5, 'provider_protocol'],
    [204, undefined, 'provider_protocol'],
  ])('%d with %j: %s', (status, body, code) => {
    expect(refusal(status, body)).toMatchObject({ code });
  });

  it('keeps the provider’s own code, and no other text', () => {
    const error = refusal(400, {
      error: 'Invalid.Parameter:code-7',
      error_description: 'token abc is bad',
      error_uri: 'u',
    });
    expect(error.providerCode).toBe('Invalid.Parameter:code-7');
    expect(error.message).toBe('The provider refused the request (HTTP 400).');
  });

  it.each(['code c0de of s3cret unknown', 'x\n[alert] forged', '<b>', 'x'.repeat(65), 'Bearer at-1'])(
    'keeps nothing of %j in the place of a code: it may repeat what was sent',
    (text) => {
      const error = refusal(400, { error: text });
      expect(error).toMatchObject({ code: 'provider_rejected' });
      expect(error.providerCode).toBeUndefined();
    },
  );
});

describe('Retry-After of a provider that cannot serve', () => {
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

  it.each([
    ['absent', undefined, 1],
    ['seconds', '7', 7],
    ['zero', '0', 1],
    ['the most that counts', '60', 60],
    ['more than that', '61', 60],
    ['absurd', '99999999', 60],
    ['a year from now', inSeconds(366 * 86_400), 60],
    ['in the past', inSeconds(-60), 1],
    ['negative', '-5', 1],
    ['text', 'soon', 1],
    ['empty', '', 1],
  ])('%s', (_what, header, seconds) => {
    const headers = header === undefined ? undefined : { 'retry-after': header };
    expect(refusal(503, undefined, headers).headers).toEqual({ 'Retry-After': String(seconds) });
  });

  it('as a date', () => {
    const { headers } = refusal(429, undefined, { 'retry-after': inSeconds(40) });
    // A date has whole seconds, and a little time has passed.
    expect(Number(headers?.['Retry-After'])).toBeGreaterThan(30);
    expect(Number(headers?.['Retry-After'])).toBeLessThanOrEqual(40);
  });
});

describe('a dialect of errors', () => {
  it('succeeds by its own rule, by nothing else, and never with an error', () => {
    const dialect: Dialect = {
      answer: { success: { path: ['code'], values: ['60001'] } },
      error: { code: ['code'] },
    };
    for (const ok of [{ code: '60001' }, { code: '60001', error: 0 }, { code: '60001', error: '' }]) {
      expect(judge(200, ok, {}, dialect)).toBe(ok);
    }
    expect(refusal(200, { code: '60001', error: 'access_denied' }, {}, dialect).code).toBe(
      'provider_rejected',
    );
    expect(judge(200, { code: 60_001 }, {}, dialect)).toEqual({ code: 60_001 });
    expect(refusal(200, { code: '60008' }, {}, dialect)).toMatchObject({
      code: 'provider_rejected',
      providerCode: '60008',
    });
    expect(refusal(200, { access_token: 'at' }, {}, dialect).code).toBe('provider_protocol');
    expect(refusal(400, { code: '60001' }, {}, dialect).code).toBe('provider_rejected');
  });

  it('takes no list for its success, and an answer without the member only where that is one', () => {
    const success = { path: ['code'], values: ['0', 'undefined', 'null', '[object Object]'] };
    const dialect: Dialect = { answer: { success } };
    for (const wrong of [{ code: ['0'] }, { code: {} }, {}, { code: null }]) {
      expect(refusal(200, wrong, {}, dialect).code).toBe('provider_protocol');
    }
    const lenient: Dialect = {
      answer: { success: { ...success, absent: true } },
      error: { code: ['code'], map: { '40030': 'invalid_grant' } },
    };
    for (const ok of [{ access_token: 'at' }, { code: 0 }]) expect(judge(200, ok, {}, lenient)).toBe(ok);
    expect(refusal(200, { code: 40_030 }, {}, lenient).code).toBe('invalid_grant');
    expect(refusal(200, { code: ['0'] }, {}, lenient).code).toBe('provider_protocol');
  });

  it('looks for its success deep inside, in own members only', () => {
    const dialect: Dialect = { answer: { success: { path: ['head', 'ok'], values: ['true'] } } };
    const body = { head: { ok: true } };
    expect(judge(200, body, {}, dialect)).toBe(body);
    for (const wrong of [{ head: null }, { head: { ok: false } }, { 'head.ok': true }, {}, null, []]) {
      expect(refusal(200, wrong, {}, dialect).code).toBe('provider_protocol');
    }
    const inherited: Dialect = { answer: { success: { path: ['constructor', 'name'], values: ['Object'] } } };
    expect(() => judge(200, {}, {}, inherited)).toThrow();
  });

  it('maps its codes to the standard ones, and keeps its own for the people who ask', () => {
    const dialect: Dialect = {
      error: { code: ['errcode', 'code'], map: { 40029: 'invalid_grant', busy: 'temporarily_unavailable' } },
    };
    expect(refusal(400, { errcode: 40_029 }, {}, dialect)).toMatchObject({
      code: 'invalid_grant',
      providerCode: '40029',
    });
    expect(refusal(400, { errcode: null, code: '40029' }, {}, dialect).code).toBe('invalid_grant');
    expect(refusal(400, { code: 'busy' }, {}, dialect).code).toBe('provider_unavailable');
    expect(refusal(400, { code: 'other' }, {}, dialect).code).toBe('provider_rejected');
  });

  it('is not fooled by codes that every object has', () => {
    const dialect: Dialect = { error: { map: { x: 'invalid_grant' } } };
    for (const error of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(refusal(400, { error }, {}, dialect)).toMatchObject({
        code: 'provider_rejected',
        providerCode: error,
      });
    }
  });

  it('tells the provider’s id of the request, from the body or a header', () => {
    const dialect: Dialect = { error: { requestId: ['requestId', 'x-request-id'] } };
    const headers = { 'X-Request-Id': 'from-header' };
    expect(refusal(400, { error: 'x', requestId: 'from-body' }, headers, dialect).requestId).toBe(
      'from-body',
    );
    expect(refusal(400, { error: 'x' }, headers, dialect).requestId).toBe('from-header');
    expect(refusal(502, undefined, headers, dialect).requestId).toBe('from-header');
    expect(refusal(400, { requestId: 'y'.repeat(300) }, {}, dialect).requestId).toHaveLength(255);
    expect(refusal(400, { requestId: {} }, {}, dialect).requestId).toBeUndefined();
    expect(refusal(400, { requestId: 'x' }).requestId).toBeUndefined();
  });
});
