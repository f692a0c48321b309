import { join } from 'node:path';
import config from '../../jest.config.js';

/** @type {import('jest').Config} */
export default {
  ...config,
  rootDir: '../..',
  testMatch: [
    '<rootDir>/test/{unit/{config,wire,login,logout,express},integration,conformance}/**/*.test.ts',
  ],
  runner: '<rootDir>/test/mutation/runner.js',
  // A mutant that hangs is found sooner.
  testTimeout: 10_000,
  // Stryker puts its own around this one, and does not know <rootDir>.
  testEnvironment: join(import.meta.dirname, 'environment.cjs'),
};
