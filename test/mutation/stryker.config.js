import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['src/{wire,login,logout,express}/**/*.ts'],
  plugins: ['@stryker-mutator/jest-runner', import.meta.resolve('./ignore-noise.js')],
  ignorers: ['noise'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  // Test files are modules of their own realm each, which V8 does not give back: to collect gigabytes takes longer than
  // to begin anew.
  maxTestRunnerReuse: 12,
  jest: { configFile: 'test/mutation/jest.config.js', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  disableTypeChecks: true,
  ignorePatterns: ['/bench', '/docs', '/dist'],
  // Not below this folder: jest would find two projects of one name.
  tempDirName: join(tmpdir(), 'express-oauth-login-mutation'),
  concurrency: 1,
  timeoutMS: 60_000,
  timeoutFactor: 3,
  dryRunTimeoutMinutes: 20,
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  reporters: ['progress-append-only', 'clear-text', 'html', 'json'],
  clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  thresholds: { high: 95, low: 90, break: null },
};
