import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.js';
import { HOW_TO_GET_REDIS, hasRedisServer } from './global-setup.js';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the server if it was started here, otherwise gives its database back empty. */
  stop(): Promise<void>;
  keys(): Promise<string[]>;
  /** Every key with every value, of every type, as one latin1 text: to search for what must not be there. */
  dump(): Promise<string>;
  flush(): Promise<void>;
}

export interface RedisServerOptions {
  /** More arguments for `redis-server`. */
  readonly args?: readonly string[];
  /** A configuration file, for what the server wants to write down by itself. */
  readonly config?: string;
  /** The port to listen on, for a server that comes back. */
  readonly port?: number;
  /** A server that the test may freeze and end, even where `REDIS_URL` names one. */
  readonly own?: boolean;
}

/** A Redis for one test file: a server of its own, or an empty database of the one that `REDIS_URL` names. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const shared = process.env.REDIS_URL;
  const needsOwn =
    options.own === true ||
    options.args !== undefined ||
    options.config !== undefined ||
    options.port !== undefined;
  if (shared && !needsOwn) return borrowDatabase(shared);
  if (!hasRedisServer()) throw new Error(HOW_TO_GET_REDIS);
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    try {
      return await startServer(port, options);
    } catch (error) {
      // Between choosing a free port and listening on it somebody else may have taken it.
      if (options.port !== undefined || attempt === 3) throw error;
    }
  }
}

/**
 * Runs `redis-server` ($2 and on) as long as standard input stays open, however the process at its other end goes
 * away, and removes its folder ($1) afterwards.
 */
const WITH_A_LIFELINE = `
folder=$1; shift
exec 3<&0
redis-server "$@" </dev/null >/dev/null 2>&1 &
server=$!
echo $server
{ cat <&3 >/dev/null; kill -9 $server 2>/dev/null; } &
watch=$!
wait $server
kill $watch 2>/dev/null
rm -rf "$folder"
`;

async function startServer(port: number, { args = [], config }: RedisServerOptions): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-test-'));
  const log = join(folder, 'redis.log');
  const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const file = join(folder, 'redis.conf');
  if (config !== undefined) await writeFile(file, config);
  const fromFile = config === undefined ? [] : [file];
  const shell = spawn(
    'sh',
    ['-c', WITH_A_LIFELINE, 'sh', folder, ...fromFile, ...own, '--dir', folder, '--logfile', log, ...args],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const exited = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
  const pid = await firstNumber(shell);
  const url = `redis://127.0.0.1:${port}`;
  const client = observer(url);
  const end = async () => {
    client.disconnect();
    shell.stdin?.end();
    await exited;
  };
  const text = async () => readFile(log, 'utf8').catch(() => '');
  try {
    await answers(client, pid, shell, text);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    url,
    port,
    pid,
    stop: end,
    ...contents(client, () => true),
    flush: async () => void (await client.flushdb()),
  };
}

function firstNumber(shell: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    shell.once('error', reject);
    shell.stdout?.once('data', (line: Buffer) => {
      resolve(Number(line.toString()));
      shell.stdout?.destroy();
    });
  });
}

async function answers(client: Redis, pid: number, shell: ChildProcess, log: () => Promise<string>) {
  let said = '';
  for (const until = Date.now() + 10_000; Date.now() < until && shell.exitCode === null; ) {
    said = (await log()) || said;
    // By its process id: another server may answer on a port that ours could not get.
    const info = await client.info('server').catch(() => '');
    if (info.includes(`process_id:${pid}\r`)) return;
    if (said.includes('bind: ')) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`redis-server did not start:\n${said}`);
}

/** A client to look at the server with; it comes back after an outage. */
function observer(url: string): Redis {
  const client = new Redis(url, {
    retryStrategy: () => 10,
    maxRetriesPerRequest: 20,
    connectTimeout: 2000,
  });
  client.on('error', () => {});
  return client;
}

function contents(client: Redis, isTheirs: (key: string) => boolean): Pick<RedisServer, 'keys' | 'dump'> {
  const keys = async () => (await client.keys('*')).filter(isTheirs).sort();
  return {
    keys,
    async dump() {
      const lines: string[] = [];
      for (const key of await keys()) {
        const values = await valuesOf(client, key);
        lines.push([key, ...values.map((value) => value.toString('latin1'))].join(' '));
      }
      return lines.join('\n');
    },
  };
}

async function valuesOf(client: Redis, key: string): Promise<Buffer[]> {
  switch (await client.type(key)) {
    case 'string': {
      const value = await client.getBuffer(key);
      return value === null ? [] : [value];
    }
    case 'hash':
      return Object.entries(await client.hgetallBuffer(key)).flatMap(([name, value]) => [
        Buffer.from(name),
        value,
      ]);
    case 'list':
      return client.lrangeBuffer(key, 0, -1);
    case 'set':
      return client.smembersBuffer(key);
    case 'zset':
      return client.zrangeBuffer(key, 0, -1, 'WITHSCORES');
    case 'none':
      return [];
    default: {
      // The serialized form of anything else still shows plain text.
      const value = await client.dumpBuffer(key);
      return value === null ? [] : [value];
    }
  }
}

const CLAIM = 'claimed-by-a-test';

/** An empty database of a server that others use too: claimed by one key, which is neither listed nor flushed. */
async function borrowDatabase(url: string): Promise<RedisServer> {
  const client = observer(url);
  const owner = randomUUID();
  const database = await claimDatabase(client, owner);
  const theirs = new URL(url);
  theirs.pathname = `/${database}`;
  const { keys, dump } = contents(client, (key) => key !== CLAIM);
  const flush = async () => {
    const all = await keys();
    if (all.length > 0) await client.del(...all);
  };
  return {
    url: theirs.href,
    port: Number(theirs.port || 6379),
    pid: Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]),
    keys,
    dump,
    flush,
    async stop() {
      await flush();
      if ((await client.get(CLAIM)) === owner) await client.del(CLAIM);
      client.disconnect();
    },
  };
}

async function claimDatabase(client: Redis, owner: string): Promise<number> {
  for (let database = 1; ; database++) {
    try {
      await client.select(database);
    } catch (cause) {
      client.disconnect();
      throw new Error('REDIS_URL: no empty database is left for this test file (maxclients, databases).', {
        cause,
      });
    }
    if ((await client.set(CLAIM, owner, 'EX', 900, 'NX')) === null) continue;
    if ((await client.dbsize()) === 1) return database;
    await client.del(CLAIM);
  }
}
