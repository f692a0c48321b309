import root from '../../jest.config.js';

/** @type {import('jest').Config} */
export default {
  ...root,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
  // A whole browser each: more at a time only make one another slow.
  maxWorkers: 2,
  testTimeout: 60_000,
};
