const CR = 0x0d;
const TYPE = { array: 0x2a, bulk: 0x24, error: 0x2d };

/** Cuts a stream of the Redis protocol (RESP 2) into its messages, however the bytes come. */
export class RespSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** The messages that are complete now, as they came. */
  push(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    let begin = 0;
    for (let end = endOf(bytes, 0); end !== undefined; end = endOf(bytes, begin)) {
      messages.push(bytes.subarray(begin, end));
      begin = end;
    }
    this.#rest = bytes.subarray(begin);
    return messages;
  }
}

/** Where the message that begins at `begin` ends; `undefined` if the rest of it has not come yet. */
function endOf(bytes: Buffer, begin: number): number | undefined {
  const line = bytes.indexOf(CR, begin);
  if (line < 0 || line + 1 >= bytes.length) return undefined;
  const next = line + 2;
  const type = bytes[begin];
  if (type !== TYPE.bulk && type !== TYPE.array) return next;
  const count = Number(bytes.toString('latin1', begin + 1, line));
  if (count < 0) return next;
  if (type === TYPE.bulk) return next + count + 2 <= bytes.length ? next + count + 2 : undefined;
  let end: number | undefined = next;
  for (let left = count; left > 0 && end !== undefined; left -= 1) end = endOf(bytes, end);
  return end;
}

/** The words of a command: an array of bulk strings. Binary ones come as latin1. */
export function wordsOf(message: Buffer): string[] {
  const words: string[] = [];
  let at = message.indexOf(CR) + 2;
  while (at < message.length) {
    const line = message.indexOf(CR, at);
    const length = Number(message.toString('latin1', at + 1, line));
    words.push(message.toString('latin1', line + 2, line + 2 + length));
    at = line + 2 + length + 2;
  }
  return words;
}

export function isError(message: Buffer): boolean {
  return message[0] === TYPE.error;
}
