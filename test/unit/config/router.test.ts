import { aliyun, type OAuthRouterOptions, oauthRouter, type Provider } from '../../../src/index.js';
import { expectRefusal, misuses, notA, refusal, SECRET, SECRET_NUMBER } from './misuse.js';
import { inDevelopment, inProduction } from './node-env.js';

const provider = aliyun({ clientId: '1', clientSecret: SECRET });
const route = (options: OAuthRouterOptions) => oauthRouter(provider, options);
const KEY = 'k'.repeat(32);

describe('oauthRouter refuses at construction', () => {
  it.each(
    misuses(
      route,
      {},
      {
        redis: [SECRET_NUMBER, '', 'http://localhost', null, []],
        baseUrl: [...notA.url, 'https://app.example.com/path', 'https://app.example.com/?a=b', []],
        basePath: [
          '',
          'auth',
          '/',
          '/auth/',
          '//auth',
          '/a/../b',
          '/./a',
          '/a b',
          '/:id',
          '/a?b',
          '/*',
          5,
          null,
        ],
        afterLogin: notA.path,
        afterLogout: notA.path,
        loginPage: notA.path,
        leeway: notA.seconds,
        encryptionKeys: [[KEY, SECRET_NUMBER], [], [''], '', 5, null, { key: KEY }],
        timeouts: notA.object,
        'timeouts.provider': [...notA.seconds, 0],
        'timeouts.store': [...notA.seconds, 0],
        'timeouts.refresh': [...notA.seconds, 0],
        'timeouts.token': [5],
        onLogin: notA.function,
        onEvent: notA.function,
        keepSessionData: [
          '',
          [''],
          [5],
          5,
          null,
          {},
          ...['oauth', 'id', 'req', 'cookie', 'save', '__proto__', 'toString'].map((name) => ['cart', name]),
        ],
        baseURL: ['https://app.example.com'],
      },
    ),
  )('%s', (_title, option, make) => expectRefusal(option, make));

  it.each([[5], ['x'], [[]], [true], [null]])('%p in the place of options', (options) => {
    expect(refusal(() => route(options as never)).message).toContain('oauthRouter takes an object');
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['no provider at all', []],
    ['a name', 'aliyun'],
    ['an object that no factory made', { ...provider }],
    ['one that no factory made among others', [provider, { name: 'other' }]],
  ])('%s in the place of providers', (_what, providers) => {
    expect(refusal(() => oauthRouter(providers as never)).message).toMatch(/provider.*(?:Give|Make)/);
  });

  it('two providers of one name', () => {
    const { code, message } = refusal(() => oauthRouter([provider, aliyun({ clientId: '2' })]));
    expect(code).toBe('conflicting_options');
    expect(message).toContain("'aliyun'");
  });
});

describe('oauthRouter under NODE_ENV=production', () => {
  const redis = { host: '127.0.0.1', lazyConnect: true };
  const baseUrl = 'https://app.example.com';

  it.each<[title: string, option: string, OAuthRouterOptions]>([
    ['wants a baseUrl', 'baseUrl', {}],
    ['wants a baseUrl that is given', 'baseUrl', { baseUrl: undefined }],
    ['wants keys beside a session of the user’s own', 'encryptionKeys', { baseUrl, redis }],
  ])('%s', (_title, option, options) => {
    const { code, message } = inProduction(() => refusal(() => route(options)));
    expect(code).toBe('missing_option');
    expect(message).toContain(`'${option}'`);
  });

  it.each([
    ['a string', 'x'.repeat(31)],
    ['one of a list', [KEY, 'x'.repeat(31)]],
    ['bytes', Buffer.alloc(31)],
  ])('wants no key shorter than 32 bytes: %s', (_title, encryptionKeys) => {
    const options = { baseUrl, redis, encryptionKeys } as OAuthRouterOptions;
    const { code, message } = inProduction(() => refusal(() => route(options)));
    expect(code).toBe('invalid_option');
    expect(message).toContain("'encryptionKeys'");
    expect(message).toContain('of at least 32 bytes');
    expect(() => inDevelopment(() => route(options))).not.toThrow();
  });

  it.each<[OAuthRouterOptions]>([
    [{ baseUrl }],
    [{ baseUrl: 'http://localhost:3000' }],
    [{ baseUrl, redis, encryptionKeys: [KEY] }],
    [{ baseUrl, redis, encryptionKeys: '密'.repeat(11) as never }],
  ])('takes %j', (options) => {
    expect(() => inProduction(() => route(options))).not.toThrow();
  });

  it('is less strict elsewhere', () => {
    expect(() => inDevelopment(() => route({}))).not.toThrow();
  });
});

it('wants a key that holds something, in development, and says nothing of its length', () => {
  const { message } = inDevelopment(() => refusal(() => route({ encryptionKeys: [''] })));
  expect(message).toContain("'encryptionKeys'");
  expect(message).not.toContain('bytes,');
});

it.each(['/v1.0/auth', '/.auth', '/auth.', '/a/b-c_d~e'])('oauthRouter takes the basePath %s', (basePath) => {
  expect(() => route({ basePath })).not.toThrow();
});

it('oauthRouter accepts what it documents', () => {
  const options: OAuthRouterOptions = {
    baseUrl: 'https://app.example.com',
    basePath: '/accounts/oauth',
    afterLogin: '/home?tab=1#top',
    afterLogout: '/bye',
    loginPage: '/welcome',
    leeway: 0,
    encryptionKeys: [KEY, Buffer.alloc(32, 1)],
    timeouts: { provider: 0.5, store: 1, refresh: 2.01 },
    onLogin: () => {},
    onEvent: () => {},
    keepSessionData: ['cart'],
  };
  expect(() =>
    oauthRouter([provider, aliyun({ name: 'b', clientId: '2' })] as Provider[], options),
  ).not.toThrow();
});
