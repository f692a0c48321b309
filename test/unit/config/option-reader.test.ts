import { isLoopbackHost, kind, mayBeThisMachine, OptionReader, parseSecureUrl } from '../../../src/config.js';
import { ConfigurationError } from '../../../src/errors.js';

describe('OptionReader', () => {
  it('freezes what it reads, so that a later change of the options changes nothing', () => {
    const raw = { words: ['a', 'b'], strings: ['x'], record: { a: '1' } };
    const read = new OptionReader('it', raw);
    const got = [read.words('words', []), read.strings('strings', ''), read.record('record', '')];
    raw.words.push('c');
    raw.strings.push('y');
    (raw.record as Record<string, string>).b = '2';
    expect(got).toEqual([['a', 'b'], ['x'], { a: '1' }]);
    expect(got.every((one) => Object.isFrozen(one))).toBe(true);
  });

  it('takes words as a string or a list, each once', () => {
    const read = new OptionReader('it', { a: ' openid  /acs/ccc openid ', b: ['x', 'x'] });
    expect(read.words('a', [])).toEqual(['openid', '/acs/ccc']);
    expect(read.words('b', [])).toEqual(['x']);
    expect(read.words('c', ['d'])).toEqual(['d']);
  });

  it('names the group in which a member is unknown', () => {
    const group = new OptionReader('it', { timeouts: { tokn: 1 } }).group('timeouts');
    group.seconds('token', 1);
    expect(() => group.end()).toThrow("it.timeouts: there is no option 'tokn'");
  });

  it('says of a value of a right type that it is this one that will not do, and shows none', () => {
    const said = (read: (reader: OptionReader) => unknown, value: unknown) => {
      try {
        read(new OptionReader('it', { a: value }));
      } catch (error) {
        return /cannot be ([^:]*)/.exec((error as Error).message)?.[1];
      }
      return undefined;
    };
    expect(said((it) => it.oneOf('a', ['cn', 'intl'], 'cn'), 'us')).toBe('this string');
    expect(said((it) => it.oneOf('a', ['cn', 'intl'], 'cn'), 5)).toBe('a number');
    expect(said((it) => it.oneOf('a', ['cn', 'intl'], 'cn'), '')).toBe('an empty string');
    expect(said((it) => it.words('a', []), ['two words'])).toBe('this array');
    expect(said((it) => it.words('a', []), 'ünïcode')).toBe('this string');
    expect(said((it) => it.strings('a', 'give some'), [])).toBe('an empty array');
    expect(said((it) => it.strings('a', 'give some'), {})).toBe('an object');
    expect(said((it) => it.boolean('a', true), 'yes')).toBe('a string');
  });

  it('says where no option is known that there are none', () => {
    expect(() => new OptionReader('it', { a: 1 }).end()).toThrow(
      "it: there is no option 'a'. Remove it: it takes none.",
    );
  });

  it('reads the objects of an array, and names the one that is wrong', () => {
    const read = new OptionReader('it', { a: [{ b: 'x' }, { b: 5 }] });
    const [first, second] = read.groups('a', 'give some') ?? [];
    expect(first?.string('b', 'give one')).toBe('x');
    expect(() => second?.string('b', 'give one')).toThrow("it.a[1]: the option 'b' cannot be a number");
  });

  it('does not take null for "not given"', () => {
    const read = new OptionReader('it', { a: null });
    for (const readOne of [
      () => read.boolean('a', true),
      () => read.seconds('a', 1),
      () => read.oneOf('a', ['x'], 'x'),
      () => read.words('a', []),
      () => read.record('a', 'give one'),
      () => read.group('a'),
      () => read.string('a', 'give one', 'x'),
    ]) {
      expect(readOne).toThrow(ConfigurationError);
    }
  });
});

it.each([
  [12_345_678, 'a number'],
  ['hunter2', 'a string'],
  ['', 'an empty string'],
  [[], 'an empty array'],
  [['hunter2'], 'an array'],
  [{ secret: 'hunter2' }, 'an object'],
  [null, 'null'],
  [undefined, 'undefined'],
  [true, 'true'],
  [Symbol('hunter2'), 'a symbol'],
  [() => 'hunter2', 'a function'],
])('kind names the type and never the value (#%#)', (value, name) => {
  expect(kind(value)).toBe(name);
});

it.each([
  ['localhost', true],
  ['app.localhost', true],
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['[::1]', true],
  ['localhost.example.com', false],
  ['127.0.0.1.example.com', false],
  ['128.0.0.1', false],
  ['0.0.0.0', false],
  ['notlocalhost', false],
  // Not everything that ends up here is promised to do so: none of these is worth plain http.
  ['localhost.', false],
  ['app.localhost.', false],
  ['[::]', false],
  ['[::ffff:7f00:1]', false],
])('isLoopbackHost(%s) is %p', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});

it.each([
  ['localhost', true],
  ['LOCALHOST', true],
  ['localhost.', true],
  ['app.localhost', true],
  ['app.localhost.', true],
  ['127.0.0.1', true],
  ['127.0.0.1.', true],
  ['2130706433', true],
  ['127.8.9.10', true],
  ['0.0.0.0', true],
  ['0', true],
  ['[::1]', true],
  ['[::]', true],
  ['[0:0::0:1]', true],
  ['[::ffff:127.0.0.1]', true],
  ['[::ffff:7f08:90a]', true],
  ['[::ffff:0.0.0.0]', true],
  ['example.com', false],
  ['example.com.', false],
  ['localhost.example.com', false],
  ['notlocalhost', false],
  ['128.0.0.1', false],
  ['10.0.0.1', false],
  ['[2001:db8::1]', false],
  ['[::ffff:8.8.8.8]', false],
])('mayBeThisMachine of the host of https://%s/ is %p', (host, expected) => {
  expect(mayBeThisMachine(new URL(`https://${host}/`).hostname)).toBe(expected);
});

it.each([
  ['https://example.com/x?y#z', true],
  ['http://127.0.0.1:3000', true],
  ['http://[::1]:3000', true],
  ['http://example.com', false],
  ['http://localhost@example.com', false],
  ['https://user@example.com', false],
  ['https://:pw@example.com', false],
  ['javascript:alert(1)', false],
  ['file:///etc/passwd', false],
  ['//example.com', false],
  ['', false],
  [undefined, false],
  [new URL('https://example.com'), false],
])('parseSecureUrl takes %p: %p', (value, accepted) => {
  expect(parseSecureUrl(value) !== undefined).toBe(accepted);
});
