import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { CookieJar } from 'tough-cookie';
import { type Answer, readAnswer } from '../../support/read-answer.js';

/** What a browser got. */
export type Page = Answer;

export interface BrowserRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * A browser with a cookie jar of its own. It follows no redirect, and sends the path and the headers as they are given:
 * `fetch` would tidy up the one and forbid some of the other.
 */
export class Browser {
  readonly jar = new CookieJar();
  readonly #origin: string;
  readonly #authority: string | undefined;

  /** @param authority the certificate that it trusts, for an app on https. */
  constructor(origin: string, authority?: string) {
    this.#origin = origin;
    this.#authority = authority;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
    return this.ask(path, { headers });
  }

  async ask(path: string, { method = 'GET', headers = {}, body }: BrowserRequest = {}): Promise<Page> {
    const cookie = this.jar.getCookieStringSync(this.#origin);
    const page = await send(this.#origin, path, {
      method,
      headers: { accept: 'text/html', ...(cookie && { cookie }), ...headers },
      ...(body !== undefined && { body }),
      ...(this.#authority !== undefined && { authority: this.#authority }),
    });
    for (const line of page.headers['set-cookie'] ?? []) this.jar.setCookieSync(line, this.#origin);
    return page;
  }

  /** The status of `/me`, and what it says about the user. */
  async me(): Promise<{ status: number; user?: { sub: string; [member: string]: unknown } }> {
    const { status, text } = await this.get('/me', { accept: 'application/json' });
    return status === 200 ? { status, ...JSON.parse(text) } : { status };
  }
}

function send(
  origin: string,
  path: string,
  { method, headers, body, authority }: BrowserRequest & { authority?: string },
): Promise<Page> {
  return new Promise((resolve, reject) => {
    const form = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const options = { method, path, headers: { ...form, ...headers }, ca: authority };
    const sent = (authority === undefined ? request : secureRequest)(origin, options, (response) => {
      resolve(readAnswer(response));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
