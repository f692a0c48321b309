import type { App } from './app.js';
import type { CommandKind } from './commands.js';
import { gate } from './flow.js';
import type { Call, StrictProvider } from './strict-provider.js';

/** A point in the course of a refresh at which the process that does it is killed. */
export interface KillStep {
  readonly name: string;
  readonly at:
    | { readonly command: CommandKind; readonly moment: 'before' | 'after'; readonly time?: number }
    | { readonly provider: Call['moment'] };
  /**
   * Whether the provider has used the refresh token up while nobody has stored what came instead. A provider without
   * a grace ends the login then, and nothing that a client does can prevent it.
   */
  readonly window?: true;
}

/** The course of a refresh, from its beginning to its end. Commands count from the lock on. */
export const steps: readonly KillStep[] = [
  { name: 'before the lock', at: { command: 'acquire lock', moment: 'before' } },
  { name: 'after the lock', at: { command: 'acquire lock', moment: 'after' } },
  { name: 'after the re-read', at: { command: 'read record', moment: 'after' } },
  { name: 'request at the provider, not processed', at: { provider: 'arrived' } },
  { name: 'request processed, no answer yet', at: { provider: 'processed' }, window: true },
  {
    name: 'answer there, not stored',
    at: { command: 'replace record', moment: 'before', time: 1 },
    window: true,
  },
  { name: 'answer stored, not judged', at: { command: 'replace record', moment: 'after', time: 1 } },
  { name: 'while the id_token is judged', at: { provider: 'keys' } },
  { name: 'judged, not yet accepted', at: { command: 'replace record', moment: 'before', time: 2 } },
  { name: 'accepted, lock held', at: { command: 'replace record', moment: 'after', time: 2 } },
  { name: 'before the release', at: { command: 'release lock', moment: 'before' } },
  { name: 'after the release', at: { command: 'release lock', moment: 'after' } },
];

/** Kills the process when it comes to this step. Resolves then. */
export function killAt(step: KillStep, app: App, provider: StrictProvider): Promise<void> {
  const killed = gate();
  const kill = (): 'cut' => {
    app.kill();
    killed.open();
    return 'cut';
  };
  const { at } = step;
  if ('provider' in at) {
    provider.interceptOf.set(String(app.pid), ({ moment }) => (moment === at.provider ? kill() : undefined));
    return killed.opened;
  }
  let locked = at.command === 'acquire lock';
  let seen = 0;
  app.redis.watch = ({ moment, kind }) => {
    if (locked && moment === at.moment && kind === at.command) {
      seen += 1;
      if (seen === (at.time ?? 1)) return kill();
    }
    if (kind === 'acquire lock' && moment === 'after') locked = true;
    return undefined;
  };
  return killed.opened;
}
