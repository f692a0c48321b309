import root from '../../jest.config.js';

/** Hostile providers and hostile browsers: nothing wrong gets in. */
/** @type {import('jest').Config} */
export default {
  ...root,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/conformance/**/*.test.ts'],
  reporters: ['default', '<rootDir>/test/conformance/reporter.js'],
  maxWorkers: 1,
};
