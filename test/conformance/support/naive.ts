/** Ways to decide about a URL that have been seen, and families of payloads that get past each of them. */
interface Naive {
  /** Where to go, if anywhere. */
  decide(value: string, origin: string): string | false;
  readonly fallsFor: readonly string[];
}

export const naive: Readonly<Record<string, Naive>> = {
  'looks at nothing': {
    decide: (value) => value,
    fallsFor: ['absolute', 'protocol-relative', 'backslashes', 'userinfo', 'schemes', 'disguised hosts'],
  },
  'wants a slash': {
    decide: (value) => value.startsWith('/') && value,
    fallsFor: ['protocol-relative', 'backslashes', 'userinfo', 'dot segments', 'disguised hosts'],
  },
  'wants one slash alone': {
    decide: (value) => /^\/(?![/\\])/.test(value) && value,
    fallsFor: ['backslashes', 'dot segments'],
  },
  'compares origins': {
    decide: (value, origin) =>
      URL.canParse(value, origin) && new URL(value, origin).origin === origin && value,
    fallsFor: ['backslashes', 'dot segments'],
  },
  'drops what it does not like': {
    decide: (value) => /^\/(?!\/)/.test(value) && value.replace(/[^\x21-\x7e]/g, ''),
    fallsFor: ['dropped characters', 'stripped characters', 'unicode white space'],
  },
  'normalizes what it has checked': {
    decide: (value) => value.startsWith('/') && !value.startsWith('//') && value.normalize('NFKC'),
    fallsFor: ['look-alikes', 'dot segments'],
  },
  'decodes what it has checked': {
    decide: (value) => /^\/(?!\/)/.test(value) && unescape(value),
    fallsFor: ['encoded', 'dot segments'],
  },
  'cuts what is too long': {
    decide: (value) => value.slice(0, 2048).replaceAll('./', ''),
    fallsFor: ['too long'],
  },
};
