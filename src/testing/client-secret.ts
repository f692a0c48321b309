import { timingSafeEqual } from 'node:crypto';

/** Whether a client's secret is what was sent for it. */
export function isSame(secret: string, sent: string): boolean {
  const [a, b] = [Buffer.from(secret), Buffer.from(sent)];
  return a.length === b.length && timingSafeEqual(a, b);
}
