import { BlockList, isIP } from 'node:net';
import { ConfigurationError } from './errors.js';

/**
 * Reads one object of options: each option is asked for once, by its type, and what nobody asked for is an error.
 * Every message names the option, what was given and the fix. Nobody reads raw options after this.
 */
export class OptionReader {
  readonly #where: string;
  readonly #raw: Record<string, unknown>;
  readonly #known = new Set<string>();

  constructor(where: string, raw: unknown) {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
      throw new ConfigurationError(
        'invalid_option',
        `${where} takes an object of options, not ${kind(raw)}.`,
      );
    }
    this.#where = where;
    this.#raw = raw as Record<string, unknown>;
  }

  /** The option as it is, `undefined` when it was not given. */
  any(name: string): unknown {
    this.#known.add(name);
    return this.#raw[name];
  }

  /** The option, or the fallback when it was not given. `null` is not "not given". */
  #or(name: string, fallback: unknown): unknown {
    const value = this.any(name);
    return value === undefined ? fallback : value;
  }

  /** A non-empty string. */
  string(name: string, fix: string): string;
  string(name: string, fix: string, fallback: string): string;
  string(name: string, fix: string, fallback?: string): string {
    const value = this.optionalString(name, fix) ?? fallback;
    if (value === undefined) throw this.missing(name, fix);
    return value;
  }

  optionalString(name: string, fix: string): string | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') throw this.wrong(name, value, fix);
    return value;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.#or(name, fallback);
    if (typeof value !== 'boolean') throw this.wrong(name, value, 'give true or false');
    return value;
  }

  /** A duration in seconds. */
  seconds(name: string, fallback: number, least = 1): number {
    const value = this.#or(name, fallback);
    if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
      const what = typeof value === 'number' ? String(value) : kind(value);
      throw this.wrong(name, value, `give a number of seconds, at least ${least}`, what);
    }
    return value;
  }

  /** For what other programs read as an integer. */
  wholeSeconds(name: string, fallback: number, least = 1): number {
    const value = this.seconds(name, fallback, least);
    if (Number.isInteger(value)) return value;
    throw this.wrong(name, value, 'give a whole number of seconds', String(value));
  }

  oneOf<const T extends string>(name: string, values: readonly T[], fallback: T): T {
    const value = this.#or(name, fallback);
    if (!values.includes(value as T)) {
      const fix = `give one of ${values.map((one) => `'${one}'`).join(', ')}`;
      throw typeof value === 'string' ? this.unfit(name, value, fix) : this.wrong(name, value, fix);
    }
    return value as T;
  }

  /** A list of words, given as an array or as one string with spaces. */
  words(name: string, fallback: readonly string[]): readonly string[] {
    const value = this.#or(name, fallback);
    const list = typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : value;
    const fix = 'give words in one string, or an array of strings without spaces or control characters';
    if (
      !Array.isArray(list) ||
      !list.every((word) => typeof word === 'string' && /^[\x21-\x7e]+$/.test(word))
    ) {
      throw this.#wrongList(name, value, fix);
    }
    return Object.freeze([...new Set(list as string[])]);
  }

  /** A list of non-empty strings, given as an array or as one string. */
  strings(name: string, fix: string): readonly string[] | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    const list = Array.isArray(value) ? value : [value];
    if (list.length === 0 || !list.every((one) => typeof one === 'string' && one !== '')) {
      throw this.#wrongList(name, value, fix);
    }
    return Object.freeze([...(list as string[])]);
  }

  /** The same, where an empty list means that there are none. */
  stringsOrNone(name: string, fix: string): readonly string[] | undefined {
    const value = this.any(name);
    return Array.isArray(value) && value.length === 0 ? Object.freeze([]) : this.strings(name, fix);
  }

  #wrongList(name: string, value: unknown, fix: string): ConfigurationError {
    const fits = typeof value === 'string' || Array.isArray(value);
    return fits ? this.unfit(name, value, fix) : this.wrong(name, value, fix);
  }

  /** An object whose values are strings, such as extra parameters. */
  record(name: string, fix: string): Readonly<Record<string, string>> {
    const value = this.#or(name, {});
    if (!isPlainObject(value)) throw this.wrong(name, value, fix);
    for (const [key, one] of Object.entries(value)) {
      if (typeof one !== 'string') throw this.wrong(`${name}.${key}`, one, 'give a string');
    }
    return Object.freeze({ ...(value as Record<string, string>) });
  }

  function<T>(name: string, fix: string): T | undefined {
    const value = this.any(name);
    if (value !== undefined && typeof value !== 'function') throw this.wrong(name, value, fix);
    return value as T | undefined;
  }

  /** An object of options inside this one. */
  group(name: string): OptionReader {
    return new OptionReader(`${this.#where}.${name}`, this.#or(name, {}));
  }

  /** Objects of options, in an array that is not empty; `undefined` when it was not given. */
  groups(name: string, fix: string): readonly OptionReader[] | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0) throw this.wrong(name, value, fix);
    return value.map((one, index) => new OptionReader(`${this.#where}.${name}[${index}]`, one));
  }

  /** To be called when every option has been asked for: refuses unknown ones. */
  end(): void {
    const unknown = Object.keys(this.#raw).find((name) => !this.#known.has(name));
    if (unknown === undefined) return;
    const known = [...this.#known].join(', ');
    throw new ConfigurationError(
      'unknown_option',
      `${this.#where}: there is no option '${unknown}'. ${known === '' ? 'Remove it: it takes none' : `Remove it, or use one of: ${known}`}.`,
    );
  }

  missing(name: string, fix: string): ConfigurationError {
    return new ConfigurationError(
      'missing_option',
      `${this.#where}: the option '${name}' is missing: ${fix}.`,
    );
  }

  /** The same of a value that is of a right type, but not a right one. */
  unfit(name: string, value: unknown, fix: string): ConfigurationError {
    return this.wrong(name, value, fix, kind(value).replace(/^an? (?=string|number|array|object)/, 'this '));
  }

  wrong(name: string, value: unknown, fix: string, what = kind(value)): ConfigurationError {
    return new ConfigurationError(
      'invalid_option',
      `${this.#where}: the option '${name}' cannot be ${what}: ${fix}.`,
    );
  }

  conflict(message: string): ConfigurationError {
    return new ConfigurationError('conflicting_options', `${this.#where}: ${message}`);
  }
}

/** Names the type of a value without showing the value: it may be a secret. */
export function kind(value: unknown): string {
  if (value === null) return 'null';
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return String(value);
  if (value === undefined) return 'undefined';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether a host name, as `URL.hostname` has it, can only be this machine [RFC 8252 7.3, RFC 6761 6.3]. Use it to allow
 * something for this machine only; to keep something away from this machine, use `mayBeThisMachine`.
 */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}

/** Loopback, and the unspecified addresses, which systems connect to themselves; IPv4 ones also when mapped to IPv6. */
const ownAddresses = new BlockList();
ownAddresses.addSubnet('127.0.0.0', 8);
ownAddresses.addSubnet('0.0.0.0', 8);
ownAddresses.addAddress('::1', 'ipv6');
ownAddresses.addAddress('::', 'ipv6');

/** Whether a request to a host, as `URL.hostname` names it, may end at this machine. */
export function mayBeThisMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '');
  const family = isIP(host);
  return family === 0 ? isLoopbackHost(host) : ownAddresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** Parses a URL that comes from configuration or from a provider's metadata: https, or http on loopback. */
export function parseSecureUrl(value: unknown): URL | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  if (url.username || url.password) return undefined;
  if (url.protocol === 'https:') return url;
  return url.protocol === 'http:' && isLoopbackHost(url.hostname) ? url : undefined;
}
