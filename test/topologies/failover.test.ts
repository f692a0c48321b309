import { type Lab, startLab } from '../../src/testing/index.js';
import { failovers, reshards, type Scenario } from './support/scenarios.js';

/** The rest of the scenarios take too long for every day: see `test/races`. */
const everyDay: [string, Scenario][] = [failovers[1], failovers[4], reshards[0]].map((scenario) => {
  if (!scenario) throw new Error('no such scenario');
  return [scenario.name, scenario];
});

let lab: Lab;
beforeEach(async () => {
  lab = await startLab({ providers: ['aliyun'] });
});
afterEach(() => lab.close());

test.each(everyDay)(
  '%s: nobody is logged out, nobody let through, and soon all are served again',
  async (_name, scenario) => {
    const { report, recovery } = await scenario.run(lab, 1);
    expect(report).toMatchObject({ falseLogouts: [], letThrough: [], odd: [] });
    expect(report.ok).toBeGreaterThan(100);
    // Two seconds are the promise; the rest is for a busy machine.
    expect(report.slowest).toBeLessThan(4000);
    expect(recovery).toBeLessThan(4000);
  },
  60_000,
);
