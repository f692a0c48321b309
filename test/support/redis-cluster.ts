import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { portToKeep } from './free-port.js';
import { type RedisServer, startRedis } from './redis-server.js';

export interface RedisCluster {
  readonly masters: readonly RedisServer[];
  /** One for each master, if there are any. */
  readonly replicas: readonly RedisServer[];
  readonly nodes: readonly RedisServer[];
  readonly addresses: { host: string; port: number }[];
  /** Moves a slot with its keys to another master, as `redis-cli --cluster reshard` does, step by step. */
  moveSlot(slot: number): Promise<void>;
  /** Stops half-way: the keys have moved, and the slot moves with `finish`. Clients are told to ask until then. */
  beginMove(slot: number): Promise<{ finish(): Promise<void> }>;
  slotOf(key: string): Promise<number>;
  /** Resolves to the time at which the replica of a master takes writes in its place, as `performance.now()`. */
  promoted(master: number): Promise<number>;
  /** The slots in which there are keys. */
  slotsWithKeys(): Promise<number[]>;
  /** How often the masters have answered with each error, by its code. */
  errors(): Promise<Record<string, number>>;
  /** Ends every node. */
  stop(): Promise<void>;
}

export interface RedisClusterOptions {
  /** Whether every master has a replica. Default `false`. */
  readonly replicas?: boolean;
  /** More arguments for `redis-server`. */
  readonly args?: readonly string[];
}

const SLOTS = 16_384;
const MASTERS = 3;
/** Milliseconds without an answer after which a node counts as failed. */
const NODE_TIMEOUT = 1000;
const LOOKS = 3;

/** Three masters that share the slots: keys that must be together and are not would fall apart. */
export async function startCluster({
  replicas = false,
  args = [],
}: RedisClusterOptions = {}): Promise<RedisCluster> {
  const count = replicas ? 2 * MASTERS : MASTERS;
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(args)));
  const admins = nodes.map((node) => new Redis(node.url, { retryStrategy: () => 50 }));
  for (const admin of admins) admin.on('error', () => {});
  const stop = async () => {
    for (const admin of admins) admin.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    await join(admins, nodes);
  } catch (error) {
    await stop();
    throw error;
  }
  const masters = admins.slice(0, MASTERS);
  let target: number | undefined;
  const moved = new Map<number, string>();
  /** To where the last one went, if that is elsewhere: only the first slot that goes to another node needs an epoch. */
  const begin = async (slot: number) => {
    await agree(masters, moved);
    const owner = await ownerOf(masters, slot);
    if (target === undefined || target === owner) target = (owner + 1) % MASTERS;
    const [from, to] = [masters[owner], masters[target]] as [Redis, Redis];
    await moveKeys(slot, from, to);
    const id = (await to.cluster('MYID')) as string;
    return {
      async finish() {
        // First the one who has the keys: no other must send clients to one that sends them back.
        for (const master of [to, from, ...masters]) await master.cluster('SETSLOT', slot, 'NODE', id);
        moved.set(slot, id);
        await agree(masters, moved);
      },
    };
  };
  return {
    masters: nodes.slice(0, MASTERS),
    replicas: nodes.slice(MASTERS),
    nodes,
    addresses: nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    moveSlot: async (slot) => (await begin(slot)).finish(),
    beginMove: begin,
    slotOf: async (key) => (await (masters[0] as Redis).cluster('KEYSLOT', key)) as number,
    promoted: (index) => takesWrites(admins[MASTERS + index] as Redis, index),
    async slotsWithKeys() {
      const slots = new Set<number>();
      for (const master of masters) {
        for (const key of await master.keys('*')) slots.add((await master.cluster('KEYSLOT', key)) as number);
      }
      return [...slots];
    },
    async errors() {
      const sums: Record<string, number> = {};
      for (const master of masters) {
        const stats = (await master.info('errorstats')).matchAll(/errorstat_(\w+):count=(\d+)/g);
        for (const [, code = '', count] of stats) sums[code] = (sums[code] ?? 0) + Number(count);
      }
      return sums;
    },
    stop,
  };
}

