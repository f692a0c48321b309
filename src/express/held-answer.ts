import type { ServerResponse } from 'node:http';

/** Headers that describe an answer which is not sent after all. */
const OF_THE_ANSWER = /^(?:content-|etag$|last-modified$|location$)/;

/**
 * Makes a held answer look ended, so that middleware which checks does not answer twice. `finished` is not faked: with
 * it Node's own `write` would emit an error.
 */
const ENDED: PropertyDescriptorMap = {
  headersSent: { value: true, configurable: true },
  writableEnded: { value: true, configurable: true },
};

/**
 * Lets the end of an answer wait for a save. Nothing is sent before that: a browser that has the answer finds the
 * session saved, the answer goes out in one piece, and if the save fails, the app's error handler can still answer.
 *
 * @param save says what to wait for; `undefined` where there is nothing.
 * @param fail takes the error of a save, or of an answer that Node refuses to send.
 */
export function holdAnswer(
  res: ServerResponse,
  save: () => Promise<void> | undefined,
  fail: (error: unknown) => void,
): void {
  const end = res.end as (...args: unknown[]) => ServerResponse;
  let state: 'open' | 'held' | 'released' = 'open';

  const hold = async (saving: Promise<void>, args: unknown[]) => {
    const restore = remember(res);
    Object.defineProperties(res, ENDED);
    const release = () => {
      state = 'released';
      for (const name of Object.keys(ENDED)) Reflect.deleteProperty(res, name);
    };
    try {
      await saving;
      release();
      restore();
      end.apply(res, args);
    } catch (error) {
      release();
      const hasBegun = res.headersSent;
      if (!hasBegun) forgetAnswer(res);
      fail(error);
      // An answer that has begun can no longer become an error: a client must not take it for a whole one.
      if (hasBegun) res.destroy();
    }
  };

  res.end = ((...args: unknown[]) => {
    if (state === 'held') return res;
    if (state === 'open') {
      state = 'held';
      const saving = begin(save);
      if (saving) {
        void hold(saving, args);
        return res;
      }
      state = 'released';
    }
    return end.apply(res, args);
  }) as ServerResponse['end'];
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
