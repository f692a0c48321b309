/** A CPU profile of V8, as `--cpu-prof` writes it too; as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

/** Time spent in something itself, not in what it calls. */
export interface SelfTime {
  readonly name: string;
  readonly microseconds: number;
}

/** Microseconds, the process being idle left out. */
export interface SelfTimes {
  readonly total: number;
  readonly functions: readonly SelfTime[];
  readonly packages: readonly SelfTime[];
}

/** Self time by function and by npm package, most first. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTimes {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const packages = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id);
    // A delta is the time until this sample, so it belongs to the sample before; over many the difference is none.
    const time = timeDeltas[index] ?? 0;
    if (!frame || frame.functionName === '(idle)') continue;
    const owner = packageOf(frame.url, frame.functionName);
    const place = frame.url === '' ? '' : ` ${fileOf(frame.url)}:${frame.lineNumber + 1}`;
    add(functions, `${frame.functionName || '(anonymous)'}${place}`, time);
    add(packages, owner, time);
    total += time;
  }
  return { total, functions: sorted(functions), packages: sorted(packages) };
}

/** Whose code it is: an npm package, this library, Node, or the engine. */
export function packageOf(url: string, functionName: string): string {
  if (url.startsWith('node:')) return 'node';
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (name !== undefined) return name;
  if (url.includes('/dist/')) return 'express-oauth-login';
  if (url.includes('/bench/servers/')) return 'the app';
  // Without a file: the collector, native code that no function stands for, built-ins of the engine.
  return functionName.startsWith('(') ? functionName : '(engine)';
}

function fileOf(url: string): string {
  return url.replace(/^.*\/node_modules\//, '').replace(/^.*\/(dist|bench)\//, '$1/');
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time);
}

function sorted(times: Map<string, number>): SelfTime[] {
  return [...times]
    .map(([name, microseconds]) => ({ name, microseconds }))
    .sort((a, b) => b.microseconds - a.microseconds);
}
