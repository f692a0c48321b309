import { type CpuProfile, packageOf, selfTimes } from '../../../bench/lib/cpu-profile.js';

const node = (id: number, functionName: string, url = '') => ({
  id,
  callFrame: { functionName, url, lineNumber: 9 },
});

const PROFILE: CpuProfile = {
  nodes: [
    node(1, '(root)'),
    node(2, '(idle)'),
    node(3, 'handle', 'file:///app/node_modules/router/index.js'),
    node(4, 'read', 'file:///app/dist/express/session.js'),
    // The same function, reached on another way.
    node(5, 'handle', 'file:///app/node_modules/router/index.js'),
    node(6, '(garbage collector)'),
  ],
  samples: [2, 3, 4, 5, 6, 2],
  timeDeltas: [1000, 10, 20, 30, 40, 5000],
};

describe('a CPU profile', () => {
  it('is summed up by function and by package, most first, idling aside', () => {
    const { total, functions, packages } = selfTimes(PROFILE);
    expect(total).toBe(100);
    expect(functions).toEqual([
      { name: 'handle router/index.js:10', microseconds: 40 },
      { name: '(garbage collector)', microseconds: 40 },
      { name: 'read dist/express/session.js:10', microseconds: 20 },
    ]);
    expect(packages.map(({ name }) => name)).toEqual([
      'router',
      '(garbage collector)',
      'express-oauth-login',
    ]);
  });

  it('tells whose code it is', () => {
    expect(packageOf('node:_http_server', 'end')).toBe('node');
    expect(packageOf('file:///a/node_modules/@auth/core/lib/index.js', 'x')).toBe('@auth/core');
    expect(packageOf('file:///a/node_modules/b/node_modules/c/d.js', 'x')).toBe('c');
    expect(packageOf('file:///app/bench/servers/library.js', 'x')).toBe('the app');
    expect(packageOf('', 'writev')).toBe('(engine)');
  });
});
