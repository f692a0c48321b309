import type { ServerResponse } from 'node:http';

/**
 * Lets an answer that waits be what any is after its `end`: who goes by it does not answer again, and nobody changes
 * it. What would destroy it or its connection is done when it has gone out: Express does so after an error that comes
 * too late for an answer of its own, and an answer that had been sent at once would have reached the client.
 *
 * @returns the way back.
 */
export function actEnded(res: ServerResponse): () => void {
  const { socket } = res;
  let isUnwanted = false;
  const putOff = (target: { destroy(error?: Error): unknown }) => {
    const { destroy } = target;
    return shadow(target, 'destroy', (error?: Error) => {
      // The connection itself has failed, or somebody means it: there is nothing left to wait for.
      if (error || isUnwanted) destroy.call(target, error);
      else isUnwanted = true;
      return target;
    });
  };
  const undo = [
    shadow(res, 'headersSent', true),
    // Not `finished`, Node's own mark, by which it would not send the answer.
    shadow(res, 'writableEnded', true),
    shadow(res, 'writeHead', () => {
      throw nodeError('ERR_HTTP_HEADERS_SENT', 'Cannot write headers after they are sent to the client');
    }),
    shadow(res, 'flushHeaders', () => {}),
    shadow(res, 'write', (...args: unknown[]) => refuseWrite(res, args)),
    putOff(res),
    ...(socket ? [putOff(socket)] : []),
  ];
  return () => {
    for (const one of undo) one();
    if (isUnwanted) res.once('finish', () => socket?.destroy());
  };
}

function shadow(target: object, name: string, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { configurable: true, writable: true, value });
  return () => {
    if (own) Object.defineProperty(target, name, own);
    else Reflect.deleteProperty(target, name);
  };
}

/** As Node's own `write` after an `end`. */
function refuseWrite(res: ServerResponse, args: unknown[]): false {
  const error = nodeError('ERR_STREAM_WRITE_AFTER_END', 'write after end');
  const callback = args.find((one) => typeof one === 'function');
  process.nextTick(() => {
    callback?.(error);
    res.emit('error', error);
  });
  return false;
}

function nodeError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
