import { OAuthLoginError, ProviderProtocolError, ProviderUnavailableError, retryAfter } from '../errors.js';

/** No answer of a provider has reason to be larger, after decompression. */
const MAX_BYTES = 1024 * 1024;

/** Calls a provider within bounds. `text` is the decoded body. */
export type ProviderFetch = (url: string, init: RequestInit) => Promise<HttpAnswer>;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * Makes the one way by which this library talks to a provider: a deadline over everything from connecting to the
 * last byte, a bound on the body's size after decompression, and no redirect followed, since a redirect would carry
 * secrets to a place that nobody configured.
 */
export function createProviderFetch(
  timeoutSeconds: number,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): ProviderFetch {
  // Timers take whole milliseconds, and go off at once when set for longer than 31 bits of them.
  const milliseconds = Math.min(Math.ceil(timeoutSeconds * 1000), 2 ** 31 - 1);
  return async (url, init) => {
    const deadline = AbortSignal.timeout(milliseconds);
    try {
      const response = await fetch(url, { ...init, redirect: 'manual', signal: deadline });
      return { status: response.status, headers: response.headers, text: await readBounded(response) };
    } catch (error) {
      if (error instanceof OAuthLoginError) throw error;
      throw deadline.aborted
        ? new ProviderUnavailableError(
            'provider_timeout',
            `The provider did not answer within ${timeoutSeconds} s.`,
            {
              cause: error,
              headers: retryAfter(1000),
              outcomeUnknown: true,
            },
          )
        : new ProviderUnavailableError('provider_unavailable', 'The provider cannot be reached.', {
            cause: error,
            headers: retryAfter(1000),
            outcomeUnknown: !neverSent(error),
          });
    }
  };
}

/** How a connection fails that was never made. Whatever else happens, the provider may have read the request. */
const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** fetch wraps the reason. */
function neverSent(error: unknown): boolean {
  const code = ((error as { cause?: unknown }).cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && NO_CONNECTION.has(code);
}

async function readBounded(response: Response): Promise<string> {
  if (!response.body) return '';
  // Not by `for await`: an iterator of a stream costs as much as all the rest of the call.
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    bytes += read.value.byteLength;
    if (bytes > MAX_BYTES) {
      // Closes the connection along with the body.
      reader.cancel().catch(() => {});
      throw new ProviderProtocolError(
        'provider_protocol',
        `The provider's answer is larger than ${MAX_BYTES} bytes.`,
      );
    }
    text += decoder.decode(read.value, { stream: true });
  }
  return text + decoder.decode();
}

/** Parses JSON, whatever the content type says; `undefined` for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // JSON.parse throws a SyntaxError and nothing else.
    return undefined;
  }
}

/** An answer that was parsed already, for whoever asks for its JSON: no text is made of it only to be parsed again. */
export function parsedResponse(body: object, status = 200): Response {
  return Object.assign(new Response(null, { status }), { json: async () => body });
}
