import { isPlainObject, kind } from '../config.js';
import { ConfigurationError } from '../errors.js';

const checks = {
  string: ['a string', (value: unknown) => typeof value === 'string' && value !== ''],
  boolean: ['true or false', (value: unknown) => typeof value === 'boolean'],
  seconds: ['a number of seconds, at least 0', (value: unknown) => typeof value === 'number' && value >= 0],
  object: ['an object of strings', isPlainObject],
  // What a browser may have sent: whatever it is, it is judged later.
  anything: ['anything', () => true],
} as const;

/**
 * Checks the options of a method of `req.oauth`, so that nothing mistyped counts as not given.
 *
 * @throws ConfigurationError naming the option and the fix.
 */
export function checkOptions<Options extends object>(
  method: string,
  options: Options,
  known: { readonly [Name in keyof Options]-?: keyof typeof checks },
): Options {
  if (!isPlainObject(options)) {
    throw new ConfigurationError(
      'invalid_option',
      `req.oauth.${method} takes an object such as { provider: 'oidc' }, not ${kind(options)}.`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    const type = Object.hasOwn(known, name) ? known[name as keyof Options] : undefined;
    if (type === undefined) {
      throw new ConfigurationError(
        'unknown_option',
        `req.oauth.${method}: there is no option '${name}'. Remove it, or use one of: ${Object.keys(known).join(', ')}.`,
      );
    }
    const [what, fits] = checks[type];
    if (value === undefined || fits(value)) continue;
    throw new ConfigurationError(
      'invalid_option',
      `req.oauth.${method}: the option '${name}' cannot be ${kind(value)}: give ${what}.`,
    );
  }
  return options;
}
