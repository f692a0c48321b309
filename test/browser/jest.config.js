import root from '../../jest.config.js';

/** @type {import('jest').Config} */
export default {
  ...root,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
  // A whole browser each: two at a time make one another slow, and gain little.
  maxWorkers: 1,
  testTimeout: 60_000,
};
