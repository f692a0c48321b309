import { parseArgs } from 'node:util';

/** What a run does, and how much of it. */
export interface BenchOptions {
  readonly rounds: number;
  /** Requests per server and round. */
  readonly requests: number;
  /** Requests per server before the first round, so that its code is compiled by then. */
  readonly warmUp: number;
  /** Requests, and logins, per server and round before its figures are taken: it was idle while others had their turns. */
  readonly leadIn: number;
  readonly leadInLogins: number;
  /** Logins per server and round. */
  readonly logins: number;
  /** Logins per server before the first round. */
  readonly loginWarmUp: number;
  /** Sessions among which the requests take turns. */
  readonly sessions: number;
  /** Connections that are kept busy at the same time. */
  readonly connections: number;
  /** Users of whom the memory in Redis is measured. */
  readonly memoryUsers: number;
  /** Requests, and sessions of logged-in users, after which the heap is looked at. */
  readonly boundsRequests: number;
  readonly boundsSessions: number;
  readonly scenarios: readonly ScenarioName[];
  /** Names of servers; empty for all. */
  readonly servers: readonly string[];
  readonly quick: boolean;
  readonly build: boolean;
  readonly save: boolean;
  readonly check: boolean;
}

/** Parallel requests in the scenario refresh-storm. */
export const STORM_REQUESTS = 50;

export const scenarioNames = [
  'hot-path',
  'login',
  'refresh-storm',
  'session-size',
  'redis-memory',
  'bounds',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

const amounts = {
  full: {
    rounds: 15,
    requests: 4000,
    warmUp: 10_000,
    leadIn: 2000,
    leadInLogins: 20,
    logins: 100,
    loginWarmUp: 3000,
    sessions: 50,
    connections: 16,
    memoryUsers: 2000,
    boundsRequests: 1_000_000,
    boundsSessions: 100_000,
  },
  quick: {
    rounds: 3,
    requests: 1000,
    warmUp: 2000,
    leadIn: 200,
    leadInLogins: 2,
    logins: 6,
    loginWarmUp: 12,
    sessions: 10,
    connections: 16,
    memoryUsers: 100,
    boundsRequests: 5000,
    boundsSessions: 100,
  },
};

export const help = `npm run bench -- [options]

  --rounds N      rounds; the servers take turns within each (${amounts.full.rounds})
  --requests N    requests per server and round (${amounts.full.requests})
  --logins N      logins per server and round (${amounts.full.logins})
  --users N       sessions in the scenario bounds (${amounts.full.boundsSessions}), and at most so many users in redis-memory
  --total N       requests in the scenario bounds (${amounts.full.boundsRequests})
  --only A,B      scenarios (${scenarioNames.join(', ')}) or servers, by name
  --quick         a few rounds of few requests: to see that it works, not to learn figures
  --save          writes the tables into both READMEs, the plot, and bench/results/saved.json
  --check         exits with 1 if a bar is missed
  --no-build      measures the dist/ that is there
`;

/** Reads the command line. @throws Error that says what is wrong */
export function parseOptions(args: readonly string[], knownServers: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      requests: { type: 'string' },
      logins: { type: 'string' },
      users: { type: 'string' },
      total: { type: 'string' },
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      build: { type: 'boolean', default: true },
    },
    allowNegative: true,
  });
  const only = (values.only ?? []).flatMap((names) => names.split(',')).filter((name) => name !== '');
  const isScenario = (name: string): name is ScenarioName => scenarioNames.some((one) => one === name);
  const unknown = only.filter((name) => !isScenario(name) && !knownServers.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `--only: there is no ${unknown.join(', ')}. Scenarios: ${scenarioNames.join(', ')}. Servers: ${knownServers.join(', ')}.`,
    );
  }
  const scenarios = only.filter(isScenario);
  const amount = values.quick ? amounts.quick : amounts.full;
  const requests = count('requests', values.requests, amount.requests);
  const logins = count('logins', values.logins, amount.logins);
  const users = count('users', values.users, amount.boundsSessions);
  const options: BenchOptions = {
    ...amount,
    rounds: count('rounds', values.rounds, amount.rounds),
    requests,
    warmUp: Math.min(amount.warmUp, 3 * requests),
    leadIn: Math.min(amount.leadIn, requests),
    logins,
    loginWarmUp: Math.min(amount.loginWarmUp, 30 * logins),
    memoryUsers: Math.min(amount.memoryUsers, users),
    boundsSessions: users,
    boundsRequests: count('total', values.total, amount.boundsRequests),
    scenarios: scenarios.length > 0 ? scenarios : scenarioNames,
    servers: only.filter((name) => !isScenario(name)),
    quick: values.quick,
    build: values.build,
    save: values.save,
    check: values.check,
  };
  if (options.save && (only.length > 0 || options.quick)) {
    throw new Error('--save is for a full run: leave --only and --quick out');
  }
  return options;
}

function count(name: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name}: give a number, 1 or more`);
  return number;
}
