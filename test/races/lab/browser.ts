import type { App } from './app.js';

/** What an answer means to the user. */
export type Meaning =
  | 'served'
  /** 401, a redirect to the login, or a cookie that was cleared. */
  | 'logged out'
  /** 503 with `Retry-After`: come again. */
  | 'later'
  /** The connection broke: its process was killed. */
  | 'broken'
  | 'wrong';

export interface Answer {
  readonly status: number;
  readonly meaning: Meaning;
  readonly body: { readonly sub?: string; readonly accessToken?: string; readonly note?: string };
  readonly retryAfter: number | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Milliseconds. */
  readonly took: number;
}

/** Milliseconds after which an answer counts as one that never came. */
const NEVER = 40_000;

/** Somebody with a cookie jar that all processes of the app see. */
export class Browser {
  readonly user: string;
  readonly cookies = new Map<string, string>();

  constructor(user: string) {
    this.user = user;
  }

  /** The same user with a copy of the cookies: what was sent before a logout cleared them. */
  copy(): Browser {
    const copy = new Browser(this.user);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  async ask(app: App, path: string, method = 'GET'): Promise<Answer> {
    const at = Date.now();
    try {
      const response = await this.#fetch(`${app.url}${path}`, method);
      const cleared = this.#keepCookies(response);
      const text = await response.text();
      const retryAfter = response.headers.get('retry-after');
      return {
        status: response.status,
        meaning: meaningOf(response.status, cleared, retryAfter !== null),
        body: parse(text),
        retryAfter: retryAfter === null ? undefined : Number(retryAfter),
        at,
        took: Date.now() - at,
      };
    } catch {
      return { status: 0, meaning: 'broken', body: {}, retryAfter: undefined, at, took: Date.now() - at };
    }
  }

  /** Asks again while the answer is that one should come again. Returns the last answer. */
  async insist(app: () => App, path: string, patience: number): Promise<Answer> {
    const giveUpAt = Date.now() + patience;
    for (;;) {
      const answer = await this.ask(app(), path);
      const again = answer.meaning === 'later' || answer.meaning === 'broken';
      if (!again || Date.now() > giveUpAt) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** A whole login. @param signIn plays the user at another provider than the strict one. */
  async logIn(app: App, provider = 'op', signIn = (url: string) => signInAs(this.user, url)): Promise<void> {
    const started = await this.#fetch(`${app.url}/auth/login/${provider}`);
    this.#keepCookies(started);
    const callback = await signIn(started.headers.get('location') ?? '');
    const done = await this.#fetch(callback.href);
    this.#keepCookies(done);
    if (done.status !== 303) throw new Error(`${this.user} could not log in: ${await done.text()}`);
  }

  #fetch(url: string, method = 'GET'): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return fetch(url, {
      method,
      redirect: 'manual',
      headers: { accept: 'application/json', cookie },
      signal: AbortSignal.timeout(NEVER),
    });
  }

  /** Returns whether the answer takes a cookie away. */
  #keepCookies(response: Response): boolean {
    let cleared = false;
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const expires = attributes.find((one) => /^expires=/i.test(one))?.slice('expires='.length);
      const gone =
        attributes.some((one) => /^max-age=0$/i.test(one)) || Date.parse(expires ?? '') <= Date.now();
      if (gone) cleared = this.cookies.delete(name) || cleared;
      else this.cookies.set(name, pair.slice(name.length + 1));
    }
    return cleared;
  }
}

/** The strict provider asks nothing. */
async function signInAs(user: string, authorizationUrl: string): Promise<URL> {
  const url = new URL(authorizationUrl);
  url.searchParams.set('login_as', user);
  const { headers } = await fetch(url, { redirect: 'manual' });
  return new URL(headers.get('location') ?? '');
}

function meaningOf(status: number, cleared: boolean, retryAfter: boolean): Meaning {
  if (status === 401 || status === 302 || cleared) return 'logged out';
  if (status === 503 && retryAfter) return 'later';
  return status >= 200 && status < 300 ? 'served' : 'wrong';
}

function parse(text: string): Answer['body'] {
  try {
    return JSON.parse(text);
  } catch {
    // JSON.parse throws a SyntaxError and nothing else; pages for people are no JSON.
    return {};
  }
}
