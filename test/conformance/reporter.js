import { basename } from 'node:path';

/** Tests that are there only if the file is. */
const COLLECTED = /payloads that others have collected/;

const columns = ['family', 'tried', 'refused', 'accepted', 'failed'];

/**
 * Prints, for each family of cases, how many were tried and how they ended. A family is one test file; what a test
 * expects is the first word of its title, `refused: …` or `accepted: …`.
 */
export default class ConformanceReporter {
  onRunComplete(_contexts, { testResults }) {
    const rows = testResults.map(({ testFilePath, testResults: all, testExecError }) => {
      // Those that `-t` left out are pending.
      const tests = all.filter(({ status }) => status !== 'pending');
      const passed = (expected) =>
        tests.filter(({ status, title }) => status === 'passed' && title.startsWith(`${expected}: `)).length;
      const [refused, accepted] = [passed('refused'), passed('accepted')];
      // Whatever neither was refused nor accepted as it should be has failed: also a title that says neither.
      const failed = tests.length - refused - accepted + (testExecError ? 1 : 0);
      return { family: basename(testFilePath, '.test.ts'), tried: tests.length, refused, accepted, failed };
    });
    rows.sort((one, other) => one.family.localeCompare(other.family));
    const sum = { family: 'all' };
    for (const column of columns.slice(1)) sum[column] = rows.reduce((all, row) => all + row[column], 0);
    const titles = testResults.flatMap(({ testResults: all }) => all.map(({ title }) => title));
    const isUntried =
      rows.some(({ family }) => family === 'redirects') && !titles.some((one) => COLLECTED.test(one));
    const note = isUntried
      ? 'not tried: payloads that others have collected, of which there is no file\n'
      : '';
    process.stderr.write(`\n${table([...rows, sum])}\n${note}`);
  }
}

function table(rows) {
  const width = Math.max(...rows.map(({ family }) => family.length), columns[0].length);
  const line = (cells) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(width) : String(cell).padStart(8))).join(' | ')} |`;
  const rule = `|${columns.map((_, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(9)}:`)).join('|')}|`;
  return [line(columns), rule, ...rows.map((row) => line(columns.map((name) => row[name])))].join('\n');
}
