import type { CookieOptions } from 'express-session';
import { oauthSession } from '../../../src/index.js';
import { expectRefusal, misuses, notA, refusal, SECRET, SECRET_NUMBER } from './misuse.js';
import { inDevelopment, inProduction } from './node-env.js';
import { codesOfWarnings } from './warnings.js';

const base = { secret: SECRET };

describe('oauthSession refuses at construction', () => {
  it.each(
    misuses(oauthSession, base, {
      secret: [
        undefined,
        '',
        [],
        [''],
        [SECRET, ''],
        [SECRET, SECRET_NUMBER],
        SECRET_NUMBER,
        null,
        { a: SECRET },
      ],
      redis: [SECRET_NUMBER, true, '', 'http://localhost', 'localhost:6379', null, [], () => {}],
      idleTimeout: [...notA.seconds, 0],
      absoluteTimeout: [...notA.seconds, 0],
      prefix: [...notA.string, 'oauth:', 'oauth:sess:', 'oauth', 'o'],
      name: [...notA.string, 'two words', 'a;b', 'a=b', 'näme'],
      cookie: ['x', 5, true, [], null, () => {}],
      'cookie.sameSite': ['foo', 'Lax', '', 5, null],
      'cookie.secure': ['yes', 1, null],
      'cookie.httpOnly': notA.boolean,
      'cookie.partitioned': notA.boolean,
      'cookie.signed': [...notA.boolean, false],
      'cookie.maxAge': ['1d', '60000', Number.NaN, Number.POSITIVE_INFINITY, 0, -1, 1e17, new Date(), true],
      'cookie.expires': ['tomorrow', 5, new Date(Number.NaN), {}],
      'cookie.domain': [...notA.string, 'a b', 'https://example.com', 'a;b'],
      'cookie.path': [...notA.string, 'admin', '/a;b', '/ä'],
      'cookie.priority': ['urgent', 5, null],
      'cookie.sameSight': ['lax'],
      'cookie.encode': [String],
      allowMemory: notA.boolean,
      secrets: [[SECRET]],
      ttl: [5],
    }),
  )('%s', (_title, option, make) => expectRefusal(option, make));

  it.each([[undefined], [null], [SECRET], [5], [[]], [() => {}]])('%p in the place of options', (options) => {
    expect(refusal(() => oauthSession(options as never)).message).toContain('oauthSession takes an object');
  });

  it.each([{ path: '/app' }, { domain: 'example.com' }, { secure: false }])(
    'a cookie %j without a name of its own: the default one begins with __Host-',
    (cookie) => {
      const { code, message } = refusal(() => oauthSession({ ...base, cookie }));
      expect(code).toBe('conflicting_options');
      expect(message).toContain('`name`');
    },
  );

  it('a client of the package redis, and says which one fits', () => {
    const nodeRedis = Object.assign(Object.create({}), { sendCommand: () => {} });
    expect(refusal(() => oauthSession({ ...base, redis: nodeRedis })).message).toContain('use ioredis');
  });

  it.each<[name: string | undefined, cookie: CookieOptions]>([
    [undefined, { domain: 'example.com' }],
    [undefined, { path: '/app' }],
    [undefined, { secure: false }],
    ['__Host-a', { secure: 'auto' }],
    ['__Host-a', { domain: 'example.com' }],
    ['__Host-a', { path: '/app' }],
    ['__host-a', { secure: false }],
    ['__Secure-a', { secure: false }],
    ['__Secure-a', { secure: 'auto' }],
    ['sid', { secure: false, sameSite: 'none' }],
  ])('a cookie that browsers refuse: %p with %j', (name, cookie) => {
    const { code, message } = refusal(() => oauthSession({ ...base, ...(name && { name }), cookie }));
    expect(code).toBe('conflicting_options');
    expect(message).toMatch(/`cookie`.*(?:Add one|Use )/s);
  });

  it.each<[name: string | undefined, cookie: object]>([
    [undefined, { secure: true, path: '/' }],
    ['__Secure-a', { domain: 'example.com', path: '/app' }],
    ['sid', { secure: 'auto', sameSite: 'auto' }],
    ['sid', { secure: false, sameSite: true, signed: true, httpOnly: false }],
    [
      'sid',
      {
        sameSite: 'none',
        partitioned: true,
        priority: 'low',
        maxAge: 1,
        expires: new Date(),
      },
    ],
    ['sid', { domain: '.example.com', maxAge: null, expires: null }],
  ])('and takes those that they accept: %p with %j', (name, cookie) => {
    expect(() =>
      oauthSession({ ...base, ...(name && { name }), cookie: cookie as CookieOptions }),
    ).not.toThrow();
  });

  it('what is missing as missing, and what nobody knows as unknown', () => {
    expect(refusal(() => oauthSession({} as never)).code).toBe('missing_option');
    const { code, message } = refusal(() => oauthSession({ ...base, storage: 1 } as never));
    expect(code).toBe('unknown_option');
    expect(message).toContain("'storage'");
    expect(message).toContain('idleTimeout');
  });
});

describe('oauthSession under NODE_ENV=production', () => {
  it('refuses process memory', () => {
    const { code, message } = inProduction(() => refusal(() => oauthSession(base)));
    expect(code).toBe('missing_option');
    expect(message).toContain("'redis'");
    expect(message).toContain('allowMemory: true');
  });

  it('takes process memory from somebody who asks for it', () => {
    expect(() => inProduction(() => oauthSession({ ...base, allowMemory: true }))).not.toThrow();
  });

  it.each<[string, string | string[], boolean]>([
    ['a secret of 31 characters', 's'.repeat(31), true],
    ['one among others', [SECRET, 'short'], true],
    ['one of 32 characters', 's'.repeat(32), false],
  ])('warns of %s', (_what, secret, warns) => {
    const codes = inProduction(() => codesOfWarnings(() => oauthSession({ secret, allowMemory: true })));
    expect(codes).toEqual(warns ? ['EXPRESS_OAUTH_LOGIN_SHORT_SECRET'] : []);
  });

  it('takes Redis', async () => {
    const session = inProduction(() =>
      oauthSession({ ...base, redis: { host: '127.0.0.1', lazyConnect: true } }),
    );
    await session.close();
  });
});

it('oauthSession accepts what it documents', async () => {
  const session = inDevelopment(() =>
    oauthSession({
      secret: [SECRET, 'an older one'],
      idleTimeout: 1,
      absoluteTimeout: 2,
      prefix: 'app:',
      name: '__Host-app.sid',
      cookie: { sameSite: 'strict' },
      allowMemory: false,
    }),
  );
  await session.close();
});
