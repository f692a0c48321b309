import type { RequestHandler } from 'express';
import type { Feed, FeedEntry } from './feed.js';

/** Milliseconds between signs of life, so that a connection that has died is noticed. */
const HEARTBEAT = 15_000;

/** Server-Sent Events [WHATWG HTML 9.2]: what came since the entry that the browser saw last, and what comes. */
export function live(feed: Feed): RequestHandler {
  return (req, res) => {
    const seen = Number(req.get('last-event-id') ?? req.query.since ?? 0);
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    const write = (entry: FeedEntry) => res.write(format(entry));
    for (const entry of feed.since(Number.isInteger(seen) ? seen : 0)) write(entry);
    res.flushHeaders();
    const heartbeat = setInterval(() => res.write(': still here\n\n'), HEARTBEAT);
    const unsubscribe = feed.subscribe({ entry: write, end: () => res.end() });
    res.once('close', () => {
      clearInterval(heartbeat);
      unsubscribe();
    });
  };
}

function format({ id, type, html }: FeedEntry): string {
  return `id: ${id}\ndata: ${JSON.stringify({ type, html: String(html) })}\n\n`;
}
