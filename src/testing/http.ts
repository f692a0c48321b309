import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/** A request whose body has been read. */
export interface Call {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly socket: Socket;
}

/** An answer that has not been sent yet. */
export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Buffer;
}

/** Answers requests; all that a stand-in does is made of these. */
export type Handle = (call: Call) => Answer | Promise<Answer>;

/** A JSON answer, which nobody may store. */
export function json(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(value),
  };
}

/** A redirect. */
export function redirect(location: string | URL, status = 302, headers: OutgoingHttpHeaders = {}): Answer {
  return {
    status,
    headers: { location: String(location), 'cache-control': 'no-store', ...headers },
    body: '',
  };
}

/** The type of the body, without parameters, in lower case; empty if there is none. */
export function mediaType(headers: OutgoingHttpHeaders | IncomingHttpHeaders): string {
  return String(headers['content-type'] ?? '')
    .replace(/;.*/s, '')
    .trim()
    .toLowerCase();
}

/** The fields of a form body; none if the body is something else. */
export function formFields(call: Call): URLSearchParams {
  const isForm = mediaType(call.headers) === 'application/x-www-form-urlencoded';
  return new URLSearchParams(isForm ? call.body.toString() : '');
}

/** The value of a cookie. */
export function cookie(call: Call, name: string): string | undefined {
  const pairs = (call.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The token of `Authorization: Bearer …`, RFC 6750 2.1. */
export function bearerToken(call: Call): string | undefined {
  return /^Bearer ([\w.~+/-]+=*)$/i.exec(call.headers.authorization ?? '')?.[1];
}

/** What a protected resource says to a missing or dead token, RFC 6750 3. */
export function invalidToken(body: Record<string, unknown> = {}): Answer {
  const headers = { 'www-authenticate': 'Bearer error="invalid_token"' };
  return json(401, { error: 'invalid_token', ...body }, headers);
}
