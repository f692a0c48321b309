/** Requests written by hand, so that they can be what no sane client would send. */
export type Fields = Record<string, string | undefined>;

export const redirectUri = 'http://127.0.0.1:3999/auth/callback/lab';

/** A URL with a query; a parameter that is `undefined` is left out. */
export function urlOf(endpoint: string | undefined, parameters: Fields): URL {
  const url = new URL(endpoint ?? '');
  for (const [name, value] of present(parameters)) url.searchParams.set(name, value);
  return url;
}

export function postForm(
  url: string | URL | undefined,
  fields: Fields,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url ?? '', { method: 'POST', headers, body: new URLSearchParams(present(fields)) });
}

export function postJson(
  url: string | undefined,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const type = { 'content-type': 'application/json; charset=utf-8' };
  return fetch(url ?? '', { method: 'POST', headers: { ...type, ...headers }, body: JSON.stringify(body) });
}

export function getWith(url: string | undefined, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url ?? '', { headers });
}

/** Status and JSON body. */
export async function read(
  answer: Response | Promise<Response>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await answer;
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The JSON body of a success. */
export async function success(answer: Promise<Response>): Promise<Record<string, string>> {
  const { status, body } = await read(answer);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body as Record<string, string>;
}

function present(fields: Fields): [string, string][] {
  return Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined);
}
