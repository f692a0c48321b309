import { figures, type Result } from '../../topologies/support/figures.js';
import { failovers, outages } from '../../topologies/support/scenarios.js';

/** Redis is refused, frozen, restarted and failed over while an app is used. */
export async function run({ full }: { full: boolean }): Promise<Result[]> {
  return figures([...outages, ...failovers], full ? 3 : 1);
}
