import { IncomingMessage, ServerResponse } from 'node:http';

import type { Answer, Call } from './http.js';

/** A request and a response of Node, for servers that are written for these, over a call that was read already. */
export interface NodeExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Resolves when the response has been ended. */
  readonly answered: Promise<Answer>;
}

/** Makes a call look like a live request. Headers of the response must be set by `setHeader`, as koa and express do. */
export function toNode(call: Call): NodeExchange {
  const request = new IncomingMessage(call.socket);
  request.method = call.method;
  request.url = call.url.pathname + call.url.search;
  request.headers = call.headers;
  request.httpVersion = '1.1';
  request.complete = true;
  request.push(call.body);
  request.push(null);
  const response = new CapturedResponse(request);
  return { request, response, answered: response.answered };
}

/** A response that goes nowhere: it is collected, so that a fault can change it and the log can keep it. */
class CapturedResponse extends ServerResponse {
  readonly #chunks: Buffer[] = [];
  #settle: (answer: Answer) => void = () => {};
  readonly answered = new Promise<Answer>((resolve) => {
    this.#settle = resolve;
  });

  override write(chunk: string | Uint8Array): boolean {
    this.#chunks.push(Buffer.from(chunk as string));
    return true;
  }

  override end(chunk?: unknown): this {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.write(chunk);
    this.finished = true;
    this.#settle({
      status: this.statusCode,
      headers: this.getHeaders(),
      body: Buffer.concat(this.#chunks),
    });
    this.emit('finish');
    return this;
  }
}
