import { type Answer, type Call, formFields, mediaType } from './http.js';
import type { LabRequest } from './types.js';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const bound = 10_000;

/** What a provider got, oldest first. */
export class RequestLog {
  readonly #provider: string;
  readonly #listeners = new Set<(request: LabRequest) => void>();
  readonly #waiting = new Map<string, ((request: LabRequest) => void)[]>();
  #entries: LabRequest[] = [];
  #count = 0;

  constructor(provider: string) {
    this.#provider = provider;
  }

  get entries(): readonly LabRequest[] {
    return [...this.#entries];
  }

  clear(): void {
    this.#entries = [];
  }

  /** Resolves with the next request to the endpoint, as soon as it is there. */
  next(endpoint: string): Promise<LabRequest> {
    return new Promise((resolve) => {
      this.#waiting.set(endpoint, [...(this.#waiting.get(endpoint) ?? []), resolve]);
    });
  }

  listen(listener: (request: LabRequest) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Enters a request that has no answer yet. Returns the way to complete it. */
  enter(endpoint: LabRequest['endpoint'], call: Call): (answer: Answer, cut: boolean) => void {
    this.#count += 1;
    const entry: Mutable<LabRequest> = describe(call, this.#provider, this.#count, endpoint);
    this.#entries.push(entry);
    if (this.#entries.length > bound) this.#entries.shift();
    for (const resolve of this.#waiting.get(endpoint) ?? []) resolve(entry);
    this.#waiting.delete(endpoint);

    return (answer, cut) => {
      entry.status = cut ? 0 : answer.status;
      if (mediaType(answer.headers) === 'application/json') entry.answer = parseJson(String(answer.body));
      for (const listener of this.#listeners) this.#tell(listener, entry);
    };
  }

  #tell(listener: (request: LabRequest) => void, entry: LabRequest): void {
    try {
      listener(entry);
    } catch (error) {
      process.emitWarning(`A listener of the provider lab failed: ${String(error)}`);
    }
  }
}

function describe(call: Call, provider: string, id: number, endpoint: LabRequest['endpoint']): LabRequest {
  const form = call.body.length > 0 ? Object.fromEntries(formFields(call)) : {};
  const json = mediaType(call.headers) === 'application/json' ? parseJson(call.body.toString()) : undefined;
  const grant = form.grant_type ?? grantOf(json) ?? call.url.searchParams.get('grant_type') ?? undefined;
  return {
    id,
    at: Date.now(),
    provider,
    endpoint,
    method: call.method,
    path: call.url.pathname,
    query: Object.fromEntries(call.url.searchParams),
    headers: flat(call.headers),
    ...(Object.keys(form).length > 0 && { form }),
    ...(json !== undefined && { json }),
    ...(grant !== undefined && { grant }),
    status: 0,
  };
}

function flat(headers: Call['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]));
}

function grantOf(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { grant_type: snake, grantType: camel } = json as Record<string, unknown>;
  const grant = snake ?? camel;
  return typeof grant === 'string' ? grant : undefined;
}

/** The value, or the text itself where it is no JSON: the log shows what came, however broken. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
