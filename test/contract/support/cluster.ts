import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { eventually } from './eventually.js';

export interface RedisCluster {
  readonly nodes: readonly RedisServer[];
  readonly addresses: { host: string; port: number }[];
}

const SLOTS = 16_384;

/** Two masters that share the slots: keys that must be together and are not would fall apart. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes = [await startNode(), await startNode()];
  const clients = nodes.map((node) => new Redis(node.url));
  try {
    for (const [index, client] of clients.entries()) {
      const first = (index * SLOTS) / nodes.length;
      const slots = Array.from({ length: SLOTS / nodes.length }, (_, slot) => first + slot);
      await client.cluster('ADDSLOTS', ...slots);
    }
    const [one, other] = clients as [Redis, Redis];
    await one.cluster('MEET', '127.0.0.1', (nodes[1] as RedisServer).port);
    await eventually(async () => {
      for (const client of [one, other]) {
        const slots = (await client.cluster('SLOTS')) as unknown[];
        const info = await client.cluster('INFO');
        if (slots.length !== 2 || !String(info).includes('cluster_state:ok')) throw new Error(String(info));
      }
    });
  } finally {
    for (const client of clients) client.disconnect();
  }
  return { nodes, addresses: nodes.map(({ port }) => ({ host: '127.0.0.1', port })) };
}

/** The nodes talk to each other on a second port, 10000 above the first. */
async function startNode(): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await lowFreePort();
    try {
      return await startRedis({ port, args: ['--cluster-enabled', 'yes'] });
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

async function lowFreePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
