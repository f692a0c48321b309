import type { Html } from './html.js';

/** Something that happened, ready to be shown. */
export interface FeedEntry {
  /** Counts up. */
  readonly id: number;
  readonly kind: 'event' | 'request';
  /** Of an event: its type. */
  readonly type?: string;
  readonly html: Html;
}

/** The latest of what happened, for everybody who looks. */
export interface Feed {
  add(entry: Omit<FeedEntry, 'id'>): void;
  /** What came after the entry of this id, oldest first. An id from before a restart is ahead of all: then everything. */
  since(id: number): readonly FeedEntry[];
  /** Tells of new entries, and of the end. Returns the way to stop it. */
  subscribe(listener: FeedListener): () => void;
  /** Ends all subscriptions. */
  close(): void;
}

export interface FeedListener {
  entry(entry: FeedEntry): void;
  end(): void;
}

/** @param limit how many entries are remembered. */
export function createFeed(limit: number): Feed {
  const listeners = new Set<FeedListener>();
  let entries: FeedEntry[] = [];
  let last = 0;
  return {
    add(given) {
      last += 1;
      const entry = { ...given, id: last };
      entries = [...entries, entry].slice(-limit);
      for (const listener of listeners) listener.entry(entry);
    },
    since: (id) => (id > last ? entries : entries.filter((entry) => entry.id > id)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      for (const listener of listeners) listener.end();
      listeners.clear();
    },
  };
}
