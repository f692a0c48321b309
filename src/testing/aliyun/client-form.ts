import { timingSafeEqual } from 'node:crypto';

import { type Call, formFields, mediaType } from '../http.js';
import type { Ground } from '../stand-in.js';
import type { LabClient } from '../types.js';
import { Refusal } from './errors.js';

/** A form that a client sent, once it is known to be well-formed and to come from that client. */
export interface ClientForm {
  readonly client: LabClient;
  /** The value of a field. An absent one and an empty one are both refused. */
  required(name: string): string;
  optional(name: string): string | undefined;
}

/**
 * Reads a form as strictly as the documentation allows: nothing in the query, no field that is not documented, none
 * twice, and the client's secret in the form and nowhere else.
 */
export function readClientForm(
  call: Call,
  fields: readonly string[],
  clients: Ground['clients'],
): ClientForm {
  if (call.url.search !== '') throw new Refusal('invalid_request', 'no parameters in the query, please');
  if (mediaType(call.headers) !== 'application/x-www-form-urlencoded') {
    throw new Refusal('invalid_request', 'the body is not application/x-www-form-urlencoded');
  }
  if (call.headers.authorization !== undefined) {
    throw new Refusal('invalid_client', 'client credentials belong in the body', 401);
  }
  const form = formFields(call);
  const known = ['client_id', 'client_secret', ...fields];
  for (const name of form.keys()) {
    if (!known.includes(name)) throw new Refusal('invalid_request', `unknown parameter ${name}`);
    if (form.getAll(name).length > 1) throw new Refusal('invalid_request', `${name} is there twice`);
  }
  const required = (name: string) => {
    const value = form.get(name);
    if (value === null || value === '') throw new Refusal('invalid_request', `${name} is missing`);
    return value;
  };
  return {
    client: authenticate(required('client_id'), form.get('client_secret'), clients),
    required,
    optional: (name) => form.get(name) ?? undefined,
  };
}

function authenticate(
  clientId: string,
  secret: string | null,
  { web, native }: Ground['clients'],
): LabClient {
  if (clientId === native.clientId) {
    if (secret === null) return native;
    throw new Refusal('invalid_client', 'this application has no secret', 401);
  }
  if (clientId !== web.clientId) throw new Refusal('invalid_client', 'unknown client_id', 401);
  if (secret === null) throw new Refusal('invalid_client', 'client_secret is missing', 401);
  if (!isSame(secret, web.clientSecret)) throw new Refusal('invalid_client', 'wrong client_secret', 401);
  return web;
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
