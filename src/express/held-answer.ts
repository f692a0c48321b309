import type { ServerResponse } from 'node:http';
import { actEnded } from './ended-answer.js';

/** Headers that describe an answer which is not sent after all. */
const OF_THE_ANSWER = /^(?:content-|etag$|last-modified$|location$)/;

export type End = (...args: unknown[]) => ServerResponse;

/**
 * Lets the end of an answer wait for a save. Nothing is sent before that: a browser that has the answer finds the
 * session saved, the answer goes out in one piece, and if the save fails, the app's error handler can still answer.
 */
export class HeldAnswer {
  readonly #res: ServerResponse;
  readonly #save: () => Promise<void> | undefined;
  readonly #fail: (error: unknown) => void;
  #isHeld = false;

  /**
   * @param save says what to wait for; `undefined` where there is nothing.
   * @param fail takes the error of a save, or of an answer that Node refuses to send.
   */
  constructor(res: ServerResponse, save: () => Promise<void> | undefined, fail: (error: unknown) => void) {
    this.#res = res;
    this.#save = save;
    this.#fail = fail;
  }

  /** Ends the answer by `end` when all is saved. */
  end(end: End, args: unknown[]): ServerResponse {
    const res = this.#res;
    if (this.#isHeld) return res;
    const saving = res.writableEnded ? undefined : begin(this.#save);
    if (!saving) return end.apply(res, args);
    this.#isHeld = true;
    void this.#hold(saving, end, args);
    return res;
  }

  async #hold(saving: Promise<void>, end: End, args: unknown[]): Promise<void> {
    const restore = remember(this.#res);
    const reopen = actEnded(this.#res);
    const failure = await saving.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    this.#isHeld = false;
    reopen();
    try {
      if (failure) throw failure.error;
      restore();
      end.apply(this.#res, args);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): void {
    // An answer that has begun can no longer become an error: a client must not take it for a whole one, even where an
    // error handler ends it.
    if (this.#res.headersSent) this.#res.destroy();
    else forgetAnswer(this.#res);
    this.#fail(error);
  }
}

function begin(save: () => Promise<void> | undefined): Promise<void> | undefined {
  try {
    return save();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** What an app does after the end of its answer must not change it, as it could not if the answer had been sent. */
function remember(res: ServerResponse): () => void {
  if (res.headersSent) return () => {};
  const { statusCode, statusMessage } = res;
  const headers = { ...res.getHeaders() };
  return () => {
    if (res.headersSent) return;
    Object.assign(res, { statusCode, statusMessage });
    for (const name of res.getHeaderNames()) if (!(name in headers)) res.removeHeader(name);
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined && res.getHeader(name) !== value) res.setHeader(name, value);
    }
  };
}

function forgetAnswer(res: ServerResponse): void {
  res.statusCode = 200;
  res.statusMessage = '';
  for (const name of res.getHeaderNames()) if (OF_THE_ANSWER.test(name)) res.removeHeader(name);
}
