import { ConfigurationError } from '../../../src/errors.js';

/** Put wherever a secret could be; no message may repeat it. */
export const SECRET = 'kept-out-of-every-message-0123456789';
/** A secret that somebody forgot to quote. */
export const SECRET_NUMBER = 918_273_645;

/** Values that are wrong for an option of a type. */
export const notA = {
  string: [SECRET_NUMBER, '', null, true, {}, []],
  boolean: ['yes', 1, 0, null, {}],
  seconds: ['10', -1, Number.NaN, Number.POSITIVE_INFINITY, null, {}, true],
  function: ['x', null, {}, 5, true],
  object: ['x', null, 5, true, []],
  words: ['tab\there', 5, null, {}, [''], ['two words'], ['ünïcode'], [5]],
  path: [
    '',
    'relative',
    '//evil.example',
    'https://evil.example',
    '/\\evil.example',
    '/.//evil.example',
    5,
    null,
  ],
  url: [
    '',
    'example.com',
    'http://example.com/x',
    'ftp://example.com/',
    `https://user:${SECRET}@example.com/`,
    'https://example.com/#fragment',
    5,
    null,
  ],
  origin: [
    '',
    'https://api.example.com/',
    'https://api.example.com/path',
    'http://api.example.com',
    5,
    null,
    [],
  ],
};

/** One way to get an option wrong: `[description, option, what to do]`. */
export type Misuse = readonly [title: string, option: string, make: () => unknown];

/** Every value in the place of an option that is otherwise fine. */
export function misuses(
  make: (options: never) => unknown,
  base: object,
  wrong: Readonly<Record<string, readonly unknown[]>>,
): Misuse[] {
  return Object.entries(wrong).flatMap(([path, values]) =>
    values.map((value, index): Misuse => {
      const [option = '', member] = path.split('.');
      const given = member === undefined ? value : { [member]: value };
      const options = { ...base, [option]: given } as never;
      return [`${path}: ${show(value)} (#${index})`, path, () => make(options)];
    }),
  );
}

function show(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value).slice(0, 40)
    : (JSON.stringify(value) ?? String(value));
}

/** The error of a construction that must fail, after checking what every such error has to be. */
export function refusal(make: () => unknown): ConfigurationError {
  let thrown: unknown;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof ConfigurationError))
    throw new Error(`expected a ConfigurationError, got ${thrown}`);
  expect(thrown.message).not.toContain(SECRET);
  expect(thrown.message).not.toContain(String(SECRET_NUMBER));
  expect(thrown).toMatchObject({ status: 500, expose: false });
  return thrown;
}

/** Refused at construction, with the option's name and a fix. */
export function expectRefusal(option: string, make: () => unknown): void {
  const { message } = refusal(make);
  for (const part of option.split('.')) expect(message).toMatch(new RegExp(`['. ]${part}\\b`));
  expect(message).toMatch(/\b(?:give|leave|remove|add|use|name|say|make|takes)\b/i);
}
