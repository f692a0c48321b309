import root from '../../jest.config.js';

/** What ships: packed, installed in apps of its own, and used as users use it. Needs the package registry. */
/** @type {import('jest').Config} */
export default {
  ...root,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/dist/**/*.test.ts'],
  testTimeout: 300_000,
  // Installing and compiling: more at a time only make one another slow.
  maxWorkers: 1,
};
