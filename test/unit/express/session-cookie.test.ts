import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sessionIdReader, signSessionId } from '../../../src/express/session-cookie.js';

const NEW = 'a new secret, of thirty-two characters and more';
const OLD = 'an old secret, of thirty-two characters and more';
const cookie = (id: string, secret = NEW, name = 'sid') =>
  `${name}=${encodeURIComponent(signSessionId(id, [secret]))}`;

const read = sessionIdReader('sid', [NEW, OLD]);

// The second time the answer is remembered, or is not.
it.each<[string, string | undefined, string | undefined]>([
  ['the newest secret', cookie('one'), 'one'],
  ['an older secret', cookie('two', OLD), 'two'],
  ['another secret', cookie('three', 'a secret of somebody else, of thirty-two characters'), undefined],
  ['nobody', 'sid=s%3Afour', undefined],
  ['the newest secret, with another id put before', cookie('five').replace('five', 'four'), undefined],
  ['the newest secret, under another name', cookie('six', NEW, 'id'), undefined],
  ['the newest secret, behind 8 KB of other cookies', `${'a=b; '.repeat(1600)}${cookie('seven')}`, 'seven'],
  ['no cookie at all', undefined, undefined],
])('finds the id of a cookie that was signed by %s, time and again', (_by, header, id) => {
  expect([read(header), read(header), read(header)]).toEqual([id, id, id]);
});

it('reads what a client has quoted, and takes quotes off nothing else', () => {
  const value = encodeURIComponent(signSessionId('one', [NEW]));
  expect(read(`sid="${value}"`)).toBe('one');
  for (const wrong of [`x"${value}"`, `"${value}"x`, `"${value}`, `${value}"`, '""', '"']) {
    expect(read(`sid=${wrong}`)).toBeUndefined();
  }
});

it('is the cookie of express-session, to the letter', () => {
  const value = signSessionId('one', [NEW, OLD]);
  expect(value.startsWith('s:one.')).toBe(true);
  expect(signSessionId('one', [OLD])).not.toBe(value);
  // Signed, but without the mark of a signature.
  expect(read(`sid=${encodeURIComponent(value.slice(2))}`)).toBeUndefined();
  expect(read(`sid=${encodeURIComponent(value.replace('s:', 'j:'))}`)).toBeUndefined();
});

it('tells thousands of browsers apart', () => {
  const ids = Array.from({ length: 2500 }, (_, n) => `browser-${n}`);
  for (let round = 0; round < 2; round++) expect(ids.map((id) => read(cookie(id)))).toEqual(ids);
});

it('keeps the readers of two secrets, and of two names, apart', () => {
  expect(read(cookie('one'))).toBe('one');
  expect(sessionIdReader('sid', [OLD])(cookie('one'))).toBeUndefined();
  expect(sessionIdReader('__Host-sid', [NEW])(cookie('one'))).toBeUndefined();
});

it.each([
  ['many', 40_000, 4_000],
  ['long', 4_000, 40_000],
])('keeps little in memory of %s headers', (_how, count, length) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const others = `other=${'x'.repeat(length - 120)}; `;
  // One whose memory is full when it is weighed.
  const read = sessionIdReader('sid', [NEW]);
  const before = heap();
  for (let n = 0; n < count; n++) read(`n=${n}; ${others}${cookie('one')}`);
  // All of them are 160 MB.
  expect(heap() - before).toBeLessThan(16 * 1024 * 1024);
  expect(read(cookie('one'))).toBe('one');
});
