import { isSame } from '../client-secret.js';
import type { Call } from '../http.js';
import { type Parameters, readForm } from '../parameters.js';
import { Refusal } from '../refusal.js';
import type { LabClient, LabWebAndNative } from '../types.js';
import { complain } from './errors.js';

/** A form that a client sent, once it is known to be well-formed and to come from that client. */
export interface ClientForm extends Parameters {
  readonly client: LabClient;
}

/** Reads a form as strictly as the documentation allows, with the client's secret in the form and nowhere else. */
export function readClientForm(call: Call, fields: readonly string[], clients: LabWebAndNative): ClientForm {
  const form = readForm(call, complain);
  form.only(['client_id', 'client_secret', ...fields]);
  const client = authenticate(form.required('client_id'), form.optional('client_secret'), clients);
  return { ...form, client };
}

function authenticate(
  clientId: string,
  secret: string | undefined,
  { web, native }: LabWebAndNative,
): LabClient {
  if (clientId === native.clientId) {
    if (secret === undefined) return native;
    throw new Refusal('invalid_client', 'this application has no secret', 401);
  }
  if (clientId !== web.clientId) throw new Refusal('invalid_client', 'unknown client_id', 401);
  if (secret === undefined) throw new Refusal('invalid_client', 'client_secret is missing', 401);
  if (!isSame(web.clientSecret, secret)) throw new Refusal('invalid_client', 'wrong client_secret', 401);
  return web;
}
