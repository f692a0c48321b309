import { type Browser, fetchPage, inParallel } from './browser.js';
import type { ServerProcess } from './server-process.js';

/** Sessions of logged-in users: their `Cookie` headers, and what `GET /me` must answer to them. */
export interface Sessions {
  readonly cookies: readonly string[];
  readonly expected: readonly string[];
}

/** Logs every browser in, really, and looks whether the server knows them afterwards. */
export async function logInAll(
  server: ServerProcess,
  browsers: readonly Browser[],
  width = 4,
): Promise<Sessions> {
  if (!server.plan.login) return anonymous(server);
  const cookies = await inParallel(width, browsers, (browser) => browser.logIn(server));
  const expected = browsers.map(({ user }) => JSON.stringify({ sub: user.sub }));
  const { body } = await fetchPage(new URL('/me', server.url), { headers: { cookie: cookies[0] as string } });
  if (body !== expected[0]) throw new Error(`${server.plan.name} answers ${body} to a user who is logged in`);
  const stranger = await fetchPage(new URL('/me', server.url), {});
  if (stranger.status !== 401)
    throw new Error(`${server.plan.name} answers ${stranger.status} to a stranger`);
  return { cookies, expected };
}

async function anonymous(server: ServerProcess): Promise<Sessions> {
  const { body } = await fetchPage(new URL('/me', server.url), {});
  return { cookies: [''], expected: [body] };
}
