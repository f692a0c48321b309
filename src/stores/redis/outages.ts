import { type Cluster, Command, type Redis } from 'ioredis';

const SLOTS = 16_384;

/**
 * Milliseconds for which a store that is usable again counts as just back: as long as the holder of a lock may take to
 * connect anew, and to renew its lease.
 */
const JUST_BACK = 1000;

interface Outage {
  /** When the first command was answered again. */
  backAt?: number;
}

/** What is known of the times when the store could not be used: of each node by itself where there are several. */
export interface Outages {
  /** A command failed, or was not answered in time. */
  failed(key: string | undefined): void;
  answered(key: string | undefined): void;
  /** Whether the node that has this key cannot be used, or could not until a moment ago. */
  isJustBack(key: string): boolean;
  /** Leaves the client alone. */
  end(): void;
}

/** A server that stands alone is treated as a cluster of one slot. */
export function watchOutages(client: Redis | Cluster): Outages {
  const cluster = 'slots' in client ? client : undefined;
  const outages: (Outage | undefined)[] = [];
  let any = false;

  const slotOf = (key: string) =>
    cluster ? new Command('get', [`${cluster.options.keyPrefix ?? ''}${key}`]).getSlot() : 0;
  const masterOf = (slot: number) => cluster?.slots[slot]?.[0];

  const begin = (concerns: (slot: number) => boolean) => {
    const outage: Outage = {};
    for (let slot = 0; slot < (cluster ? SLOTS : 1); slot += 1) {
      const earlier = outages[slot];
      if (concerns(slot) && (earlier === undefined || earlier.backAt !== undefined)) {
        outages[slot] = outage;
        any = true;
      }
    }
  };
  const everythingFailed = () => begin(() => true);
  const nodeFailed = ({ options }: Redis) => {
    const node = `${options.host}:${options.port}`;
    begin((slot) => masterOf(slot) === node);
  };
  const back = () => {
    for (const outage of new Set(outages)) if (outage) outage.backAt ??= performance.now();
  };

  // A connection that closes tells of an outage even while nobody sends a command.
  client.on('close', everythingFailed);
  if (cluster) cluster.on('-node', nodeFailed);
  else client.on('ready', back);

  return {
    failed(key) {
      if (!cluster) return everythingFailed();
      if (key === undefined) return;
      const failing = slotOf(key);
      const outage = outages[failing];
      if (outage && outage.backAt === undefined) return;
      const master = masterOf(failing);
      // What one key meets all keys meet whose slots lie on the same node, wherever these slots go then.
      begin((slot) => slot === failing || masterOf(slot) === master);
    },
    answered(key) {
      if (!any) return;
      const outage = cluster ? key && outages[slotOf(key)] : outages[0];
      if (outage) outage.backAt ??= performance.now();
    },
    isJustBack(key) {
      if (!any) return false;
      const outage = outages[slotOf(key)];
      return outage !== undefined && (outage.backAt ?? Infinity) > performance.now() - JUST_BACK;
    },
    end() {
      client.off('close', everythingFailed);
      client.off('ready', back);
      client.off('-node', nodeFailed);
    },
  };
}
