const { TestEnvironment } = require('jest-environment-node');

/** Skips what follows the first failure of a file: more would not tell more about a mutant. */
module.exports = class FailFastEnvironment extends TestEnvironment {
  #failed = false;

  handleTestEvent({ name, test }) {
    if (process.env.__STRYKER_ACTIVE_MUTANT__ === undefined) return;
    if (name === 'test_done') this.#failed ||= test.errors.length > 0;
    if (name === 'test_start' && this.#failed) test.mode = 'skip';
  }
};
