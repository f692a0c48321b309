import { startLab } from '../../../src/testing/index.js';
import type { Scenario } from './scenarios.js';

export interface Result {
  readonly name: string;
  readonly figure: string;
  readonly bar: string;
  readonly ok: boolean;
}

/** Milliseconds by which a busy machine may be late. */
const SLACK = 500;

const BAR = '0 false logouts, 0 let through, every answer within 2 s, recovery within 2 s';

/** Runs scenarios one after the other. */
export async function figures(scenarios: readonly Scenario[], size: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const scenario of scenarios) results.push(await figureOf(scenario, size));
  return results;
}

async function figureOf(scenario: Scenario, size: number): Promise<Result> {
  const lab = await startLab({ providers: ['aliyun'] });
  try {
    const { report, recovery, refreshRecovery } = await scenario.run(lab, size);
    const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;
    const faults = [...report.falseLogouts, ...report.letThrough, ...report.odd];
    return {
      name: scenario.name,
      figure: [
        `${report.falseLogouts.length} false logouts`,
        `${report.letThrough.length} let through`,
        `slowest ${seconds(report.slowest)} (${seconds(report.slowestRefresh)} with a refresh)`,
        `recovery ${seconds(recovery)} (${seconds(refreshRecovery)})`,
        `${report.ok} × 200, ${report.unavailable} × 503${faults.length > 0 ? `: ${faults.slice(0, 3)}` : ''}`,
      ].join(', '),
      bar: BAR,
      ok: faults.length === 0 && report.ok > 0 && report.slowest < 2000 + SLACK && recovery < 2000 + SLACK,
    };
  } finally {
    await lab.close();
  }
}
