import type { Dialect } from '../../../src/dialect.js';
import { ProviderProtocolError } from '../../../src/errors.js';
import { readSuccess, readTokenAnswer } from '../../../src/wire/answer.js';

const SENT = 1_800_000_000_000;
const read = (body: Record<string, unknown>, dialect: Dialect = {}) =>
  readTokenAnswer({ access_token: 'at', ...body }, dialect, SENT);

function expectNonsense(body: Record<string, unknown>, dialect?: Dialect) {
  let thrown: unknown;
  try {
    read(body, dialect);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ProviderProtocolError);
  expect(thrown).toMatchObject({ code: 'provider_protocol' });
  expect((thrown as Error).message).toMatch(/^The provider's token answer makes no sense: [\w ]+\.$/);
}

describe('a dialect that tells success within `error`', () => {
  const dialect: Dialect = { answer: { success: { path: ['error', 'code'], values: ['ok'] } } };
  const answer = (body: unknown) => readSuccess({ status: 200, headers: new Headers(), body }, dialect);

  it('is taken at its word', () => {
    expect(answer({ error: { code: 'ok' }, data: 1 })).toMatchObject({ data: 1 });
  });

  it.each([{ error: { code: 'bad' } }, { error: 'ok' }, { error: 'invalid_grant' }, {}])(
    'and has failed with %j',
    (body) => {
      expect(() => answer(body)).toThrow();
    },
  );
});

describe('the lifetime of a refresh token', () => {
  it.each<[unknown, number | undefined]>([
    [3600, 3_600_000],
    ['60', 60_000],
    // Keycloak says so of one that does not expire.
    [0, undefined],
    ['0', undefined],
    [undefined, undefined],
  ])('%p makes %p ms from when the request was sent', (refresh_expires_in, lifetime) => {
    const { refreshExpiresAt } = read({ refresh_expires_in });
    expect(refreshExpiresAt).toBe(lifetime === undefined ? undefined : SENT + lifetime);
  });
});

describe('the lifetime of an access token', () => {
  it.each<[unknown, number | undefined]>([
    [3600, 3_600_000],
    ['3600', 3_600_000],
    [3, 3000],
    [0, 0],
    ['0', 0],
    [0.5, 500],
    ['7200.25', 7_200_250],
    [Number.MAX_SAFE_INTEGER / 1e6, (Number.MAX_SAFE_INTEGER / 1e6) * 1000],
    [undefined, undefined],
    [null, undefined],
  ])('%p makes %p ms from when the request was sent', (expires_in, lifetime) => {
    expect(read({ expires_in }).expiresAt).toBe(lifetime === undefined ? undefined : SENT + lifetime);
  });

  it.each([
    -1,
    '-1',
    Number.NaN,
    'NaN',
    '',
    ' 3600',
    '3600s',
    '0x10',
    '1e3',
    9_007_199_255,
    1e300,
    true,
    {},
    [3600],
    'never',
  ])('%p is nonsense', (expires_in) => expectNonsense({ expires_in }));

  it('is absent where the provider does not say', () => {
    expect(read({})).not.toHaveProperty('expiresAt');
  });

  it('may be a point in time, which counts where there is no lifetime', () => {
    const dialect: Dialect = {
      answer: { expiresIn: ['expires_in', 'ttl'], expiresAt: ['expire_time', 'until'] },
    };
    const time = '2027-01-15T09:00:00Z';
    expect(read({ expire_time: time }, dialect).expiresAt).toBe(Date.parse(time));
    expect(read({ expire_time: null, until: time }, dialect).expiresAt).toBe(Date.parse(time));
    expect(read({ expires_in: 5, expire_time: time }, dialect).expiresAt).toBe(SENT + 5000);
    expect(read({ expires_in: null, ttl: '7', expire_time: time }, dialect).expiresAt).toBe(SENT + 7000);
    for (const expire_time of ['soon', '', 5, true, {}]) expectNonsense({ expire_time }, dialect);
  });

  it('of a refresh token is read by either of its usual names, or the dialect’s', () => {
    expect(read({ refresh_expires_in: 60 }).refreshExpiresAt).toBe(SENT + 60_000);
    expect(read({ refresh_token_expires_in: '60' }).refreshExpiresAt).toBe(SENT + 60_000);
    expect(read({ rt_ttl: 60 }, { answer: { refreshExpiresIn: ['rt_ttl'] } }).refreshExpiresAt).toBe(
      SENT + 60_000,
    );
    expect(read({})).not.toHaveProperty('refreshExpiresAt');
    expectNonsense({ refresh_expires_in: -1 });
  });
});

describe('the type of a token', () => {
  it.each([[undefined], [null], ['Bearer'], ['bearer'], ['BEARER'], ['bEaReR']])(
    '%p is Bearer',
    (token_type) => {
      expect(read({ token_type }).tokenType).toBe('Bearer');
    },
  );

  it.each(['DPoP', 'mac', 'N_A', '', 'Bearer ', 5, true, ['Bearer'], {}])(
    '%p was not asked for',
    (token_type) => expectNonsense({ token_type }),
  );
});

describe('a token', () => {
  it.each(['access_token', 'refresh_token', 'id_token'])(
    'with control characters in %s is refused',
    (name) => {
      for (const value of [
        'a\r\nSet-Cookie: x=1',
        'a\nb',
        'a\tb',
        'a\0b',
        '\x7f',
        'ünïcode',
        'a\u2028b',
        '',
      ]) {
        expectNonsense({ [name]: value });
      }
    },
  );

  it.each(['access_token', 'refresh_token', 'id_token'])('that is no text in %s is refused', (name) => {
    for (const value of [5, true, {}, ['at'], { toString: () => 'at' }]) expectNonsense({ [name]: value });
  });

  it.each([{ access_token: undefined }, { access_token: null }])('is what an answer is for (%j)', (body) => {
    expectNonsense(body);
  });

  it('may hold all that RFC 6749 allows', () => {
    const token = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('');
    expect(read({ access_token: token, refresh_token: token })).toMatchObject({
      accessToken: token,
      refreshToken: token,
    });
  });

  it('that the provider left out, or made null, is absent', () => {
    const answer = read({ refresh_token: null, id_token: null, scope: null });
    expect(Object.keys(answer).sort()).toEqual(['accessToken', 'raw', 'tokenType']);
  });
});

describe('the scope', () => {
  it.each<[unknown, readonly string[] | undefined]>([
    ['openid /acs/ccc', ['openid', '/acs/ccc']],
    ['openid', ['openid']],
    ['  openid   profile ', ['openid', 'profile']],
    ['', []],
    [
      ['openid', 'profile'],
      ['openid', 'profile'],
    ],
    [[], []],
    [undefined, undefined],
    [null, undefined],
  ])('%j is %j', (scope, list) => {
    expect(read({ scope }).scope).toEqual(list);
  });

  it('is split where the dialect says', () => {
    expect(read({ scope: 'user.info,video.list' }, { answer: { scopeDelimiter: ',' } }).scope).toEqual([
      'user.info',
      'video.list',
    ]);
  });

  it.each([5, true, {}, ['openid', 5]])('%j is nonsense', (scope) => expectNonsense({ scope }));
});

describe('a dialect of token answers', () => {
  const dialect: Dialect = {
    answer: {
      envelope: ['data', 'token'],
      accessToken: ['accessToken', 'token'],
      refreshToken: ['refreshToken'],
    },
  };

  it('finds the answer in its envelope, and the members by their first name that is there', () => {
    const inner = { accessToken: null, token: 'inner', refreshToken: 'rt', open_id: 'o' };
    const answer = readTokenAnswer({ data: { token: inner }, access_token: 'outer' }, dialect, SENT);
    expect(answer).toEqual({ accessToken: 'inner', refreshToken: 'rt', tokenType: 'Bearer', raw: inner });
  });

  it.each([{}, { data: null }, { data: [] }, { data: { token: 'x' } }, { data: { token: [] } }])(
    'refuses %j, where the envelope is not',
    (body) => {
      expect(() => readTokenAnswer(body, dialect, SENT)).toThrow(ProviderProtocolError);
    },
  );

  it('does not look into prototypes for an envelope or a member', () => {
    const odd: Dialect = { answer: { envelope: ['constructor'], accessToken: ['name'] } };
    expect(() => readTokenAnswer({}, odd, SENT)).toThrow(ProviderProtocolError);
    expect(() => readTokenAnswer({}, { answer: { accessToken: ['toString'] } }, SENT)).toThrow(
      ProviderProtocolError,
    );
  });
});

it('members named __proto__ change nothing but the raw answer that holds them', () => {
  const text =
    '{"access_token":"at","__proto__":{"refresh_token":"evil","isAdmin":true},"constructor":{"prototype":{"x":1}}}';
  const answer = readTokenAnswer(JSON.parse(text), {}, SENT);
  expect(answer.refreshToken).toBeUndefined();
  expect(({} as Record<string, unknown>).isAdmin).toBeUndefined();
  expect(({} as Record<string, unknown>).x).toBeUndefined();
  expect(JSON.stringify(answer.raw)).toBe(text);
});
