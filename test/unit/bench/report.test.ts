import type { Results } from '../../../bench/lib/results.js';
import { checkAll } from '../../../bench/report/checks.js';
import { toMarkdown, toText } from '../../../bench/report/print.js';
import { between } from '../../../bench/report/readme.js';
import { tablesOf } from '../../../bench/report/tables.js';
import { chinese, english } from '../../../bench/report/words.js';

const hot = (...cpu: number[]) => ({ cpu, redis: [1, 1, 1], p50: [2, 2, 2], p99: [4, 4, 4], commands: {} });

/** A run in which this library is twice as fast as express-session, and a tenth slower than the limit. */
const results: Results = {
  date: '2026-01-31',
  command: 'npm run bench',
  machine: { cpu: 'Some CPU', cores: 2, system: 'linux', node: '20.0.0', redis: '7.0.0', pinned: true },
  options: { rounds: 3, requests: 100, connections: 16 } as Results['options'],
  versions: { passport: '0.7.0' },
  hotPath: {
    'oauth-session': hot(110, 220, 120),
    'hand-written': hot(100, 200, 110),
    'express-session': hot(220, 440, 240),
    passport: hot(230, 450, 100),
  },
  login: {
    'oauth-session': { cpu: [9, 9, 9], redis: [5, 5, 5] },
    'openid-client': { cpu: [8, 9, 8], redis: [4, 4, 4] },
  },
  refreshStorm: { 'oauth-session': [{ refreshes: 1, refused: 0, answered: 50 }] },
  redisMemory: {
    tokens: { accessToken: 1200, idToken: 1000, refreshToken: 0 },
    servers: { 'oauth-session': { keys: 3000, used: 3100, keyCount: 2, passing: 100, users: 10 } },
  },
  bounds: { sessions: 10, requests: 100, before: 10e6, afterLogins: 11e6, afterRequests: 11e6 },
};

const verdict = (changed: Partial<Results>, name: string) =>
  checkAll({ ...results, ...changed }).find((check) => check.name.startsWith(name));

describe('the bars', () => {
  it('are checked by the median of the ratios within a round', () => {
    expect(verdict({}, 'hot path: CPU per request, against express-session')).toMatchObject({
      found: '0.50',
      ok: true,
    });
    expect(verdict({}, 'hot path: CPU per request, against the hand-written limit')).toMatchObject({
      found: '1.10',
      ok: true,
    });
    const slower = { hotPath: { ...results.hotPath, 'oauth-session': hot(150, 300, 160) } };
    expect(verdict(slower, 'hot path: CPU per request, against express-session')).toMatchObject({
      found: '0.68',
      ok: false,
    });
    expect(verdict({}, 'hot path: CPU per request, against passport')).toMatchObject({
      found: '0.49',
      ok: true,
    });
    expect(verdict({}, 'login')).toMatchObject({ found: '1.13', ok: false });
  });

  it('ask for one refresh and all answers in every storm', () => {
    const good = { refreshes: 1, refused: 0, answered: 50 };
    const storms = (second: object) => ({
      refreshStorm: { 'oauth-session': [good, { ...good, ...second }] },
    });
    expect(verdict({}, 'refresh storm: token')?.ok).toBe(true);
    expect(verdict(storms({ refreshes: 2 }), 'refresh storm: token')).toMatchObject({
      found: '1, 2',
      ok: false,
    });
    expect(verdict(storms({ answered: 49 }), 'refresh storm: requests')?.ok).toBe(false);
  });

  it('weigh the memory by the tokens, and the heap by what it was', () => {
    // 1.1 x 2200 + 600
    expect(verdict({}, 'Redis memory per user, by MEMORY')).toMatchObject({
      bar: 'at most 3020 bytes',
      ok: true,
    });
    expect(verdict({}, 'Redis memory per user, by used')?.ok).toBe(false);
    expect(verdict({}, 'bounds')?.ok).toBe(true);
    const grown = { sessions: 10, requests: 100, before: 10e6, afterLogins: 13e6, afterRequests: 13e6 };
    expect(verdict({ bounds: grown }, 'bounds')?.ok).toBe(false);
  });

  it('say nothing of what was not measured', () => {
    const {
      hotPath: _,
      login: __,
      refreshStorm: ___,
      redisMemory: ____,
      bounds: _____,
      ...nothing
    } = results;
    expect(checkAll(nothing)).toEqual([]);
    expect(tablesOf(nothing, english)).toEqual([]);
  });
});

describe('the tables', () => {
  it('say the same in both languages', () => {
    const spans = (text: string) => text.match(/`[^`]+`/g);
    const figures = (text: string) => text.match(/(?<=\| )[\d.]+(?= \|)/g);
    const [inEnglish, inChinese] = [tablesOf(results, english), tablesOf(results, chinese)].map((tables) =>
      tables.map(toMarkdown).join('\n'),
    ) as [string, string];
    expect(figures(inEnglish)?.length).toBeGreaterThan(20);
    expect(figures(inChinese)).toEqual(figures(inEnglish));
    expect(spans(inChinese)).toEqual(spans(inEnglish));
    expect(inEnglish).toContain('| this library, `oauthSession` | 120 | 0.50 | 1.10 | 1 | 2.0 | 4.0 |');
  });

  it('have one width on a terminal', () => {
    const lines = toText({
      title: 'T',
      head: ['a', 'b'],
      rows: [
        ['long `name`', '1'],
        ['x', '1000'],
      ],
    });
    expect(lines.split('\n').slice(2)).toEqual([
      'a             b',
      '---------------',
      'long name     1',
      'x          1000',
    ]);
  });

  it('go between the markers of a page, and nowhere else', () => {
    const page = 'A\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nB\n';
    expect(between(page, 'bench', 'new')).toBe('A\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nB\n');
    expect(between(between(page, 'bench', 'x'), 'bench', 'new')).toBe(between(page, 'bench', 'new'));
    expect(() => between(page, 'profile', 'new')).toThrow('lacks <!-- profile:begin -->');
  });
});
