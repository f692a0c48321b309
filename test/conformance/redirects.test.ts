import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Apps, carrying, type Entrance, ignoring, startApps, visitNaive } from './support/entrances.js';
import { fault, type Given } from './support/landing.js';
import { naive } from './support/naive.js';
import { EVIL } from './support/redirect-disguises.js';
import { honestPaths, redirectPayloads } from './support/redirect-payloads.js';

const payloads = redirectPayloads('app.example');
/** Milliseconds for a test that tries very much. */
const PATIENCE = 600_000;

/** Payloads that others have collected, one a line; the file is none of ours, and need not be there. */
const corpus =
  process.env.OPEN_REDIRECT_CORPUS ??
  join(import.meta.dirname, '../../../shared/data/open-redirect-corpus.txt');
const collected = existsSync(corpus) ? readFileSync(corpus, 'utf8').split(/\r?\n/).filter(Boolean) : [];

/** How long to make things up: `FUZZ_RUNS=20000 FUZZ_SEED=7 npm run test:conformance -- redirects` looks elsewhere. */
const fuzz = { numRuns: Number(process.env.FUZZ_RUNS ?? 100), seed: Number(process.env.FUZZ_SEED ?? 1) };

const scraps = [
  ...[
    '/',
    '//',
    '\\',
    '.',
    '..',
    ';',
    '?',
    '#',
    '@',
    ':',
    '&',
    '=',
    '%',
    ' ',
    '\t',
    '\n',
    '\r',
    '\0',
    '/./',
    '/../',
  ],
  ...[
    '%2e',
    '%2E%2e',
    '%2f',
    '%5c',
    '%09',
    '%00',
    '%25',
    '%0d%0a',
    '／',
    '＼',
    '．',
    '。',
    '\u2028',
    '\ufeff',
    '\ud800',
  ],
  ...[EVIL, 'app.example', '[::1]', '127.0.0.1:80', 'x', 'http:', 'https:', 'javascript:', 'returnTo='],
];
const madeUp = fc
  .tuple(
    fc.constantFrom('', '/', '/', '/./', '/x/..'),
    fc.array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...scraps) }, fc.string({ unit: 'binary' })), {
      minLength: 1,
      maxLength: 12,
    }),
  )
  .map(([start, rest]) => start + rest.join(''));

let apps: Apps;
beforeAll(async () => {
  apps = await startApps();
});
afterAll(() => apps.close());

/** What was wrong with the URLs that browsers were given for these payloads. */
async function faults(entrance: Entrance, tried: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const payload of tried) {
    for (const given of await entrance(apps, payload)) {
      const wrong = fault(given);
      if (wrong !== undefined)
        found.push(`${JSON.stringify(payload)} gave ${JSON.stringify(given.url)}: it ${wrong}`);
    }
  }
  return found;
}

describe.each(Object.entries({ ...carrying, ...ignoring }))('%s', (place, entrance) => {
  it.each(Object.entries(payloads))(`refused: %s, by ${place}`, async (_family, tried) => {
    expect(await faults(entrance, tried)).toEqual([]);
  });

  it(
    `refused: whatever is made up, by ${place}`,
    async () => {
      const property = fc.asyncProperty(madeUp, async (payload) => {
        expect(await faults(entrance, [payload])).toEqual([]);
      });
      await fc.assert(property, fuzz);
    },
    PATIENCE,
  );

  if (collected.length > 0) {
    it(
      `refused: ${collected.length} payloads that others have collected, by ${place}`,
      async () => {
        expect(await faults(entrance, collected)).toEqual([]);
      },
      PATIENCE,
    );
  }
});

describe.each(Object.entries(carrying))('%s', (place, entrance) => {
  it.each(honestPaths)(`accepted: %s, by ${place}`, async (path) => {
    const last = (await entrance(apps, path)).at(-1) as Given;
    const arrived = [last.url, new URL(last.url, last.page).searchParams.get('returnTo')];
    expect(arrived.map((url) => url?.replace(/^\/part/, ''))).toContain(path);
  });
});

describe.each(Object.entries(ignoring))('%s', (place, entrance) => {
  it(`accepted: what it leads to, by ${place}`, async () => {
    expect(await entrance(apps, '/me')).not.toEqual([]);
  });
});

// Payloads that fool nobody, or a judge who sees nothing, would prove nothing about the apps above.
describe.each(Object.entries(naive))('an app that %s', (name, { fallsFor }) => {
  it.each(fallsFor)(`refused: %s, which an app that ${name} falls for`, async (family) => {
    const found = await faults(({ one }, payload) => visitNaive(one, name, payload), payloads[family] ?? []);
    expect(found).not.toEqual([]);
  });
});
