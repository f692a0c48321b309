import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { CookieJar } from 'tough-cookie';
import type { BenchUser } from './provider-process.js';
import type { ServerProcess } from './server-process.js';

const agent = new Agent({ keepAlive: true });
const LONGEST_WAY = 20;

interface Visit {
  readonly jar: CookieJar;
  readonly url: URL;
  readonly form?: Readonly<Record<string, string>> | undefined;
}

interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * A user with a browser. The cookies of the provider stay, so that it asks for a name and for consent only once and
 * its part of later logins is short; those of an app are thrown away, so that each login is a new session.
 */
export class Browser {
  readonly user: BenchUser;
  // Cookies know no ports, and everything is on one address: two jars keep the provider's from the app.
  readonly #atProvider = new CookieJar();

  constructor(user: BenchUser) {
    this.user = user;
  }

  /** Logs in, and returns the `Cookie` header of the session. @throws Error if that does not work */
  async logIn(server: ServerProcess): Promise<string> {
    const { login } = server.plan;
    if (!login) throw new Error(`${server.plan.name} has no login`);
    const jar = new CookieJar();
    const csrf = login.csrf && (await visit({ jar, url: new URL(login.csrf, server.url) }));
    const form = csrf ? { csrfToken: JSON.parse(csrf.body).csrfToken } : undefined;
    const start = await visit({ jar, url: new URL(login.path, server.url), form });
    const callback = await this.#atTheProvider(redirectOf(start, server.url), server.url);
    const end = await visit({ jar, url: callback });
    const led = redirectOf(end, callback.href);
    if (led.origin !== server.url || led.search.includes('error')) {
      throw new Error(`${server.plan.name}: the login led to ${led.href}`);
    }
    return jar.getCookieStringSync(server.url);
  }

  async #atTheProvider(start: URL, app: string): Promise<URL> {
    let url = start;
    for (let step = 0; step < LONGEST_WAY; step++) {
      if (url.origin === app) return url;
      // The forms of both pages at once; which of them is shown, the provider knows.
      const isPage = url.pathname.startsWith('/interaction/');
      const form = isPage ? { user: this.user.id, decision: 'approve' } : undefined;
      url = redirectOf(await visit({ jar: this.#atProvider, url, form }), url.href);
    }
    throw new Error(`The way through the provider does not end: ${url}`);
  }
}

function redirectOf({ status, headers, body }: Page, base: string): URL {
  if (status < 300 || status > 399 || !headers.location) {
    throw new Error(`${base} answered ${status}, where a redirect was due: ${body.slice(0, 500)}`);
  }
  return new URL(headers.location, base);
}

/** One request, its cookies sent and kept. */
async function visit({ jar, url, form }: Visit): Promise<Page> {
  const body = form && new URLSearchParams(form).toString();
  const headers: Record<string, string> = {
    accept: 'text/html',
    'sec-fetch-dest': 'document',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-site': 'same-origin',
  };
  const cookies = jar.getCookieStringSync(url.href);
  if (cookies) headers.cookie = cookies;
  if (body !== undefined) {
    headers['content-type'] = 'application/x-www-form-urlencoded';
    headers['content-length'] = String(body.length);
  }
  const page = await fetchPage(url, { method: body === undefined ? 'GET' : 'POST', headers, body });
  for (const line of page.headers['set-cookie'] ?? [])
    jar.setCookieSync(line, url.href, { ignoreError: true });
  return page;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | undefined;
}

/** A request without cookies of its own. */
export function fetchPage(url: URL, what: Sent): Promise<Page> {
  const { method = 'GET', headers = {}, body } = what;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent }, (response) => {
      text(response).then(
        (read) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: read }),
        reject,
      );
    });
    sent.once('error', (error: NodeJS.ErrnoException) => {
      // The server had just closed a connection that was kept alive: it has not seen the request.
      if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(fetchPage(url, what));
      else reject(error);
    });
    sent.end(body);
  });
}

/** Does something with all things of a list, so many at a time. */
export async function inParallel<Thing, Result>(
  width: number,
  things: readonly Thing[],
  work: (thing: Thing) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(things.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < things.length; index = next++) {
      results[index] = await work(things[index] as Thing);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, things.length) }, worker));
  return results;
}
