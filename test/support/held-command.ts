import type { Redis } from 'ioredis';
import { gate } from './gate.js';

/**
 * Holds the next command of a client whose key begins so, before it is sent.
 *
 * @returns what resolves when it is held, and what lets it go.
 */
export function holdNext(client: Redis, name: 'set' | 'getdel', start: string) {
  const held = gate();
  const methods = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const send = methods[name] as (...args: unknown[]) => Promise<unknown>;
  methods[name] = async (...args) => {
    if (String(args[0]).startsWith(start)) {
      methods[name] = send;
      await held.pass();
    }
    return send.apply(client, args);
  };
  return { arrival: held.arrival(), release: held.release };
}
