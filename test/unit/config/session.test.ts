import { oauthSession } from '../../../src/index.js';
import { expectRefusal, misuses, notA, refusal, SECRET, SECRET_NUMBER } from './misuse.js';
import { inDevelopment, inProduction } from './node-env.js';

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
      prefix: notA.string,
      name: [...notA.string, 'two words', 'a;b', 'a=b', 'näme'],
      cookie: ['x', 5, true, []],
      allowMemory: notA.boolean,
      secrets: [[SECRET]],
      ttl: [5],
    }),
  )('%s', (_title, option, make) => expectRefusal(option, make));

  it.each([[undefined], [null], [SECRET], [5], [[]], [() => {}]])('%p in the place of options', (options) => {
    expect(refusal(() => oauthSession(options as never)).message).toContain('oauthSession takes an object');
  });

  it('a client of the package redis, and says which one fits', () => {
    const nodeRedis = Object.assign(Object.create({}), { sendCommand: () => {} });
    expect(refusal(() => oauthSession({ ...base, redis: nodeRedis })).message).toContain('use ioredis');
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
