import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import TestRunner from 'jest-runner';

/**
 * Stryker tells jest by their names which tests reach a mutant, and jest would load every file only to skip what is in
 * it, and go on after a failure. This remembers from the first run, without a mutant, which file holds which tests and
 * for how long it runs. For a mutant it loads the files that matter, the fastest first, and stops at the first that fails.
 */
export default class FailFastRunner extends TestRunner {
  async runTests(tests, watcher, options) {
    // Beside the copy of the project in which Stryker runs the tests, and gone with it.
    const memory = `${this._globalConfig.rootDir}/.test-files.json`;
    const mutated = process.env.__STRYKER_ACTIVE_MUTANT__ !== undefined && existsSync(memory);
    const known = mutated ? JSON.parse(readFileSync(memory, 'utf8')) : {};
    let failed = false;
    this.on('test-file-failure', () => {
      failed = true;
    });
    this.on('test-file-success', ([{ path }, { numFailingTests, testResults, perfStats }]) => {
      failed ||= numFailingTests > 0;
      if (!mutated) {
        known[path] = { names: testResults.map(({ fullName }) => fullName), duration: perfStats.runtime };
      }
    });
    for (const test of mutated ? this.#choose(tests, known) : tests) {
      await super.runTests([test], watcher, options);
      if (mutated && failed) return;
    }
    if (!mutated) writeFileSync(memory, JSON.stringify(known));
  }

  #choose(tests, known) {
    let pattern = new RegExp(this._globalConfig.testNamePattern ?? '', 'i');
    if (tests.some(({ path }) => known[path] && pattern.test(path))) {
      // With --testFiles a constant of a module gets the names of files in the place of those of tests.
      pattern = /^/;
      this._globalConfig = { ...this._globalConfig, testNamePattern: undefined };
    }
    return tests
      .filter(({ path }) => known[path]?.names.some((name) => pattern.test(name)))
      .sort((one, other) => known[one.path].duration - known[other.path].duration);
  }
}