async function join(admins: readonly Redis[], nodes: readonly RedisServer[]): Promise<void> {
  const masters = admins.slice(0, MASTERS);
  for (const [index, master] of masters.entries()) {
    await master.cluster('SET-CONFIG-EPOCH', index + 1);
    const [from, to] = [firstSlot(index), firstSlot(index + 1)];
    await master.cluster('ADDSLOTS', ...Array.from({ length: to - from }, (_, slot) => from + slot));
  }
  for (const { port } of nodes.slice(1)) await (admins[0] as Redis).cluster('MEET', '127.0.0.1', port);
  await eventually(async () => {
    for (const admin of admins) await expectCluster(admin, nodes.length, MASTERS);
  });
  for (const [index, replica] of admins.slice(MASTERS).entries()) {
    await replica.cluster('REPLICATE', (await (masters[index] as Redis).cluster('MYID')) as string);
  }
  const expected = nodes.length / MASTERS;
  await eventually(async () => {
    for (const admin of admins) {
      await expectCluster(admin, nodes.length, MASTERS);
      const slots = (await admin.cluster('SLOTS')) as unknown[][];
      if (slots.some((range) => range.length !== 2 + expected)) throw new Error(JSON.stringify(slots));
    }
  });
}

async function expectCluster(admin: Redis, nodes: number, masters: number): Promise<void> {
  const info = (await admin.cluster('INFO')) as string;
  for (const line of ['cluster_state:ok', `cluster_known_nodes:${nodes}`, `cluster_size:${masters}`]) {
    if (!info.includes(`${line}\r`)) throw new Error(info);
  }
}

function firstSlot(index: number): number {
  return Math.ceil((index * SLOTS) / MASTERS);
}

async function takesWrites(replica: Redis, index: number): Promise<number> {
  for (const until = Date.now() + 60_000; Date.now() < until; ) {
    // One of a hundred names will do.
    for (let n = 0; n < 100; n++) {
      const slot = (await replica.cluster('KEYSLOT', `probe ${n}`)) as number;
      if (slot < firstSlot(index) || slot >= firstSlot(index + 1)) continue;
      if ((await replica.set(`probe ${n}`, '1', 'PX', 1).catch(() => undefined)) === 'OK')
        return performance.now();
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the replica did not become the master');
}

async function moveKeys(slot: number, source: Redis, target: Redis): Promise<void> {
  const [from, to] = (await idsOf([source, target])) as [string, string];
  await target.cluster('SETSLOT', slot, 'IMPORTING', from);
  await source.cluster('SETSLOT', slot, 'MIGRATING', to);
  for (;;) {
    // One at a time: so long as some are here and some are there, clients are told to ask.
    const keys = (await source.cluster('GETKEYSINSLOT', slot, 1)) as string[];
    if (keys.length === 0) return;
    await source.call('MIGRATE', '127.0.0.1', `${target.options.port}`, '', '0', '5000', 'KEYS', ...keys);
  }
}

/**
 * Resolves when each node knows of every move, and with which epoch the owners have their slots. One that does not would
 * give its own move the same epoch. And one that believes a late message of a former owner may send clients to a node that
 * sends them back, for good (Redis 7.0): it is told again, as `redis-cli --cluster fix` does.
 */
async function agree(masters: readonly Redis[], moved: ReadonlyMap<number, string>): Promise<void> {
  await eventually(async () => {
    // More than once: a message may be under way.
    for (let look = 1; look <= LOOKS; look++) {
      const nodes = await Promise.all(masters.map((master) => master.cluster('NODES') as Promise<string>));
      const views = nodes.map(viewOf);
      if (new Set(views).size === 1) continue;
      for (const master of masters) {
        for (const [slot, to] of moved) await master.cluster('SETSLOT', slot, 'NODE', to);
      }
      throw new Error(`The nodes do not agree:\n${views.join('\n')}`);
    }
  });
}

/** Which node has which slots, and with which epoch, as one node sees it. */
function viewOf(nodes: string): string {
  const lines = nodes
    .trim()
    .split('\n')
    .map((line) => {
      const [id, , , , , , epoch, , ...slots] = line.split(' ');
      return [id, epoch, ...slots].join(' ');
    });
  return lines.sort().join('; ');
}

async function ownerOf(masters: readonly Redis[], slot: number): Promise<number> {
  const ranges = await (masters[0] as Redis).cluster('SLOTS');
  const range = ranges.find(([from, to]) => from <= slot && slot <= to);
  return (await idsOf(masters)).indexOf(range?.[2]?.[2] as string);
}

function idsOf(masters: readonly Redis[]): Promise<string[]> {
  return Promise.all(masters.map((master) => master.cluster('MYID') as Promise<string>));
}

/** The nodes talk to each other on a second port, 10000 above the first. */
async function startNode(args: readonly string[]): Promise<RedisServer> {
  const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', `${NODE_TIMEOUT}`];
  // A replica counts once it has received something, a ping if need be.
  const replication = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];
  for (let attempt = 1; ; attempt++) {
    const port = await portToKeep();
    try {
      return await startRedis({ port, args: [...cluster, ...replication, ...args] });
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}
