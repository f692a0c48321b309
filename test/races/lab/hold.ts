import type { App } from './app.js';
import type { CommandKind } from './commands.js';
import { gate, within } from './flow.js';
import type { Call, StrictProvider } from './strict-provider.js';

/** Something that was stopped on its way. */
export interface Hold {
  /** Resolves when it is there. */
  readonly arrived: Promise<void>;
  letGo(): void;
}

/** Stops the next command of this kind, and all that the process sends (or gets) after it. */
export function holdCommand(app: App, moment: 'before' | 'after', kind: CommandKind): Hold {
  const { reached, opened, hold } = halt(`${moment} '${kind}'`);
  app.redis.watch = (passage) => {
    if (reached.isOpen || passage.moment !== moment || passage.kind !== kind) return undefined;
    reached.open();
    return opened;
  };
  return hold;
}

/** Stops the next call of this process at the provider. */
export function holdCall(provider: StrictProvider, app: App, moment: Call['moment']): Hold {
  const { reached, opened, hold } = halt(`the provider, ${moment}`);
  provider.interceptOf.set(String(app.pid), (call) => {
    if (reached.isOpen || call.moment !== moment) return undefined;
    reached.open();
    return opened;
  });
  return hold;
}

function halt(where: string) {
  const reached = gate();
  const released = gate();
  return {
    reached,
    opened: released.opened.then(() => undefined),
    hold: { arrived: within(15_000, where, reached.opened), letGo: released.open },
  };
}
