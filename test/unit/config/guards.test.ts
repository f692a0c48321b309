import { autoRefresh, requireLogin } from '../../../src/index.js';
import { expectRefusal, misuses, notA, refusal } from './misuse.js';

describe('requireLogin refuses at construction', () => {
  it.each(
    misuses(
      requireLogin,
      {},
      {
        provider: [...notA.string, undefined],
        scope: [...notA.words, undefined, '', ' ', []],
        claims: ['x', null, undefined, 5, true, []],
        'claims.aid': [null, undefined, {}, [], [null], [{}]],
        check: [...notA.function, undefined],
        maxAge: [...notA.seconds, undefined, 0, 0.5, 1.5],
        acr: [...notA.words, undefined, '', ' ', []],
        scopes: ['/acs/ccc'],
        role: ['admin'],
      },
    ),
  )('%s', (_title, option, make) => expectRefusal(option, make));

  it.each([[undefined], [null], ['admin'], [5], [[]], [() => true]])(
    '%p where options were meant: a guard that nobody configured',
    (options) => {
      expect(refusal(() => requireLogin(options as never)).message).toContain('requireLogin takes an object');
    },
  );
});

it('requireLogin says what to do in the place of a maxAge that nobody can meet', () => {
  expect(refusal(() => requireLogin({ maxAge: 0 })).message).toContain("prompt: 'login'");
});

describe('autoRefresh refuses at construction', () => {
  it.each(misuses(autoRefresh, {}, { provider: notA.string, leeway: notA.seconds, minTtl: [5] }))(
    '%s',
    (_title, option, make) => expectRefusal(option, make),
  );

  it.each([[undefined], [null], ['aliyun'], [5]])('%p where options were meant', (options) => {
    expect(refusal(() => autoRefresh(options as never)).message).toContain('autoRefresh takes an object');
  });
});

it.each([
  [{}],
  [{ provider: 'aliyun', scope: 'a b', maxAge: 1, acr: 'urn:x urn:y' }],
  [{ scope: ['a', 'b'], claims: { aid: '1', roles: ['x', 'y'], admin: true, level: 3 }, check: () => true }],
])('requireLogin accepts %j', (options) => {
  expect(typeof requireLogin(options)).toBe('function');
});
