import { parseOptions, scenarioNames } from '../../../bench/lib/options.js';

const parse = (...args: string[]) => parseOptions(args, ['oauth-session', 'passport']);

describe('the command line of the benchmark', () => {
  it('runs everything unless told otherwise', () => {
    expect(parse()).toMatchObject({ scenarios: scenarioNames, servers: [], build: true, check: false });
    expect(parse('--quick').requests).toBeLessThan(parse().requests);
    expect(parse('--rounds', '2', '--requests=7', '--no-build')).toMatchObject({
      rounds: 2,
      requests: 7,
      build: false,
    });
  });

  it('takes scenarios and servers by name', () => {
    expect(parse('--only', 'login,passport')).toMatchObject({ scenarios: ['login'], servers: ['passport'] });
    expect(parse('--only', 'passport')).toMatchObject({ scenarios: scenarioNames, servers: ['passport'] });
    expect(() => parse('--only', 'pasport')).toThrow('there is no pasport. Scenarios: hot-path');
  });

  it.each(['0', '1.5', 'many', ''])('refuses %j rounds', (rounds) => {
    expect(() => parse('--rounds', rounds)).toThrow('--rounds: give a number, 1 or more');
  });

  it('saves nothing but full runs', () => {
    expect(parse('--save').save).toBe(true);
    expect(() => parse('--save', '--quick')).toThrow('full run');
    expect(() => parse('--save', '--only', 'login')).toThrow('full run');
  });
});
