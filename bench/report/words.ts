import type { Results } from '../lib/results.js';
import type { ServerPlan } from '../lib/servers.js';

/** What the tables say, in one language. */
export interface Words {
  server(plan: ServerPlan): string;
  /** Where and when; Markdown. */
  circumstances(results: Results): string;
  readonly plot: string;
  readonly hotPath: string;
  readonly hotPathHead: readonly string[];
  readonly login: string;
  readonly loginHead: readonly string[];
  readonly storm: string;
  readonly stormHead: readonly string[];
  readonly size: string;
  readonly sizeHead: readonly string[];
  readonly memory: string;
  readonly memoryHead: readonly string[];
  readonly bounds: string;
  readonly boundsHead: readonly string[];
}

export const english: Words = {
  server: ({ title }) => title,
  circumstances: ({ command, date, machine, options, versions }) =>
    `\`${command}\` on ${date}, on ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, Redis ${machine.redis}: ` +
    `one process per server, ${machine.pinned ? 'on a core of its own, ' : ''}${options.connections} connections, medians of ` +
    `${options.rounds} rounds of ${options.requests} requests in which all take turns, and medians of the ratios within a round. ` +
    `Take them as proportions, not as absolutes. Compared with ${versionList(versions)}.`,
  plot: 'CPU per guarded request',
  hotPath: 'A request of a logged-in user',
  hotPathHead: [
    'server',
    'CPU per request, µs',
    'against `express-session`',
    'against the limit',
    'Redis operations',
    'p50, ms',
    'p99, ms',
  ],
  login: 'A login, the server’s part',
  loginHead: ['server', 'CPU per login, ms', 'against `openid-client`', 'Redis operations'],
  storm: '50 parallel requests with an expired token, at 2 processes',
  stormHead: ['server', 'token requests', 'of them refused', 'answered with 200'],
  size: 'Application data in the session that the route does not use',
  sizeHead: ['data', 'this library, µs', '`express-session`, µs', 'ratio'],
  memory: 'Bytes in Redis per logged-in user',
  memoryHead: ['server', 'tokens', '`MEMORY USAGE`', '`used_memory`', 'keys', 'for ten minutes more'],
  bounds: 'Heap of the process, MiB',
  boundsHead: ['sessions', 'requests', 'before', 'after the logins', 'after the requests'],
};

export const chinese: Words = {
  server: ({ titleZh }) => titleZh,
  circumstances: ({ command, date, machine, options, versions }) =>
    `\`${command}\`，${date}，${machine.cores} 核 ${machine.cpu}，Node ${machine.node}，Redis ${machine.redis}：` +
    `每个服务器一个进程${machine.pinned ? '、独占一核' : ''}，${options.connections} 条连接，` +
    `各服务器轮流测 ${options.rounds} 轮、每轮 ${options.requests} 个请求，取中位数；比值为同一轮内比值的中位数。` +
    `请看比例，不要看绝对值。对比对象：${versionList(versions)}。`,
  plot: '每个受保护请求的 CPU 开销',
  hotPath: '已登录用户的一个请求',
  hotPathHead: [
    '服务器',
    '每请求 CPU，µs',
    '相对 `express-session`',
    '相对极限',
    'Redis 操作数',
    'p50，ms',
    'p99，ms',
  ],
  login: '一次登录中服务器的部分',
  loginHead: ['服务器', '每次登录 CPU，ms', '相对 `openid-client`', 'Redis 操作数'],
  storm: '令牌过期时的 50 个并行请求，2 个进程',
  stormHead: ['服务器', '令牌请求数', '其中被拒绝', '以 200 应答'],
  size: '会话中有该路由用不到的应用数据',
  sizeHead: ['数据', '本库，µs', '`express-session`，µs', '比值'],
  memory: '每个已登录用户在 Redis 中的字节数',
  memoryHead: ['服务器', '令牌', '`MEMORY USAGE`', '`used_memory`', '键数', '另有十分钟内消失的'],
  bounds: '进程的堆，MiB',
  boundsHead: ['会话数', '请求数', '之前', '登录之后', '请求之后'],
};

function versionList(versions: Readonly<Record<string, string>>): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}
