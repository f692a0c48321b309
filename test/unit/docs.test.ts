import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

const english = read('README.md');
const chinese = read('README.zh-CN.md');
const readmes = [
  ['README.md', english],
  ['README.zh-CN.md', chinese],
] as const;

describe('the README in two languages', () => {
  it('has the same headings', () => {
    const levels = (text: string) => headings(text).map(({ level }) => level);
    expect(levels(english).length).toBeGreaterThan(10);
    expect(levels(chinese)).toEqual(levels(english));
    // What is code is the same in every language.
    const codes = (text: string) => headings(text).map(({ title }) => codeSpans(title));
    expect(codes(chinese)).toEqual(codes(english));
  });

  it('has the same code, comments aside', () => {
    const code = (text: string) =>
      codeBlocks(text).map(({ language, body }) => [language, withoutComments(body)]);
    expect(code(english).length).toBeGreaterThan(5);
    expect(code(chinese)).toEqual(code(english));
  });

  it('has the same options, values, routes and codes in its tables', () => {
    const cells = (text: string) =>
      tables(text).map((rows) => rows.map((row) => row.map((cell) => codeSpans(cell).sort())));
    expect(cells(english).length).toBeGreaterThan(5);
    expect(cells(chinese)).toEqual(cells(english));
  });

  it('has the same defaults', () => {
    const defaults = (text: string) =>
      tables(text).flatMap((rows) => rows.map(([, value = '']) => value.match(/\d+/g)));
    expect(defaults(chinese)).toEqual(defaults(english));
  });

  it('links to the same pages, and one to the other', () => {
    const pages = (text: string) =>
      links(text)
        .filter((link) => !link.startsWith('#') && !link.startsWith('README'))
        .sort();
    expect(pages(chinese)).toEqual(pages(english));
    expect(links(english)[0]).toBe('README.zh-CN.md');
    expect(links(chinese)[0]).toBe('README.md');
  });
});

describe.each(readmes)('%s', (_name, text) => {
  it('explains every error code, beside its class', () => {
    const known = [...read('src/errors.ts').matchAll(/^ {2}(\w+): \d{3},$/gm)].map(([, code]) => code);
    expect(known.length).toBeGreaterThan(20);
    const errors =
      tables(text).find((rows) => rows.some(([first]) => first === '`ConfigurationError`')) ?? [];
    const explained = errors.flatMap((row) => codeSpans(row[2] ?? '')).filter((code) => /_/.test(code));
    expect(explained.sort()).toEqual(known.sort());
  });

  it('names every event', () => {
    const events = [...read('src/events.ts').matchAll(/^ {4}\| '([\w.]+)'/gm)].map(([, type]) => type);
    expect(events.length).toBeGreaterThan(5);
    for (const type of events) expect(text).toContain(`\`${type}\``);
  });

  it('names every factory, and the page that explains it', () => {
    expect(factories().length).toBeGreaterThan(5);
    const rows = tables(text).flat();
    for (const name of factories()) {
      const row = rows.find(([first]) => first === `\`${name}\``) ?? [];
      expect([name, links(row.at(-1) ?? '')]).toEqual([name, [`docs/${kebab(name)}.md`]]);
    }
  });
});

describe('every exported factory', () => {
  it.each(factories())('%s has a page, which shows it in code', (name) => {
    const code = codeBlocks(read(`docs/${kebab(name)}.md`))[0]?.body;
    expect(code).toContain(`${name}(`);
  });
});

describe.each([
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
])('%s', (path) => {
  it('has no relative link that leads nowhere', () => {
    const dead = links(read(path)).filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchors(read(target)).includes(decodeURIComponent(anchor));
    });
    expect(dead).toEqual([]);
  });
});

describe('SECURITY.md', () => {
  const text = read('SECURITY.md');
  const isThere = (test: string) => [test, `${test}.test.ts`].some((path) => existsSync(join(ROOT, path)));

  it('shows for each threat a test, and each of them exists', () => {
    const threats = tables(text).flatMap((rows) => rows.slice(2));
    expect(threats.length).toBeGreaterThan(20);
    const shown = threats.map((row) => codeSpans(row.at(-1) ?? ''));
    expect(shown.filter((tests) => tests.length === 0)).toEqual([]);
    expect(shown.flat().filter((test) => !isThere(`test/${test}`))).toEqual([]);
  });

  it('names no other test that does not exist', () => {
    const named = codeSpans(text).filter((code) => code.startsWith('test/'));
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter((test) => !isThere(test))).toEqual([]);
  });
});

/** The functions that make providers, by the entry of the package. */
function factories(): string[] {
  const exported = read('src/index.ts').matchAll(/^export \{([^}]*)\} from '\.\/providers\//gm);
  return [...exported]
    .flatMap(([, names = '']) => names.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function codeBlocks(text: string): { language: string; body: string }[] {
  const blocks = text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm);
  return [...blocks].map(([, language = '', body = '']) => ({ language, body }));
}

function withoutComments(code: string): string {
  return code.replace(/(^|\s+)(?:\/\/|#) .*$/gm, '');
}

/** A text without its code blocks, where nothing is a heading, a table or a link. */
function prose(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```$/gm, '');
}

function headings(text: string): { level: number; title: string }[] {
  const found = prose(text).matchAll(/^(#+) (.+)$/gm);
  return [...found].map(([, marks = '', title = '']) => ({ level: marks.length, title }));
}

/** The names by which GitHub lets one link to the headings of a page. */
function anchors(text: string): string[] {
  return headings(text).map(({ title }) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Every table, as rows of cells, its header among them. */
function tables(text: string): string[][][] {
  const found = prose(text).match(/(?:^\|.*\|$\n?)+/gm) ?? [];
  return found.map((table) =>
    table
      .trim()
      .split('\n')
      .map((row) =>
        row
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      ),
  );
}

function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** Where the links of a text lead, code aside. */
function links(text: string): string[] {
  const found = prose(text)
    .replace(/`[^`]*`/g, '')
    .matchAll(/\]\(([^)\s]+)\)/g);
  return [...found].map(([, target = '']) => target);
}
