import { endingContract, indexContract, replayContract } from './index-of-logins.js';
import { backoffContract, lockContract } from './locks.js';
import { recordContract } from './records.js';
import { revocationContract } from './revocations.js';
import { sessionContract } from './sessions.js';
import { type World, worlds } from './support/worlds.js';
import { transactionContract } from './transactions.js';

describe.each(worlds)('%s', (_name, open) => {
  let world: World;
  beforeAll(async () => {
    world = await open();
  }, 30_000);
  afterAll(() => world?.close());

  recordContract(() => world);
  transactionContract(() => world);
  lockContract(() => world);
  backoffContract(() => world);
  revocationContract(() => world);
  sessionContract(() => world);
  indexContract(() => world);
  replayContract(() => world);
  endingContract(() => world);
});
