import { type Call, formFields, mediaType } from './http.js';
import type { Refusal } from './refusal.js';

/** What can be wrong with a parameter, or with what carries them; `body` and `query` stand for the latter. */
export type Flaw = 'missing' | 'unknown' | 'repeated' | 'malformed';

/** How a provider puts it. */
export type Complain = (flaw: Flaw, name: string, message: string) => Refusal;

/** The parameters of a request, none of which is there twice. */
export interface Parameters {
  /** The value of a parameter. An absent one and an empty one are both refused. */
  required(name: string): string;
  optional(name: string): string | undefined;
  /** Refuses every parameter that is not one of these. */
  only(names: readonly string[]): void;
}

/** Reads a query or a form. */
export function readParameters(pairs: Iterable<readonly [string, string]>, complain: Complain): Parameters {
  const values = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (values.has(name)) throw complain('repeated', name, `${name} is there twice`);
    values.set(name, value);
  }
  return {
    required(name) {
      const value = values.get(name);
      if (value === undefined || value === '') throw complain('missing', name, `${name} is missing`);
      return value;
    },
    optional: (name) => values.get(name),
    only(names) {
      const unknown = [...values.keys()].find((name) => !names.includes(name));
      if (unknown !== undefined) throw complain('unknown', unknown, `unknown parameter ${unknown}`);
    },
  };
}

/** Reads a form body: nothing may be in the query, and no credentials in a header. */
export function readForm(call: Call, complain: Complain): Parameters {
  checkEnvelope(call, 'application/x-www-form-urlencoded', complain);
  checkHeader(call, complain);
  return readParameters(formFields(call), complain);
}

/** Reads a JSON body in the same way: an object of strings. */
export function readJson(call: Call, complain: Complain): Parameters {
  checkHeader(call, complain);
  return readJsonOfBearer(call, complain);
}

/** The same of a request that has an access token in its header. */
export function readJsonOfBearer(call: Call, complain: Complain): Parameters {
  checkEnvelope(call, 'application/json', complain);
  const body = parseObject(call.body.toString());
  if (body === undefined) throw complain('malformed', 'body', 'the body is not a JSON object');
  const pairs = Object.entries(body).map(([name, value]): [string, string] => {
    if (typeof value !== 'string') throw complain('malformed', name, `${name} is not a string`);
    return [name, value];
  });
  return readParameters(pairs, complain);
}

function checkEnvelope(call: Call, type: string, complain: Complain): void {
  if (call.url.search !== '') throw complain('malformed', 'query', 'no parameters in the query, please');
  if (mediaType(call.headers) !== type) throw complain('malformed', 'body', `the body is not ${type}`);
}

function checkHeader(call: Call, complain: Complain): void {
  if (call.headers.authorization === undefined) return;
  throw complain('malformed', 'authorization', 'client credentials belong in the body');
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
