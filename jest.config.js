/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  // TypeScript sources import each other by the name they have after the build.
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // The examples import the library by its name.
    '^express-oauth-login$': '<rootDir>/src/index.ts',
    // The same tests under the oldest Express that is supported: EXPRESS=4 npm test
    ...(process.env.EXPRESS === '4' && { '^express$': 'express4' }),
  },
  // A busy machine is no failure; what hangs is still found.
  testTimeout: 30_000,
  // Most tests wait for something most of the time.
  maxWorkers: 2,
  testMatch: ['<rootDir>/test/{unit,contract,integration,topologies,races}/**/*.test.ts'],
  globalSetup: './test/support/global-setup.ts',
};
